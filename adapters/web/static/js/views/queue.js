/** The human queue: every open question of every run, oldest first, answered in place. */

import { h, put } from "../dom.js";
import { decisionCard, version } from "../decision.js";
import { empty } from "../parts.js";

/** @param {import("../main.js").Context} context @returns {import("../main.js").View} */
export function queueView(context) {
  const { store, watch } = context;
  const list = h("div", { class: "decisions" });
  const lead = h("p", { class: "quiet" });
  /** @type {Map<string, {card: HTMLElement, shows: string}>} */
  const cards = new Map();

  function draw() {
    const open = [...store.queue.values()].sort((one, other) => one.asked_at.localeCompare(other.asked_at));
    lead.textContent = open.length ? "Work on everything else goes on while these wait. The oldest comes first." : "";
    for (const id of [...cards.keys()]) if (!store.queue.has(id)) cards.delete(id);
    if (!open.length) {
      put(list, empty("Nothing needs you",
        "When a task keeps failing, a budget is reached or a plan needs a word, the question comes here, from all runs, with what was measured and the ways to answer."));
      return;
    }
    const wanted = open.map((decision) => {
      const known = cards.get(decision.id);
      if (known?.shows === version(decision)) return known.card;
      const card = decisionCard(context, decision, { isLinked: true });
      cards.set(decision.id, { card, shows: version(decision) });
      return card;
    });
    if (wanted.length !== list.children.length || wanted.some((card, at) => list.children[at] !== card)) put(list, wanted);
  }

  void watch.refresh();
  draw();
  return {
    title: "Queue",
    element: h("section", { class: "page narrow" }, h("header", { class: "page-head" }, h("div", {}, h("h1", { text: "Queue" }), lead)), list),
    update: (changes) => changes.queue && draw(),
  };
}
