/** An open question with its evidence and the ways to answer; the same card in the queue, the run and the inspector. */

import { post, Problem } from "./api.js";
import { ask } from "./dialog.js";
import { h } from "./dom.js";
import { to } from "./router.js";
import { toast } from "./toast.js";
import { ago, DEPENDENTS } from "./words.js";

/** @typedef {import("./types.js").Decision} Decision */
/** @typedef {import("./types.js").Choice} Choice */
/** @typedef {{[field: string]: unknown}} Body */

/** What a card shows of a question; while it is the same, so is the card. @param {Decision} decision */
export function version(decision) {
  return `${decision.id}:${decision.generation}:${decision.proposal}`;
}

/**
 * @param {import("./main.js").Context} context
 * @param {Decision} decision
 * @param {{isLinked?: boolean}} [look] `isLinked`: with a way to the run it belongs to
 * @returns {HTMLElement}
 */
export function decisionCard(context, decision, { isLinked = false } = {}) {
  const id = `decision-${decision.id}`;
  const about = [decision.run, decision.task].filter(Boolean).join(" / ");
  const place = isLinked ? h("a", { href: to("run", decision.run, "graph", decision.task ?? ""), text: about }) : h("span", { text: about });
  const acts = h("div", { class: "decision-acts" });
  const card = h("article", { class: "decision", "aria-labelledby": id, "data-decision": decision.id },
    h("header", { class: "decision-head" }, h("span", { class: "id", text: decision.id }), place,
      h("span", { class: "quiet", text: `asked ${ago(decision.asked_at)}` })),
    decision.title && !decision.question.includes(decision.title) ? h("p", { class: "decision-about", text: decision.title }) : null,
    h("h3", { id, text: decision.question }),
    decision.proposal ? h("p", { class: "decision-about", text: decision.proposal }) : null,
    decision.evidence.some((line) => line.trim())
      ? h("pre", { class: "evidence", tabindex: "0", "aria-label": "Evidence", text: decision.evidence.join("\n") }) : null,
    acts);
  decision.options.forEach((option, at) => acts.append(h("div", { class: "option" },
    h("button", {
      type: "button", class: `button ${isGrave(option.choice) ? "grave-quiet" : at === 0 ? "primary" : ""}`.trim(),
      "data-choice": option.choice, text: option.label, on: { click: () => void answer(context, decision, option, card) },
    }), h("small", { text: option.meaning }))));
  return card;
}

/**
 * @param {import("./main.js").Context} context
 * @param {Decision} decision
 * @param {import("./types.js").Option} option
 * @param {HTMLElement} card
 */
async function answer({ watch }, decision, { choice, label, meaning }, card) {
  // A page that was left open may be older than the engine, which then offers what is in no table here.
  const more = choice in FORMS ? await FORMS[choice](decision) : await ask({ title: label, text: meaning, act: label });
  if (!more) return;
  for (const button of card.querySelectorAll("button")) button.disabled = true;
  try {
    const body = { decision: decision.id, generation: decision.generation, action: choice, ...more };
    const done = await post(`/runs/${decision.run}/resolve`, body);
    toast(done.decision?.sentence || done.decision?.proposal || `${decision.id} is answered: ${choice.replaceAll("_", " ")}`, "good");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    toast(error.message, "bad");
    for (const button of card.querySelectorAll("button")) button.disabled = false;
  }
  watch.refreshSoon();
}

/** @param {string} choice */
function isGrave(choice) {
  return choice === "abandon" || choice === "stop";
}

/** What each answer asks besides the click; null backs out. @type {{[choice in Choice]: (decision: Decision) => Promise<Body|null>}} */
const FORMS = {
  retry: () => Promise.resolve({}),
  land_now: () => Promise.resolve({}),
  review_again: () => Promise.resolve({}),
  approve: () => Promise.resolve({}),
  keep: () => Promise.resolve({}),
  retry_with_changes: async ({ task }) => {
    const values = await ask({
      title: `Retry ${task ?? ""} with changes`, act: "Retry with these words",
      fields: [
        { name: "words", label: "What should be done differently?", kind: "text", needed: true, hint: "Goes into the brief of the next attempts, with all that failed before." },
      ],
    });
    return values && { modified_description: values.words };
  },
  abandon: async ({ task }) => {
    const values = await ask({
      title: `Abandon ${task ?? "it"}?`, text: "This can't be undone.", act: "Abandon", isGrave: true,
      fields: [{ name: "dependents", label: "The tasks that wait for it", kind: "choice", options: DEPENDENTS, value: "cascade", needed: true }],
    });
    return values && { dependents: values.dependents };
  },
  spawn: async ({ task }) => {
    const values = await ask({
      title: `A new task in place of ${task ?? "it"}`, act: "Spawn the task",
      text: "The old task is abandoned; what waited for it waits for the new one.",
      fields: [
        { name: "title", label: "Title", needed: true },
        { name: "words", label: "Description", kind: "text", needed: true },
        { name: "criteria", label: "Criteria, one a line (optional)", kind: "text", hint: "A check follows after ::, like this: rounds half up :: pytest -q tests/test_round.py" },
      ],
    });
    return values && { modified_description: `${values.title}\n${values.words}`, ...criteriaOf(values.criteria) };
  },
  raise_budget: async () => {
    const values = await ask({
      title: "Raise the budget", act: "Raise and go on",
      fields: [
        { name: "usd", label: "New cap, US dollars", kind: "number", min: 0, hint: "The whole cap, not the difference." },
        { name: "tokens", label: "or new cap, tokens", kind: "number", min: 0 },
      ],
    });
    return values && { ...(values.usd ? { budget_usd: Number(values.usd) } : {}), ...(values.tokens ? { budget_tokens: Number(values.tokens) } : {}) };
  },
  finish_cheaply: async () => (await ask({ title: "Finish cheaply?", text: "What is begun is finished with a cheaper model and a quarter more money; what is not begun is abandoned.", act: "Finish cheaply" })) && {},
  replan: async () => {
    const values = await ask({
      title: "Replan", act: "Replan",
      fields: [{ name: "words", label: "What should the planner know? (optional)", kind: "text" }],
    });
    return values && (values.words ? { modified_description: values.words } : {});
  },
  stop: async () => (await ask({ title: "Stop the run?", text: "What landed stays; everything else is abandoned.", act: "Stop the run", isGrave: true })) && {},
};

/**
 * What `words :: check` lines say; without any, the old task's criteria hold.
 * @param {string} text
 * @returns {Body}
 */
function criteriaOf(text) {
  const criteria = text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [words, ...check] = line.split("::");
    return { text: words.trim(), check: check.join("::").trim() };
  });
  return criteria.length ? { modified_criteria: criteria } : {};
}
