/** The director's own conversation: how the objective became a spec. */

import { h, put } from "../dom.js";
import { empty } from "../parts.js";
import { conversation } from "./conversation.js";

/** @type {(context: import("../views/run.js").RunContext) => import("../views/run.js").Tab} */
export function directorTab(context) {
  const element = h("div", { class: "column" });
  /** @type {import("./inspector.js").Part|null} */
  let shown = null;
  function draw() {
    const director = [...context.board.tasks.values()].find((task) => task.role === "director");
    if (!director?.latest) {
      put(element, empty("The director has not begun", "It reads the repository and writes the spec; what it said and did can be read here."));
    } else if (!shown) {
      shown = conversation(context, director.id, director.latest);
      put(element, shown.element);
    }
  }
  draw();
  return { element, update: draw, frame: (frame) => shown?.frame?.(frame), close: () => shown?.close?.() };
}
