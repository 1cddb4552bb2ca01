/** The bot's messages as the thread shows them; one drawing a kind, and plain text for a kind that is not known here. */

import { decisionCard } from "../decision.js";
import { h } from "../dom.js";
import { badge } from "../parts.js";
import { toDecision } from "../shapes.js";
import { GLYPHS, stateWord } from "../words.js";

/** @typedef {{[field: string]: any}} Message */
/** @typedef {import("../views/run.js").RunContext} RunContext */

const MOST_LINES = 12;

/** @type {{[type: string]: (message: Message, context: RunContext) => HTMLElement}} */
const CARDS = {
  notice: (message) => h("p", { class: message.is_refusal ? "prose refusal" : "prose", text: message.text }),
  digest: (message) => lines("", message.lines),
  listing: (message) => lines(message.title, message.lines, message.more),
  "log-snippet": (message) => h("div", {}, h("p", { class: "card-title", text: message.title }), h("pre", { class: "evidence", tabindex: "0", text: message.lines.join("\n") }), message.more ? h("small", { class: "quiet", text: message.more }) : null),
  help: (message) => h("div", {}, h("p", { class: "card-title", text: message.title }),
    h("dl", { class: "help" }, message.entries.map((/** @type {[string, string]} */ [usage, meaning]) => h("div", {}, h("dt", {}, h("code", { text: usage })), h("dd", { text: meaning })))),
    message.footer ? h("small", { class: "quiet", text: message.footer }) : null),
  picture: (message, { board }) => h("img", { class: "picture", alt: message.alt, src: `/api/v1/runs/${board.id}/picture.png?theme=${matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"}`, loading: "lazy" }),
  "final-summary": summary, "run-card": runCard, "decision-prompt": prompt, "decision-outcome": outcome,
  "budget-alert": (message, context) => h("div", {}, h("p", { class: "card-title", text: `The cap is reached: ${message.spent}` }), prompt(message.prompt, context)),
};

/**
 * @param {RunContext} context
 * @param {import("../types.js").Post} post
 */
export function cardOf(context, post) {
  const { message } = post;
  return message && Object.hasOwn(CARDS, message.type) ? CARDS[message.type](message, context) : h("p", { class: "prose", text: post.text });
}

/**
 * @param {string} title
 * @param {string[]} entries
 * @param {string} [more]
 */
function lines(title, entries, more = "") {
  return h("div", {}, title ? h("p", { class: "card-title", text: title }) : null,
    h("ul", { class: "plain card-lines" }, entries.map((text) => h("li", { text }))), more ? h("small", { class: "quiet", text: more }) : null);
}

/** @param {Message} message */
function runCard(message) {
  const tasks = message.tasks ?? [];
  const shown = tasks.slice(0, MOST_LINES);
  return h("div", { class: "card" },
    h("p", { class: "card-title" }, `${message.id} `, badge(message.state)), h("p", { class: "prose", text: message.objective }),
    h("p", { class: "quiet", text: [`${message.done} of ${message.total} tasks`, `${message.landed} landed`, message.spent, message.left].filter(Boolean).join(" · ") }),
    h("ul", { class: "plain card-lines" }, shown.map((/** @type {Message} */ task) => h("li", { "data-state": task.state },
      h("span", { class: "glyph", "aria-hidden": "true", text: GLYPHS[task.state] }), ` ${task.id} ${task.title} · ${stateWord(task.state)}${task.note ? ` · ${task.note}` : ""}`))),
    tasks.length > shown.length ? h("small", { class: "quiet", text: `and ${tasks.length - shown.length} more` }) : null);
}

/**
 * An open question can be answered here; a settled one tells so.
 * @param {Message} message
 * @param {RunContext} context
 */
function prompt(message, context) {
  const decision = toDecision(message);
  if (context.board.decisions.has(decision.id)) return decisionCard(context, decision);
  return h("div", { class: "card" }, h("p", { class: "card-title", text: `${decision.id}: ${decision.question}` }), h("p", { class: "quiet", text: decision.sentence || "This question is no longer open." }));
}

/** @param {Message} message */
function outcome(message) {
  return h("div", { class: "card" }, h("p", { class: "card-title", text: message.question }), h("p", { class: "prose", text: message.sentence }));
}

/** @param {Message} message */
function summary(message) {
  return h("div", { class: "card" }, h("p", { class: "card-title" }, `${message.run} `, badge(message.state)), h("p", { class: "prose", text: message.sentence }),
    h("ul", { class: "plain card-lines" }, message.landed.map((/** @type {Message} */ one) => h("li", {}, h("code", { class: "hash", text: one.commit.slice(0, 8) }), ` ${one.task} ${one.title}`))),
    h("p", { class: "quiet", text: message.spent }), message.hints.map((/** @type {string} */ text) => h("p", { class: "quiet", text })));
}
