/** The design log (what was settled, and by whom) and the insights (what workers found out, and what failed attempts taught). */

import { get } from "../api.js";
import { h, put } from "../dom.js";
import { empty } from "../parts.js";
import { to } from "../router.js";
import { toDesignEntry, toLesson } from "../shapes.js";
import { attempt } from "../toast.js";
import { ago } from "../words.js";

const AGAIN_MS = 1000;

/** @type {(context: import("../views/run.js").RunContext) => import("../views/run.js").Tab} */
export function designTab({ board }) {
  return reloading(`/runs/${board.id}/design-log`, (items) => {
    if (!items.length) return [empty("Nothing is settled yet", "The director's spec comes first, then what planners decide and what people answer. Each line names who settled it.")];
    return [h("section", { class: "part" }, h("h3", { text: "Objective" }), h("p", { class: "prose", text: board.run?.objective ?? "" })),
      h("ol", { class: "log" }, items.map(toDesignEntry).map((entry) =>
      h("li", {}, h("p", { class: "log-head" }, h("strong", { text: entry.topic }), h("span", { text: entry.by }), h("small", { class: "quiet", title: entry.at, text: ago(entry.at) })),
        h("p", { class: "prose", text: entry.text }))))];
  });
}

/** @type {(context: import("../views/run.js").RunContext) => import("../views/run.js").Tab} */
export function insightsTab({ board }) {
  return reloading(`/runs/${board.id}/insights`, (items) => {
    if (!items.length) return [empty("No insight yet", "What workers find out is posted here and told to those whom it concerns; so is what a failed attempt taught.")];
    return [h("ol", { class: "log" }, items.map(toLesson).reverse().map((lesson) =>
      h("li", {}, h("p", { class: "log-head" }, h("strong", { text: lesson.insight ? `insight ${lesson.insight}` : lesson.failure.replaceAll("_", " ") }),
        h("a", { href: to("run", board.id, "graph", lesson.task), text: `${lesson.task}, attempt ${lesson.attempt}` }),
        h("span", { text: lesson.title }), h("small", { class: "quiet", title: lesson.at, text: ago(lesson.at) })),
      lesson.about.length ? h("p", { class: "quiet", text: lesson.about.join(", ") }) : null,
      lesson.text && lesson.insight ? h("p", { class: "prose", text: lesson.text }) : null,
      lesson.text && !lesson.insight ? h("pre", { class: "evidence", tabindex: "0", text: lesson.text }) : null,
      lesson.feedback ? h("blockquote", { class: "prose", text: lesson.feedback }) : null)))];
  });
}

/**
 * A tab that asks again when the run moved, once a second at most.
 * @param {string} path
 * @param {(items: any[]) => import("../dom.js").Child[]} draw
 * @returns {import("../views/run.js").Tab}
 */
export function reloading(path, draw) {
  const element = h("div", { class: "column" }, h("p", { class: "loading", text: "Loading…" }));
  const ui = { isDue: false, isClosed: false, shown: "" };
  async function load() {
    const answer = await attempt(() => get(path));
    if (ui.isClosed) return;
    if (!answer) return ui.shown ? undefined : put(element, empty("No answer", "This could not be read now. It is asked for again when the run moves."));
    const now = JSON.stringify(answer.items);
    if (now !== ui.shown) put(element, draw(answer.items ?? []));
    ui.shown = now;
  }
  void load();
  return {
    element,
    update: () => {
      if (ui.isDue) return;
      ui.isDue = true;
      setTimeout(() => {
        ui.isDue = false;
        if (!ui.isClosed) void load();
      }, AGAIN_MS);
    },
    close: () => {
      ui.isClosed = true;
    },
  };
}
