/** What an attempt changed, file by file, with added and removed lines told by sign and colour. */

import { get, Problem } from "../api.js";
import { h, put } from "../dom.js";
import { button, empty } from "../parts.js";
import { attemptChoice } from "./which.js";

const MOST_LINES = 1500;

/**
 * @param {string} path of the task
 * @param {import("../types.js").TaskDetail} detail
 * @returns {import("./inspector.js").Part}
 */
export function diffPart(path, detail) {
  const body = h("div", { class: "diff" });
  const choice = attemptChoice(detail.line.latest, (attempt) => void load(attempt));

  /** @param {number} attempt */
  async function load(attempt) {
    if (!attempt) return put(body, empty("No attempt yet", "What the worker changes shows here as soon as it hands its work in."));
    try {
      const answer = await get(`${path}/diff?attempt=${attempt}`);
      put(body, answer.diff ? filesOf(answer.diff).map(fileOf) : empty("Nothing changed", "This attempt handed in no change."));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      put(body, empty("No diff", error.status === 404 ? "This attempt has handed in nothing, so far." : error.message));
    }
  }

  void load(detail.line.latest);
  return { element: h("div", { class: "stack" }, choice.element, body), update: (now) => choice.update(now.line.latest) };
}

/**
 * A unified diff by file.
 * @param {string} diff
 * @returns {{name: string, lines: string[]}[]}
 */
export function filesOf(diff) {
  /** @type {{name: string, lines: string[]}[]} */
  const files = [];
  for (const line of diff.replace(/\n$/, "").split("\n")) {
    if (line.startsWith("diff --git ") || files.length === 0) files.push({ name: line.split(" b/").slice(1).join(" b/") || "changes", lines: [] });
    if (!/^(diff --git|index|---|\+\+\+) /.test(line)) files[files.length - 1].lines.push(line);
  }
  return files;
}

/** @param {{name: string, lines: string[]}} file */
function fileOf({ name, lines }) {
  const added = lines.filter((line) => line.startsWith("+")).length;
  const removed = lines.filter((line) => line.startsWith("-")).length;
  const code = h("div", { class: "code", tabindex: "0", role: "region", "aria-label": `Changes of ${name}` });
  const rest = h("div");
  let shown = 0;
  function more() {
    code.append(...lines.slice(shown, shown + MOST_LINES).map(lineOf));
    shown += MOST_LINES;
    put(rest, shown < lines.length ? button(`Show ${lines.length - shown} more lines`, more) : null);
  }
  more();
  return h("details", { class: "file", open: true },
    h("summary", {}, h("code", { text: name }), h("span", { class: "plus", text: `+${added}` }), h("span", { class: "minus", text: `−${removed}` })), code, rest);
}

/** @param {string} line */
function lineOf(line) {
  const kind = line.startsWith("@@") ? "hunk" : line.startsWith("+") ? "add" : line.startsWith("-") ? "del" : "same";
  return h("div", { class: `line ${kind}`, text: line || " " });
}
