/** Which model each role thinks with, and where that is set. */

import { get } from "../api.js";
import { h, put } from "../dom.js";
import { empty } from "../parts.js";
import { toModel } from "../shapes.js";
import { attempt } from "../toast.js";

/** @type {[role: string, does: string][]} */
const ROLES = [
  ["director", "writes the spec and divides the work"], ["planner", "plans tasks with checks"], ["coder", "changes the code"],
  ["tester", "writes tests"], ["strategist", "reviews each result against its criteria"],
];

/** @param {import("../main.js").Context} context @returns {import("../main.js").View} */
export function modelsView({ session }) {
  const body = h("div", { class: "sheet" }, h("p", { class: "loading", text: "Loading…" }));
  void load(body, session);
  return { title: "Models", element: h("section", { class: "page narrow" }, h("header", { class: "page-head" }, h("h1", { text: "Models" })), body) };
}

/**
 * @param {HTMLElement} body
 * @param {import("../types.js").Session} session
 */
async function load(body, session) {
  const answer = await attempt(() => get("/models"));
  if (!answer) return put(body, empty("No answer", "The models could not be read. Reload the page to ask again."));
  /** @type {import("../types.js").Model[]} */
  const models = answer.items.map(toModel);
  const first = models.find((model) => !model.role);
  put(body,
    h("div", { class: "table-wrap" }, h("table", {},
      h("thead", {}, h("tr", {}, ["Role", "What it does", "Model"].map((text) => h("th", { text })))),
      h("tbody", {}, ROLES.map(([role, does]) => {
        const own = models.find((model) => model.role === role);
        return h("tr", {}, h("th", { scope: "row", text: role }), h("td", { class: "quiet", text: does }),
          h("td", {}, (own ?? first)?.word ?? "none", own ? null : h("small", { class: "quiet", text: " (default)" })));
      })))),
    first?.isPilot ? h("p", { class: "prose" }, "The pilot is a small set of rules, not a language model. It repairs small Python faults and says no to anything else. For real work, name a model: ",
      h("code", { text: "orch up --model openai/gpt-4.1" })) : null,
    h("p", { class: "quiet" }, "A role gets its own model in ", h("code", { text: "orch.toml" }), ", for the engine's next start: ", h("code", { text: '[models] coder = "…"' })),
    h("p", { class: "quiet", text: `Commands run in the sandbox level: ${session.sandbox}.` }));
}
