/** Draws one task or one arrow as SVG. Knows sizes and words, not the run. */

import { s, say } from "../dom.js";
import { GLYPHS, stateWord } from "../words.js";

const LETTER = 6.9;
const PAD = 16;
const LINES = 2;
/** States whose short words leave room for the number of the attempt. */
const COUNTED = new Set(["active", "ready", "failed"]);

/** @typedef {{group: SVGGElement, show: (task: import("../types.js").Task) => void}} Drawn */

/**
 * A task's box: state by stripe, shape and word; title on two lines.
 * @param {import("../types.js").Box} box
 * @returns {Drawn}
 */
export function drawBox(box) {
  const id = s("text", { class: "node-id", x: PAD, y: 21 });
  const state = s("text", { class: "node-state", x: box.width - 12, y: 21 });
  const lines = [41, 57].map((y) => s("text", { class: "node-title", x: PAD, y }));
  const hint = s("title");
  const far = s("text", { class: "node-far", x: box.width / 2, y: box.height / 2 });
  const group = s("g", {
    class: "node", transform: `translate(${box.x} ${box.y})`, role: "button", tabindex: "-1", "data-task": box.id,
  }, hint,
  s("rect", { class: "node-box", width: box.width, height: box.height, rx: 10 }),
  s("rect", { class: "node-stripe", x: 0, y: 12, width: 4, height: box.height - 24, rx: 2 }),
  id, state, lines, far);
  return {
    group,
    show: (task) => {
      const word = stateWord(task.state);
      group.setAttribute("data-state", task.state);
      group.setAttribute("aria-label", `${task.id} ${task.title}, ${task.role}, ${word}${task.note ? `, ${task.note}` : ""}`);
      say(id, `${task.id}  ${task.role}${task.attempt > 1 && COUNTED.has(task.state) ? `  ${task.attempt}/${task.attempts_max}` : ""}`);
      say(state, `${GLYPHS[task.state]} ${word}`);
      const title = wrap(task.title, Math.floor((box.width - PAD - 12) / LETTER));
      lines.forEach((line, at) => say(line, title[at] ?? ""));
      say(far, task.id);
      say(hint, task.note ? `${task.title}\n${task.note}` : task.title);
    },
  };
}

/**
 * The text on at most two lines of about so many letters; what does not fit becomes `…`.
 * @param {string} text
 * @param {number} letters
 * @returns {string[]}
 */
export function wrap(text, letters) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const last = lines[lines.length - 1];
    const joined = last ? `${last} ${word}` : word;
    if (width(joined) <= letters || !last) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  const shown = lines.slice(0, LINES);
  if (lines.length > LINES) shown[LINES - 1] += " …";
  return shown.map((line) => (width(line) <= letters ? line : `${clip(line, letters - 1)}…`));
}

/** Wide letters, those of East Asia among them, count twice. @param {string} text */
function width(text) {
  let sum = 0;
  for (const letter of text) sum += /[\u1100-\uffdc]|[\u{1f300}-\u{3fffd}]/u.test(letter) ? 2 : 1;
  return sum;
}

/**
 * @param {string} text
 * @param {number} letters
 */
function clip(text, letters) {
  let kept = "";
  for (const letter of text) {
    if (width(kept + letter) > letters) break;
    kept += letter;
  }
  return kept.replace(/ ?…$/, "").trimEnd();
}

/**
 * An arrow: a line, its head, and a broad invisible line that is easy to hit.
 * @param {import("../types.js").Arrow} arrow
 */
export function drawArrow(arrow) {
  const d = way(arrow.points);
  return s("g", { class: arrow.isPlanning ? "arrow planning" : "arrow", "data-source": arrow.source, "data-target": arrow.target },
    s("title", { text: arrow.isPlanning ? `${arrow.target} was planned by ${arrow.source}` : `${arrow.target} waits for ${arrow.source}` }),
    s("path", { class: "arrow-hit", d }),
    s("path", { class: "arrow-line", d: d + head(arrow.points) }));
}

/**
 * Straight where two points share an x or a y, else a curve that leaves and arrives level.
 * @param {[number, number][]} points
 */
function way(points) {
  return points.map(([x, y], at) => {
    if (at === 0) return `M${x} ${y}`;
    const [fromX, fromY] = points[at - 1];
    if (fromX === x || fromY === y) return `L${x} ${y}`;
    const middle = (fromX + x) / 2;
    return `C${middle} ${fromY} ${middle} ${y} ${x} ${y}`;
  }).join("");
}

/** @param {[number, number][]} points */
function head(points) {
  const [x, y] = points[points.length - 1] ?? [0, 0];
  const [fromX] = points[points.length - 2] ?? [x - 1, y];
  const back = fromX <= x ? -7 : 7;
  return `M${x + back} ${y - 4.5}L${x} ${y}L${x + back} ${y + 4.5}`;
}
