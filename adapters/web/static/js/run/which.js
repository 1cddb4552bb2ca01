/** Chooses one of a task's attempts. */

import { h, put } from "../dom.js";

/**
 * A list of attempts, the latest chosen; nothing to choose from hides it.
 * @param {number} latest
 * @param {(attempt: number) => void} onChoice
 */
export function attemptChoice(latest, onChoice) {
  const select = h("select", { "aria-label": "Which attempt", on: { change: () => onChoice(Number(select.value)) } });
  const element = h("label", { class: "which" }, "Attempt ", select);
  /** @param {number} now */
  function update(now) {
    if (select.options.length === now) return;
    const wasLatest = !select.value || Number(select.value) === select.options.length;
    const before = select.value;
    put(select, Array.from({ length: now }, (_, at) => h("option", { value: now - at, text: `${now - at}${at === 0 ? " (latest)" : ""}` })));
    select.value = wasLatest ? String(now) : before;
    element.hidden = now < 2;
    if (wasLatest && before) onChoice(now);
  }
  update(latest);
  return { element, update };
}
