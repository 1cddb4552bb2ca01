/** The tasks as a list, what needs eyes first or as planned; only the rows in sight are in the page. */

import { h, put, say } from "../dom.js";
import { badge, empty } from "../parts.js";
import { stateWord, TASK_STATES } from "../words.js";

const ROW_PX = 64;
const MARGIN_ROWS = 8;

/** @type {(context: import("../views/run.js").RunContext, select: (task: string) => void) => import("../views/run.js").Tab} */
export function listTab({ board }, select) {
  const filter = h("select", { "aria-label": "Which tasks", on: { change: () => draw(true) } },
    h("option", { value: "", text: "All states" }), TASK_STATES.map((state) => h("option", { value: state, text: stateWord(state) })));
  const order = h("select", { "aria-label": "In which order", on: { change: () => draw(true) } },
    h("option", { value: "urgent", text: "What needs eyes first" }), h("option", { value: "planned", text: "As planned" }));
  const words = h("input", { type: "search", "aria-label": "Find a task", placeholder: "Find a task", on: { input: () => draw(true) } });
  const figure = h("span", { class: "quiet" });
  const rows = h("ul", { class: "task-list", "aria-label": "Tasks" });
  const blank = h("div");
  const element = h("div", { class: "tasks-tab" }, h("div", { class: "tools" }, words, filter, order, figure), rows, blank);
  /** @type {Map<string, {row: HTMLElement, task: import("../types.js").Task}>} */
  const shown = new Map();
  /** @type {import("../types.js").Task[]} */
  let tasks = [];
  let chosen = "";

  function matching() {
    const wanted = words.value.trim().toLowerCase();
    const found = [...board.tasks.values()].filter((task) => (!filter.value || task.state === filter.value)
      && (!wanted || `${task.id} ${task.title} ${task.role}`.toLowerCase().includes(wanted)));
    return order.value === "urgent" ? found.sort((one, other) => TASK_STATES.indexOf(one.state) - TASK_STATES.indexOf(other.state)) : found;
  }

  /** @param {boolean} isAll whether the order may have changed */
  function draw(isAll) {
    if (isAll) {
      tasks = matching();
      rows.style.setProperty("height", `${tasks.length * ROW_PX}px`);
      say(figure, `${tasks.length} of ${board.tasks.size}`);
      put(blank, tasks.length ? null : board.tasks.size ? empty("No such task", "Nothing matches. Clear the search, or show all states.")
        : empty("The plan is on its way", "The director writes the spec first; its planners then add the tasks."));
    }
    const top = -rows.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / ROW_PX) - MARGIN_ROWS);
    const wanted = tasks.slice(first, first + Math.ceil(innerHeight / ROW_PX) + 2 * MARGIN_ROWS);
    const names = new Set(wanted.map((task) => task.id));
    for (const [id, { row }] of shown) {
      if (names.has(id) || row.contains(document.activeElement)) continue;
      row.remove();
      shown.delete(id);
    }
    wanted.forEach((task, at) => place(task, first + at));
  }

  /**
   * @param {import("../types.js").Task} task
   * @param {number} at
   */
  function place(task, at) {
    const known = shown.get(task.id);
    const row = known?.row ?? h("li", { "data-task": task.id });
    if (known?.task !== task) put(row, rowOf(task, select));
    row.style.setProperty("transform", `translateY(${at * ROW_PX}px)`);
    row.setAttribute("aria-setsize", String(tasks.length));
    row.setAttribute("aria-posinset", String(at + 1));
    row.classList.toggle("chosen", task.id === chosen);
    if (!known) rows.append(row);
    shown.set(task.id, { row, task });
  }

  const onScroll = () => requestAnimationFrame(() => draw(false));
  addEventListener("scroll", onScroll, { passive: true });
  addEventListener("resize", onScroll);
  requestAnimationFrame(() => draw(true));
  return {
    element, update: () => draw(true),
    select: (task) => {
      chosen = task;
      draw(false);
    },
    close: () => {
      removeEventListener("scroll", onScroll);
      removeEventListener("resize", onScroll);
    },
  };
}

/**
 * @param {import("../types.js").Task} task
 * @param {(task: string) => void} select
 */
function rowOf(task, select) {
  const tries = task.attempt ? `attempt ${task.attempt}/${task.attempts_max}` : "";
  return h("button", { type: "button", class: "task-row", "data-state": task.state, on: { click: () => select(task.id) } },
    h("span", { class: "id", text: task.id }),
    h("span", { class: "task-words" }, h("span", { class: "task-title", text: task.title }),
      h("span", { class: "task-note", text: [task.role, tries, task.note].filter(Boolean).join(" · ") })),
    badge(task.state));
}
