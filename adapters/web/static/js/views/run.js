/** One run: its head, its open questions, the tabs, and the inspector beside them. */

import { decisionCard, version } from "../decision.js";
import { h, put } from "../dom.js";
import { button, empty } from "../parts.js";
import { go, replace, to } from "../router.js";
import { runHead } from "../run/head.js";
import { costTab } from "../run/cost.js";
import { directorTab } from "../run/director.js";
import { graphTab } from "../run/graph.js";
import { inspector } from "../run/inspector.js";
import { listTab } from "../run/list.js";
import { designTab, insightsTab } from "../run/notes.js";
import { threadTab } from "../run/thread.js";

/** @typedef {{element: HTMLElement, update?: (change: import("../store.js").RunChange) => void, frame?: (frame: import("../socket.js").Frame) => void, select?: (task: string) => void, escape?: () => boolean, close?: () => void}} Tab */
/** @typedef {import("../main.js").Context & {board: import("../store.js").RunBoard}} RunContext */

/** @type {{[name: string]: [label: string, make: (context: RunContext, select: (task: string) => void) => Tab]}} */
const TABS = {
  graph: ["Graph", graphTab], list: ["Tasks", listTab], thread: ["Thread", threadTab], design: ["Design log", designTab],
  insights: ["Insights", insightsTab], director: ["Director", directorTab], cost: ["Cost", costTab],
};
/** How often the time that has passed is told anew. */
const TICK_MS = 15_000;
const PHONE = "(max-width: 720px)";

/** @param {import("../main.js").Context} shared @param {string[]} path @returns {import("../main.js").View} */
export function runView(shared, [run]) {
  const board = shared.store.open(run);
  const context = { ...shared, board };
  const head = runHead(context);
  const questions = h("div", { class: "decisions run-questions" });
  const links = Object.entries(TABS).map(([name, [label]]) => h("a", { href: to("run", run, name), "data-tab": name, text: label }));
  const panel = h("div", { class: "run-panel" }, h("p", { class: "loading", text: "Loading the run…" }));
  const side = h("aside", { class: "side", "aria-label": "Task", hidden: true });
  const element = h("section", { class: "run" },
    h("div", { class: "run-column" }, head.element, questions, h("nav", { class: "tabs", "aria-label": "Of this run" }, links), panel), side);
  /** @type {{name: string, task: string, tab: Tab|null, inspected: Tab|null}} */
  const ui = { name: "", task: "", tab: null, inspected: null };

  /** @param {string} task */
  const select = (task) => go("run", run, ui.name, task);

  /** @param {string[]} path */
  function route([view, id, name, task = ""]) {
    if (view !== "run" || id !== run) return false;
    const wanted = name && TABS[name] ? name : matchMedia(PHONE).matches ? "list" : "graph";
    if (!name) {
      queueMicrotask(() => replace("run", run, wanted));
      return true;
    }
    ui.task = task;
    if (board.isLoaded) {
      showTab(wanted);
      showTask();
    }
    ui.name = wanted;
    for (const link of links) {
      if (link.dataset.tab === wanted) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    return true;
  }

  /** @param {string} name */
  function showTab(name) {
    if (ui.tab && ui.name === name) return;
    ui.tab?.close?.();
    ui.name = name;
    ui.tab = TABS[name][1](context, select);
    panel.dataset.tab = name;
    put(panel, ui.tab.element);
  }

  function showTask() {
    const isKnown = ui.task !== "" && board.tasks.has(ui.task);
    ui.tab?.select?.(isKnown ? ui.task : "");
    if (side.dataset.task === (isKnown ? ui.task : "")) return;
    ui.inspected?.close?.();
    ui.inspected = isKnown ? inspector(context, ui.task, () => go("run", run, ui.name)) : null;
    side.dataset.task = isKnown ? ui.task : "";
    side.hidden = !isKnown;
    put(side, ui.inspected?.element ?? null);
    if (isKnown) /** @type {HTMLElement|null} */ (side.querySelector("h2"))?.focus({ preventScroll: true });
  }

  function showQuestions() {
    const open = [...board.decisions.values()];
    const shown = [...questions.children].map((card) => card.getAttribute("data-decision")).join();
    const wanted = open.map(version).join();
    if (shown === wanted) return;
    put(questions, open.map((decision) => h("details", { class: "question", "data-decision": version(decision) },
      h("summary", {}, h("strong", { text: `${decision.id} needs you` }), h("span", { text: decision.question })), decisionCard(context, decision))));
  }

  shared.socket.subscribe(run);
  route(["run", ...[run, ...location.hash.replace(/^#\/?/, "").split("/").slice(2)].map(decodeURIComponent)]);
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]") || ui.tab?.escape?.()) return;
    if (ui.task) go("run", run, ui.name);
  };
  addEventListener("keydown", onKey);
  const clock = setInterval(head.update, TICK_MS);

  return {
    element, route, title: `${run}`,
    update: ({ run: change }) => {
      if (!change || !board.isLoaded) return;
      head.update();
      showQuestions();
      showTab(ui.name || "graph");
      if (change.all) showTask();
      ui.tab?.update?.(change);
      ui.inspected?.update?.(change);
    },
    frame: (frame) => {
      if (frame.type === "problem" && !board.isLoaded) put(panel, empty("No such run", String(frame.detail), button("All runs", () => go())));
      ui.tab?.frame?.(frame);
      ui.inspected?.frame?.(frame);
    },
    close: () => {
      removeEventListener("keydown", onKey);
      clearInterval(clock);
      ui.tab?.close?.();
      ui.inspected?.close?.();
      shared.socket.unsubscribe(run);
      shared.store.close();
    },
  };
}
