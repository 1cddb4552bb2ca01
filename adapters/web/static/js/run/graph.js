/** The live DAG: draws what is in sight, follows the board's changes, and gives tasks to the hand and the keyboard. */

import { get } from "../api.js";
import { h, put, s } from "../dom.js";
import { button, empty } from "../parts.js";
import { toLayout } from "../shapes.js";
import { attempt } from "../toast.js";
import { GLYPHS, stateWord, TASK_STATES } from "../words.js";
import { drawArrow, drawBox } from "./drawing.js";
import { LinkMode } from "./link_mode.js";
import { nextBox } from "./steps.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("../types.js").Box} Box */

const READABLE = 0.8;
const URGENT = new Set(["waiting_human", "failed", "active"]);
const FAR = 0.42;
const MARGIN_PX = 160;
const REPLAN_MS = 80;

export class Graph {
  /**
   * @param {import("../views/run.js").RunContext} context
   * @param {(task: string) => void} select
   */
  constructor(context, select) {
    this.board = context.board;
    this.select = select;
    /** @type {import("../types.js").Layout} */
    this.layout = { width: 0, height: 0, boxes: [], arrows: [] };
    /** @type {Map<string, Box>} */
    this.boxes = new Map();
    /** @type {Map<string, import("./drawing.js").Drawn>} */
    this.drawn = new Map();
    /** @type {Map<string, SVGGElement>} */
    this.arrows = new Map();
    this.chosen = "";
    this.current = "";
    this.isDue = false;
    this.isClosed = false;
    this.arrowLayer = s("g", { class: "arrows" });
    this.boxLayer = s("g", { class: "nodes" });
    this.world = s("g", {}, this.arrowLayer, this.boxLayer);
    this.svg = s("svg", { class: "graph", role: "group", "aria-label": "Tasks and what they wait for. Arrow keys move along the arrows, Enter opens a task." }, this.world);
    this.view = new Viewport(this.svg, () => this.paint());
    this.link = new LinkMode(context, this);
    this.blank = h("div", { class: "graph-blank" });
    this.element = h("div", { class: "graph-frame" }, this.svg, this.blank, this.toolbar(), legend());
    this.resized = new ResizeObserver(() => this.view.changed());
    this.resized.observe(this.svg);
    this.listen();
    void this.load(true);
  }

  toolbar() {
    const icon = (/** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ act) =>
      h("button", { type: "button", class: "button icon", "aria-label": label, title: label, text, on: { click: act } });
    return h("div", { class: "graph-tools" }, this.link.button,
      icon("+", "Zoom in", () => this.view.zoom(1.3)), icon("−", "Zoom out", () => this.view.zoom(1 / 1.3)),
      button("Fit", () => this.view.fit(this.layout.width, this.layout.height)), this.link.hint);
  }

  /** Ask for the positions; many changes of the plan within a moment cost one request. */
  replan() {
    if (this.isDue) return;
    this.isDue = true;
    setTimeout(() => {
      this.isDue = false;
      if (!this.isClosed) void this.load(false);
    }, REPLAN_MS);
  }

  /** @param {boolean} isFirst */
  async load(isFirst) {
    const answer = await attempt(() => get(`/runs/${this.board.id}/graph`));
    if (!answer || this.isClosed) return;
    const wasEmpty = this.layout.boxes.length === 0;
    this.layout = toLayout(answer);
    this.boxes = new Map(this.layout.boxes.map((box) => [box.id, box]));
    this.drawn.clear();
    this.arrows.clear();
    const focused = document.activeElement?.getAttribute("data-task");
    put(this.arrowLayer);
    put(this.boxLayer);
    put(this.blank, this.layout.boxes.length ? null : empty("The plan is on its way",
      "The director writes the spec first; its planners then add tasks here, with an arrow to each from what it waits for."));
    if (isFirst || wasEmpty) this.begin();
    this.paint();
    if (focused && this.boxes.has(focused)) this.focus(focused);
  }

  /** The first picture: everything when that is readable, else the place where the work is. */
  begin() {
    const { width, height, boxes } = this.layout;
    if (!boxes.length) return;
    const tasks = this.board.tasks;
    this.current = this.chosen || (boxes.find((box) => URGENT.has(tasks.get(box.id)?.state ?? "")) ?? boxes[0]).id;
    this.view.fit(width, height);
    const box = this.boxes.get(this.current);
    if (this.view.scale < READABLE && box) this.view.show({ width, height }, box, READABLE);
  }

  /** Draw what came into sight and drop what left it. */
  paint() {
    const { x, y, scale } = this.view;
    this.world.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
    this.svg.classList.toggle("far", scale < FAR);
    const seen = this.view.seen(MARGIN_PX);
    const focused = document.activeElement?.getAttribute("data-task");
    for (const box of this.layout.boxes) {
      const isSeen = box.id === focused || (box.x < seen.right && box.x + box.width > seen.left && box.y < seen.bottom && box.y + box.height > seen.top);
      const drawn = this.drawn.get(box.id);
      if (isSeen && !drawn) this.add(box);
      else if (!isSeen && drawn) {
        drawn.group.remove();
        this.drawn.delete(box.id);
      }
    }
    for (const arrow of this.layout.arrows) {
      const key = `${arrow.source} ${arrow.target}`;
      const old = this.arrows.get(key);
      if (touches(arrow.points, seen)) {
        if (!old) this.addArrow(key, arrow);
      } else if (old) {
        old.remove();
        this.arrows.delete(key);
      }
    }
  }

  /** @param {Box} box */
  add(box) {
    const task = this.board.tasks.get(box.id);
    if (!task) return;
    const drawn = drawBox(box);
    drawn.show(task);
    drawn.group.setAttribute("tabindex", box.id === this.current ? "0" : "-1");
    drawn.group.classList.toggle("chosen", box.id === this.chosen);
    this.drawn.set(box.id, drawn);
    this.boxLayer.append(drawn.group);
  }

  /**
   * @param {string} key
   * @param {import("../types.js").Arrow} arrow
   */
  addArrow(key, arrow) {
    const group = drawArrow(arrow);
    this.colour(group, arrow.source);
    this.arrows.set(key, group);
    this.arrowLayer.append(group);
  }

  /**
   * @param {SVGGElement} group
   * @param {string} source
   */
  colour(group, source) {
    group.setAttribute("data-state", this.board.tasks.get(source)?.state ?? "");
  }

  /** @param {import("../store.js").RunChange} change */
  update(change) {
    for (const id of change.tasks) {
      const task = this.board.tasks.get(id);
      if (task) this.drawn.get(id)?.show(task);
    }
    for (const [key, group] of this.arrows) {
      const source = key.split(" ")[0];
      if (change.tasks.has(source)) this.colour(group, source);
    }
    if (change.plan) this.replan();
  }

  /** Mark the task that the inspector shows. @param {string} task */
  choose(task) {
    this.drawn.get(this.chosen)?.group.classList.remove("chosen");
    const before = this.chosen;
    this.chosen = task;
    this.drawn.get(task)?.group.classList.add("chosen");
    if (task) this.current = task;
    else if (before && document.activeElement === document.body) this.focus(before);
    const box = this.boxes.get(task);
    if (box) requestAnimationFrame(() => this.view.reveal(box));
  }

  /** Move the keyboard's place to a task. @param {string} task */
  focus(task) {
    this.drawn.get(this.current)?.group.setAttribute("tabindex", "-1");
    this.current = task;
    const box = this.boxes.get(task);
    if (!box) return;
    this.view.reveal(box);
    if (!this.drawn.has(task)) this.add(box);
    const group = this.drawn.get(task)?.group;
    group?.setAttribute("tabindex", "0");
    group?.focus({ preventScroll: true });
  }

  listen() {
    this.svg.addEventListener("click", (event) => {
      if (this.view.wasDragged) return;
      const target = /** @type {Element} */ (event.target);
      const task = target.closest("[data-task]")?.getAttribute("data-task");
      const arrow = target.closest(".arrow");
      if (task) this.open(task);
      else if (arrow) this.link.hitArrow(arrow.getAttribute("data-source") ?? "", arrow.getAttribute("data-target") ?? "");
    });
    this.svg.addEventListener("keydown", (event) => this.onKey(event));
    for (const [enter, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
      this.svg.addEventListener(enter, (event) => this.highlight(/** @type {Element} */ (event.target).closest("[data-task]")?.getAttribute("data-task") ?? ""));
      this.svg.addEventListener(leave, () => this.highlight(""));
    }
  }

  /** @param {string} task */
  open(task) {
    if (this.link.isOn) this.link.hitTask(task);
    else this.select(task);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const task = /** @type {Element} */ (event.target).getAttribute("data-task");
    if (!task) return;
    if (event.key === "Enter" || event.key === " ") this.open(task);
    else {
      const next = nextBox(event.key, task, this.board.tasks, this.boxes);
      if (!next) return;
      this.focus(next);
    }
    event.preventDefault();
  }

  /** Bring a task and its direct neighbours out; an empty name ends it. @param {string} task */
  highlight(task) {
    this.svg.classList.toggle("has-hover", task !== "");
    for (const element of this.svg.querySelectorAll(".near")) element.classList.remove("near");
    if (!task) return;
    this.drawn.get(task)?.group.classList.add("near");
    for (const [key, arrow] of this.arrows) {
      const [source, target] = key.split(" ");
      if (source !== task && target !== task) continue;
      arrow.classList.add("near");
      this.drawn.get(source === task ? target : source)?.group.classList.add("near");
    }
  }

  close() {
    this.isClosed = true;
    this.resized.disconnect();
  }
}

/** @type {(context: import("../views/run.js").RunContext, select: (task: string) => void) => import("../views/run.js").Tab} */
export function graphTab(context, select) {
  const graph = new Graph(context, select);
  return { element: graph.element, update: (change) => graph.update(change), select: (task) => graph.choose(task), escape: () => graph.link.cancel(), close: () => graph.close() };
}

/**
 * @param {[number, number][]} points
 * @param {{left: number, top: number, right: number, bottom: number}} seen
 */
function touches(points, seen) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return left < seen.right && right > seen.left && top < seen.bottom && bottom > seen.top;
}

function legend() {
  return h("details", { class: "legend" }, h("summary", { text: "Legend" }), h("ul", {}, TASK_STATES.map((state) =>
    h("li", { "data-state": state }, h("span", { class: "glyph", "aria-hidden": "true", text: GLYPHS[state] }), stateWord(state)))));
}
