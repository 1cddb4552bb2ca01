/** Short notes in the corner, and sentences for screen readers. */

import { byId, h, say } from "./dom.js";

const SHOWN_MS = 6000;
const MOST = 4;

/**
 * Show a sentence for a while; a bad one stays until it is closed.
 * @param {string} text
 * @param {"good"|"bad"|"plain"} [mood]
 */
export function toast(text, mood = "plain") {
  const area = byId("toasts");
  if (area.lastElementChild?.firstElementChild?.textContent === text) area.lastElementChild.remove();
  const note = h("div", { class: `toast ${mood}` }, h("span", { text }),
    h("button", { class: "icon", type: "button", "aria-label": "Close the note", text: "×", on: { click: () => note.remove() } }));
  area.append(note);
  while (area.children.length > MOST) area.firstElementChild?.remove();
  if (mood !== "bad") setTimeout(() => note.remove(), SHOWN_MS);
}

/** Say it to a screen reader at once. @param {string} text */
export function announce(text) {
  say(byId("announcer"), text);
}

/**
 * Run an order and show how it ended; a refusal is shown with its reason.
 * @template T
 * @param {() => Promise<T>} order
 * @param {string|((answer: T) => string)} [done] the sentence on success, empty for none
 * @returns {Promise<T|null>} null when it was refused
 */
export async function attempt(order, done = "") {
  try {
    const answer = await order();
    const text = typeof done === "function" ? done(answer) : done;
    if (text) toast(text, "good");
    return answer;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), "bad");
    return null;
  }
}
