/** One task beside the graph: what it is for, how its attempts went, its diff, its conversation, its proof. */

import { get, post, remove } from "../api.js";
import { decisionCard, version } from "../decision.js";
import { ask } from "../dialog.js";
import { h, put, say } from "../dom.js";
import { badge, button } from "../parts.js";
import { toDetail } from "../shapes.js";
import { attempt } from "../toast.js";
import { DEPENDENTS } from "../words.js";
import { conversation } from "./conversation.js";
import { diffPart } from "./diff.js";
import { overview } from "./overview.js";
import { receiptPart } from "./receipt.js";

/** @typedef {import("../types.js").TaskDetail} TaskDetail */
/** @typedef {{element: HTMLElement, frame?: (frame: import("../socket.js").Frame) => void, update?: (detail: TaskDetail) => void, close?: () => void}} Part */

const PARTS = { about: "About", talk: "Conversation", diff: "Diff", receipt: "Receipt" };
const AGAIN_MS = 400;

/**
 * @param {import("../views/run.js").RunContext} context
 * @param {string} id
 * @param {() => void} shut
 * @returns {import("../views/run.js").Tab}
 */
export function inspector(context, id, shut) {
  const { board } = context;
  const path = `/runs/${board.id}/tasks/${id}`;
  const state = h("span", { class: "state" });
  const title = h("h2", { tabindex: "-1" });
  const line = h("p", { class: "quiet" });
  const question = h("div", { class: "decisions" });
  const acts = h("div", { class: "acts" });
  const body = h("div", { class: "inspector-body" });
  const links = Object.entries(PARTS).map(([name, label]) =>
    h("button", { type: "button", "data-part": name, "aria-pressed": "false", text: label, on: { click: () => showPart(name) } }));
  const element = h("div", { class: "inspector" },
    h("header", { class: "inspector-head" },
      h("div", { class: "run-line" }, h("span", { class: "id", text: id }), state,
        h("button", { type: "button", class: "icon close", "aria-label": "Close the task", text: "×", on: { click: shut } })),
      title, line, acts),
    question, h("div", { class: "segments", role: "group", "aria-label": "Parts of the task" }, links), body);
  /** @type {{part: string, isDue: boolean, isClosed: boolean, asked: string, shown: Part|null, detail: TaskDetail|null}} */
  const ui = { part: "", isDue: false, isClosed: false, asked: "", shown: null, detail: null };

  async function load() {
    const answer = await attempt(() => get(path));
    if (!answer || ui.isClosed) return;
    ui.detail = toDetail(answer);
    if (ui.part) ui.shown?.update?.(ui.detail);
    else showPart("about");
  }

  function loadSoon() {
    if (ui.isDue) return;
    ui.isDue = true;
    setTimeout(() => {
      ui.isDue = false;
      if (!ui.isClosed) void load();
    }, AGAIN_MS);
  }

  /** @param {string} name */
  function showPart(name) {
    if (!ui.detail || ui.part === name) return;
    ui.shown?.close?.();
    ui.part = name;
    ui.shown = make(name, ui.detail);
    for (const link of links) link.setAttribute("aria-pressed", String(link.dataset.part === name));
    put(body, ui.shown.element);
  }

  /**
   * @param {string} name
   * @param {TaskDetail} detail
   * @returns {Part}
   */
  function make(name, detail) {
    if (name === "talk") return conversation(context, id, detail.line.latest);
    if (name === "diff") return diffPart(path, detail);
    if (name === "receipt") return receiptPart(detail);
    return overview(context, detail);
  }

  function head() {
    const task = board.tasks.get(id);
    if (!task) return;
    put(state, badge(task.state));
    say(title, task.title);
    say(line, [task.role, task.attempt ? `attempt ${task.attempt} of ${task.attempts_max}` : "", task.note].filter(Boolean).join(" · "));
    const isOpen = !["complete", "abandoned"].includes(task.state);
    const wanted = `${isOpen} ${task.state === "waiting_human"}`;
    if (wanted !== acts.dataset.for) {
      acts.dataset.for = wanted;
      put(acts, isOpen && task.state !== "waiting_human" ? button("Interrupt…", () => void interrupt(path, id)) : null,
        isOpen ? button("Abandon…", () => void abandon(path, id), "grave-quiet") : null);
    }
    const decision = [...board.decisions.values()].find((open) => open.task === id);
    const asked = decision ? version(decision) : "";
    if (asked !== ui.asked) {
      ui.asked = asked;
      put(question, decision ? decisionCard(context, decision) : null);
    }
  }

  head();
  void load();
  return {
    element,
    update: (change) => {
      if (!change.tasks.has(id) && !change.all) return;
      head();
      loadSoon();
    },
    frame: (frame) => ui.shown?.frame?.(frame),
    close: () => {
      ui.isClosed = true;
      ui.shown?.close?.();
    },
  };
}

/**
 * @param {string} path
 * @param {string} id
 */
async function interrupt(path, id) {
  const values = await ask({
    title: `Interrupt ${id}?`, text: "Its attempt stops now, with every process it started, and a question comes to the queue. Other tasks go on.",
    fields: [{ name: "reason", label: "Why? (optional)" }], act: "Interrupt", isGrave: true,
  });
  if (values) await attempt(() => post(`${path}/interrupt`, values.reason ? { reason: values.reason } : {}), `${id} is stopped; say what to do next.`);
}

/**
 * @param {string} path
 * @param {string} id
 */
async function abandon(path, id) {
  const values = await ask({
    title: `Abandon ${id}?`, text: "This can't be undone.", act: "Abandon", isGrave: true,
    fields: [
      { name: "dependents", label: "The tasks that wait for it", kind: "choice", options: DEPENDENTS, value: "replan", needed: true },
      { name: "reason", label: "Why? (optional)" },
    ],
  });
  if (!values) return;
  const query = new URLSearchParams({ dependents: values.dependents, ...(values.reason ? { reason: values.reason } : {}) });
  await attempt(() => remove(`${path}?${query}`), (task) => task.decision?.proposal || `${id} is abandoned.`);
}
