/** What an attempt's worker, and then its reviewer, said and did: page by page, and live while the model speaks. */

import { get } from "../api.js";
import { h, put, say } from "../dom.js";
import { button, empty } from "../parts.js";
import { toTurn } from "../shapes.js";
import { attempt as tried } from "../toast.js";
import { clock, tokens } from "../words.js";
import { attemptChoice } from "./which.js";

const MOST_TURNS = 120;
const SHORT_LINES = 14;
const AGAIN_MS = 1500;
/** @type {{[speaker: string]: string}} */
const SPEAKERS = { work: "worker", review: "reviewer" };

/**
 * @param {import("../views/run.js").RunContext} context
 * @param {string} task
 * @param {number} latest attempt
 * @returns {import("./inspector.js").Part}
 */
export function conversation({ board, socket }, task, latest) {
  const turns = h("ol", { class: "turns" });
  const live = h("div", { class: "live", hidden: true });
  const liveText = h("pre", { class: "said" });
  live.append(h("p", { class: "turn-head" }, h("span", { class: "pulse", "aria-hidden": "true" }), "speaking now"), liveText);
  const foot = h("div", { class: "more" });
  const choice = attemptChoice(latest, (number) => begin(number));
  const ui = { attempt: latest, cursor: /** @type {string|null} */ ("work-1"), again: "work-1", isBusy: false, isClosed: false, told: new Set(), heard: /** @type {any} */ (null) };
  const element = h("div", { class: "stack" }, choice.element, turns, live, foot);

  /** @param {number} number */
  function begin(number) {
    Object.assign(ui, { attempt: number, cursor: "work-1", again: "work-1", told: new Set(), heard: null });
    put(turns);
    live.hidden = true;
    if (number) void next();
    else put(foot, empty("No conversation yet", "It begins with the first attempt; while the model speaks you can read along here."));
  }

  async function next() {
    const at = ui.cursor ?? ui.again;
    if (ui.isBusy) return;
    ui.isBusy = true;
    const number = ui.attempt;
    const page = await tried(() => get(`/runs/${board.id}/tasks/${task}/log?attempt=${number}&cursor=${at}`));
    ui.isBusy = false;
    if (!page || ui.isClosed || number !== ui.attempt) return;
    const fresh = page.items.map(toTurn).filter((/** @type {import("../types.js").Turn} */ turn) => !ui.told.has(`${turn.speaker}${turn.number}`));
    for (const turn of fresh) ui.told.add(`${turn.speaker}${turn.number}`);
    turns.append(...fresh.map(turnItem));
    if (fresh.length) live.hidden = true;
    while (turns.children.length > MOST_TURNS) turns.firstElementChild?.remove();
    Object.assign(ui, { cursor: page.next, again: page.again ?? ui.again });
    speak();
    end();
  }

  /** Show what is being said, once all that was said before it is there. */
  function speak() {
    if (!ui.heard || ui.cursor) return;
    live.hidden = ui.heard.text === "";
    say(liveText, ui.heard.text);
  }

  function end() {
    const isCut = ui.told.size > MOST_TURNS;
    put(foot,
      isCut ? h("p", { class: "quiet", text: `Only the latest ${MOST_TURNS} turns are kept on the page.` }) : null,
      ui.cursor ? button("Show more turns", () => void next()) : null,
      !ui.told.size && live.hidden ? empty("Nothing said yet", "Turns show here as the attempt goes on.") : null);
  }

  const timer = setInterval(() => {
    const state = board.tasks.get(task)?.state ?? "";
    if (!ui.cursor && ui.attempt && ["active", "awaiting_qa"].includes(state)) void next();
  }, AGAIN_MS);
  socket.stream(task, true);
  begin(latest);
  return {
    element,
    update: (detail) => choice.update(detail.line.latest),
    frame: (frame) => {
      if (frame.type !== "turn" || frame.task !== task || frame.attempt !== ui.attempt) return;
      ui.heard = frame;
      speak();
      if (!frame.done) return;
      ui.heard = null;
      if (!ui.cursor) void next();
    },
    close: () => {
      ui.isClosed = true;
      clearInterval(timer);
      socket.stream(task, false);
    },
  };
}

/** @param {import("../types.js").Turn} turn */
function turnItem(turn) {
  const who = SPEAKERS[turn.speaker] ?? turn.speaker;
  return h("li", { class: "turn", "data-speaker": turn.speaker },
    h("p", { class: "turn-head" }, turn.number === 0 ? `${who} · the brief` : `${who} · turn ${turn.number}`,
      h("small", { class: "quiet", text: [turn.at_ms ? clock(turn.at_ms) : "", turn.tokens ? `${tokens(turn.tokens)} tokens` : ""].filter(Boolean).join(" · ") })),
    turn.messages.map(messageItem));
}

/** @param {import("../types.js").Message} message */
function messageItem(message) {
  if (message.role === "assistant") {
    return h("div", { class: "message assistant" }, message.content.trim() ? h("pre", { class: "said", text: message.content.trim() }) : null,
      message.tool_calls.map((call) => foldable("call", `${call.name}(${brief(call.arguments)})`, pretty(call.arguments))));
  }
  if (message.role === "tool") return h("div", { class: "message tool" }, foldable("result", firstLine(message.content), message.content));
  return h("div", { class: `message ${message.role}` }, foldable("brief", `${message.role === "system" ? "instructions" : "brief"}: ${firstLine(message.content)}`, message.content));
}

/**
 * One line that opens to the whole; a text that is short already stands open.
 * @param {string} kind
 * @param {string} line
 * @param {string} whole
 */
function foldable(kind, line, whole) {
  const isShort = kind === "result" && whole.split("\n").length <= SHORT_LINES;
  const text = h("pre", { tabindex: "0" });
  const fold = h("details", { class: `fold ${kind}`, open: isShort }, h("summary", {}, h("code", { text: line })), text);
  const fill = () => fold.open && !text.textContent && say(text, whole);
  fold.addEventListener("toggle", fill);
  fill();
  return fold;
}

/** @param {string} json the arguments of a call, as the model wrote them */
function brief(json) {
  const values = parsed(json);
  if (!values) return json.slice(0, 80);
  return Object.entries(values).map(([name, value]) => `${name}=${shorten(JSON.stringify(value), 48)}`).join(", ");
}

/** @param {string} json */
function pretty(json) {
  const values = parsed(json);
  if (!values) return json;
  return Object.entries(values).map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value, null, 1)}`).join("\n");
}

/** @param {string} json @returns {{[name: string]: unknown}|null} */
function parsed(json) {
  try {
    const value = JSON.parse(json);
    return value && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** @param {string} text */
function firstLine(text) {
  return shorten(text.trim().split("\n")[0] ?? "", 110) || "(empty)";
}

/**
 * @param {string} text
 * @param {number} letters
 */
function shorten(text, letters) {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}
