/** Link mode: one task, then another, connects them; an arrow, or the same two again, disconnects after consent. */

import { patch } from "../api.js";
import { ask } from "../dialog.js";
import { h, say } from "../dom.js";
import { announce, attempt } from "../toast.js";

const FIRST = "Choose the task that comes first.";

export class LinkMode {
  /**
   * @param {import("../views/run.js").RunContext} context
   * @param {import("./graph.js").Graph} graph
   */
  constructor({ board }, graph) {
    this.board = board;
    this.graph = graph;
    this.isOn = false;
    this.source = "";
    this.button = h("button", { type: "button", class: "button", "aria-pressed": "false", text: "Link tasks", on: { click: () => this.turn(!this.isOn) } });
    this.hint = h("p", { class: "link-hint", hidden: true, role: "status" });
  }

  /** @param {boolean} on */
  turn(on) {
    this.isOn = on;
    this.button.setAttribute("aria-pressed", String(on));
    this.graph.svg.classList.toggle("linking", on);
    this.hint.hidden = !on;
    this.choose("");
  }

  /** Forget the first task; without one, leave the mode. Whether there was anything to leave. */
  cancel() {
    if (!this.isOn) return false;
    if (this.source) this.choose("");
    else this.turn(false);
    return true;
  }

  /** @param {string} task */
  choose(task) {
    this.graph.drawn.get(this.source)?.group.classList.remove("source");
    this.source = task;
    this.graph.drawn.get(task)?.group.classList.add("source");
    say(this.hint, task ? `Now the task that waits for ${task}. Esc goes back.` : `${FIRST} Click an arrow to take it away.`);
  }

  /** @param {string} task */
  hitTask(task) {
    const source = this.source;
    if (!source) return this.choose(task);
    this.choose("");
    if (source === task) return;
    if (this.board.tasks.get(task)?.depends_on.includes(source)) void disconnect(this.board.id, source, task);
    else void connect(this.board.id, source, task);
  }

  /**
   * @param {string} source
   * @param {string} target
   */
  hitArrow(source, target) {
    if (this.isOn && this.board.tasks.get(target)?.depends_on.includes(source)) void disconnect(this.board.id, source, target);
  }
}

/**
 * Let `target` wait for `source`; a refusal, such as a cycle, is shown with the server's reason.
 * @param {string} run
 * @param {string} source
 * @param {string} target
 */
export async function connect(run, source, target) {
  const done = await attempt(() => patch(`/runs/${run}/tasks/${target}`, { add: [source] }), `${target} waits for ${source}.`);
  if (done) announce(`${target} waits for ${source}`);
}

/**
 * @param {string} run
 * @param {string} source
 * @param {string} target
 */
export async function disconnect(run, source, target) {
  const values = await ask({
    title: `Take the arrow away?`, text: `${target} no longer waits for ${source}.`, act: "Disconnect",
  });
  if (values) await attempt(() => patch(`/runs/${run}/tasks/${target}`, { remove: [source] }), `${target} no longer waits for ${source}.`);
}
