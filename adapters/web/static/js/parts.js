/** Small pieces that several views show: a state's badge, a progress bar, an empty state, a list of facts. */

import { h } from "./dom.js";
import { count, GLYPHS, isOver, stateWord, TASK_STATES } from "./words.js";

/** A state as shape, colour and word. @param {string} state */
export function badge(state) {
  return h("span", { class: "badge", "data-state": state },
    h("span", { class: "glyph", "aria-hidden": "true", text: GLYPHS[state] ?? "·" }), h("span", { text: stateWord(state) }));
}

/**
 * One segment a state, wide as its share; told in words too.
 * @param {import("./types.js").Counts} counts
 */
export function progress(counts) {
  const total = Object.values(counts).reduce((sum, number) => sum + number, 0);
  const order = [...TASK_STATES].reverse().filter((state) => counts[state]);
  const bar = h("div", { class: "progress", role: "img", "aria-label": total ? countsInWords(counts) : "no task yet" });
  for (const state of order) {
    const segment = h("span", { "data-state": state, title: `${counts[state]} ${stateWord(state)}` });
    segment.style.setProperty("flex-grow", String(counts[state]));
    bar.append(segment);
  }
  return bar;
}

/** `3 complete, 1 active`. @param {import("./types.js").Counts} counts */
export function countsInWords(counts) {
  return TASK_STATES.filter((state) => counts[state]).map((state) => `${counts[state]} ${stateWord(state)}`).join(", ");
}

/** `4 of 9 tasks`, or a word while there is none. @param {import("./types.js").Run} run */
export function progressWord(run) {
  if (!run.total) return isOver(run.state) ? "no task" : "planning";
  return `${run.done} of ${count(run.total, "task")}`;
}

/**
 * What to show where there is nothing yet: what will be here, and how it comes about.
 * @param {string} title
 * @param {string} text
 * @param {...import("./dom.js").Child} more
 */
export function empty(title, text, ...more) {
  return h("div", { class: "empty" }, h("h2", { text: title }), h("p", { text }), more);
}

/**
 * Terms and their values; empty values are left out.
 * @param {[term: string, value: import("./dom.js").Child][]} pairs
 */
export function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.filter(([, value]) => value).map(([term, value]) =>
    h("div", {}, h("dt", { text: term }), h("dd", {}, value))));
}

/**
 * @param {string} label
 * @param {() => void} act
 * @param {string} [kind]
 */
export function button(label, act, kind = "") {
  return h("button", { type: "button", class: `button ${kind}`.trim(), text: label, on: { click: act } });
}
