/** What a task is for, what it waits for, and how its attempts went. */

import { h, put } from "../dom.js";
import { button, facts } from "../parts.js";
import { to } from "../router.js";
import { clock, count, duration, money } from "../words.js";
import { connect, disconnect } from "./link_mode.js";

/** @typedef {import("../types.js").TaskDetail} TaskDetail */

/**
 * @param {import("../views/run.js").RunContext} context
 * @param {TaskDetail} detail
 * @returns {import("./inspector.js").Part}
 */
export function overview({ board }, detail) {
  const element = h("div", { class: "stack" });
  /** @param {TaskDetail} now */
  function update(now) {
    put(element,
      now.description ? part("Description", h("p", { class: "prose", text: now.description })) : null,
      now.guidance.length ? part("Guidance from people", h("ul", { class: "plain" }, now.guidance.map((text) => h("li", { class: "prose", text })))) : null,
      now.criteria.length ? part("Acceptance criteria", criteria(now)) : null,
      part("Order", order(board, now)),
      now.attempts.length ? part("Attempts", h("ol", { class: "attempts" }, [...now.attempts].reverse().map(attemptItem))) : null,
      now.result ? part("Result", h("pre", { class: "evidence", tabindex: "0", text: now.result })) : null,
      now.reason ? part("Why it ended", h("p", { class: "prose", text: now.reason })) : null);
  }
  update(detail);
  return { element, update };
}

/**
 * @param {string} title
 * @param {...Node} children
 */
function part(title, ...children) {
  return h("section", { class: "part" }, h("h3", { text: title }), children);
}

/** @param {TaskDetail} detail */
function criteria(detail) {
  const verdict = [...detail.attempts].reverse().find((one) => one.verdict)?.verdict;
  return h("ol", { class: "criteria" }, detail.criteria.map((criterion, at) => {
    const word = verdict?.criteria.find((entry) => entry.number === at + 1);
    const mark = !word ? "open" : word.passed ? "met" : "unmet";
    return h("li", { "data-mark": mark },
      h("span", { class: "mark", text: mark === "open" ? "not judged yet" : mark === "met" ? "✓ met" : "✗ not met" }),
      h("span", { text: criterion.text }),
      criterion.check ? h("code", { text: criterion.check }) : null,
      word?.evidence ? h("small", { class: "quiet", text: word.evidence }) : null);
  }));
}

/**
 * @param {import("../store.js").RunBoard} board
 * @param {TaskDetail} detail
 */
function order(board, detail) {
  const { id, depends_on } = detail.line;
  const isOpen = !["complete", "abandoned"].includes(detail.line.state);
  const chip = (/** @type {string} */ name, /** @type {boolean} */ canCut) => h("span", { class: "chip" },
    h("a", { href: to("run", board.id, "graph", name), title: board.tasks.get(name)?.title, text: name }),
    canCut && isOpen ? h("button", { type: "button", class: "icon", "aria-label": `${id} no longer waits for ${name}`, text: "×", on: { click: () => void disconnect(board.id, name, id) } }) : null);
  const after = board.dependents(id).map((task) => chip(task.id, false));
  return facts([
    ["Waits for", h("span", { class: "chips" }, depends_on.length ? depends_on.map((name) => chip(name, true)) : "nothing", isOpen ? adder(board, id) : null)],
    ["Waited for by", after.length ? h("span", { class: "chips" }, after) : "nothing"],
    ["Planned by", detail.line.parent ? chip(detail.line.parent, false) : ""],
    ["Priority", String(detail.priority)],
  ]);
}

/**
 * A way to connect without the graph.
 * @param {import("../store.js").RunBoard} board
 * @param {string} id
 */
function adder(board, id) {
  const field = h("input", { class: "tiny", "aria-label": `${id} also waits for`, placeholder: "T…", size: 5 });
  const add = () => {
    const name = field.value.trim().toUpperCase();
    if (name) void connect(board.id, name, id);
  };
  field.addEventListener("keydown", (event) => event.key === "Enter" && add());
  return h("span", { class: "adder" }, field, button("Connect", add, "small"));
}

/** @param {import("../types.js").Attempt} attempt */
function attemptItem(attempt) {
  const isOver = attempt.ended_at !== "";
  const outcome = attempt.failure ? attempt.failure.replaceAll("_", " ") : isOver || attempt.commit ? "passed" : "under way";
  const time = attempt.started_at ? `${clock(attempt.started_at)}, ${duration(attempt.started_at, attempt.ended_at)}` : "";
  const figures = [time, count(attempt.turns, "turn"), attempt.spend.tokens ? money(attempt.spend) : ""].filter(Boolean).join(" · ");
  return h("li", { class: "attempt", "data-outcome": attempt.failure ? "bad" : outcome === "passed" ? "good" : "open" },
    h("p", { class: "attempt-head" }, h("strong", { text: `Attempt ${attempt.number}` }), h("span", { class: "outcome", text: outcome }), h("small", { class: "quiet", text: figures })),
    attempt.summary ? h("p", { class: "prose", text: attempt.summary }) : null,
    attempt.detail ? h("pre", { class: "evidence", tabindex: "0", text: attempt.detail }) : null,
    attempt.verdict?.feedback ? h("blockquote", { class: "prose", text: attempt.verdict.feedback }) : null);
}
