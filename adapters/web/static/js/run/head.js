/** The head of a run: objective, state, progress, figures, warnings, and the orders that a person can give. */

import { post } from "../api.js";
import { ask } from "../dialog.js";
import { h, put, say } from "../dom.js";
import { badge, button, progress, progressWord } from "../parts.js";
import { follow } from "../starts.js";
import { attempt } from "../toast.js";
import { duration, isOver } from "../words.js";

/** @typedef {import("../types.js").Run} Run */

/**
 * The orders that fit a run's state: name, words, question before it is done, and whether it is grave.
 * @type {{name: string, label: string, fits: (run: Run, board: import("../store.js").RunBoard) => boolean, title?: string, text?: string, field?: string, sends?: string, isGrave?: boolean, done: string}[]}
 */
const ORDERS = [
  { name: "pause", label: "Pause", fits: (run) => !isOver(run.state) && !run.paused, done: "Paused: nothing new starts, what runs finishes." },
  { name: "resume", label: "Resume", fits: (run) => !isOver(run.state) && run.paused, done: "Resumed." },
  { name: "replan", label: "Replan…", fits: (_, board) => [...board.decisions.values()].some((open) => open.options.some((option) => option.choice === "replan")), title: "Replan what is left?", text: "A planner looks at what is done and plans the rest anew. Landed work stays.", field: "What should it know? (optional)", sends: "guidance", done: "Replanning." },
  { name: "cancel", label: "Cancel…", fits: (run) => !isOver(run.state), title: "Cancel the run?", text: "Running attempts are stopped at once and every unfinished task is abandoned. What landed stays.", field: "Why? (optional)", isGrave: true, done: "Cancelled." },
  { name: "restart", label: "Restart…", fits: (run) => isOver(run.state), title: "Start it again?", text: "A new run with the same objective begins from the branch as it is now.", done: "" },
];

/** @param {import("../views/run.js").RunContext} context */
export function runHead({ board }) {
  const title = h("h1", { class: "objective" });
  const state = h("span", { class: "state" });
  const acts = h("div", { class: "acts", role: "group", "aria-label": "Orders to the run" });
  const bar = h("div", { class: "bar" });
  const figures = h("p", { class: "figures" });
  const warnings = h("div", { class: "warnings" });
  const element = h("header", { class: "run-head" },
    h("div", { class: "run-title" }, h("div", { class: "run-line" }, h("a", { class: "id", href: "#/", text: board.id, "aria-label": `${board.id}; back to all runs` }), state), title),
    acts, bar, figures, warnings);
  let shown = "";

  function update() {
    const run = board.run;
    if (!run) return;
    say(title, run.objective);
    put(bar, progress(board.counts));
    put(figures, [
      progressWord(run), `${run.landed} landed on ${run.branch}`, run.spent, run.model,
      isOver(run.state) ? `took ${duration(run.started_at, run.finished_at)}` : `${duration(run.started_at)} so far`, run.left,
    ].filter(Boolean).map((text) => h("span", { text })));
    const orders = ORDERS.filter((order) => order.fits(run, board));
    const now = `${run.state} ${run.reason} ${orders.map((order) => order.name)}`;
    if (now === shown) return;
    shown = now;
    put(state, badge(run.state));
    put(acts, orders.map((order) => button(order.label, () => void give(board.id, order), order.isGrave ? "grave-quiet" : "")));
    put(warnings, [...run.warnings, run.summary || run.reason].filter(Boolean).map((text) => h("p", { text })));
  }

  update();
  return { element, update };
}

/**
 * Give the order; where it takes two people, the answer says that this was the first.
 * @param {string} run
 * @param {typeof ORDERS[number]} order
 */
async function give(run, order) {
  /** @type {{[name: string]: string}|null} */
  let values = {};
  if (order.title) {
    values = await ask({
      title: order.title, text: order.text, act: order.label.replace("…", ""), isGrave: order.isGrave,
      fields: order.field ? [{ name: "reason", label: order.field }] : [],
    });
  }
  if (!values) return;
  const body = values.reason ? { [order.sends ?? "reason"]: values.reason } : {};
  const answer = await attempt(() => post(`/runs/${run}/${order.name}`, body), (told) => told.proposal || order.done);
  if (order.name === "restart" && answer) await follow(answer, () => {});
}
