/** What the run has cost: against its caps, by role, and the tasks that cost most. */

import { h } from "../dom.js";
import { empty } from "../parts.js";
import { to } from "../router.js";
import { toCost } from "../shapes.js";
import { count, tokens, usd } from "../words.js";
import { reloading } from "./notes.js";

const MOST_TASKS = 25;

/** @type {(context: import("../views/run.js").RunContext) => import("../views/run.js").Tab} */
export function costTab({ board }) {
  return reloading(`/runs/${board.id}/cost`, (items) => {
    const costs = items.map(toCost).filter((cost) => cost.spend.tokens || cost.spend.cost_usd);
    const run = board.run;
    if (!run || !costs.length) return [empty("Nothing is spent yet", "Tokens and dollars are counted with each answer of a model, and kept with the attempt that asked.")];
    return [
      h("div", { class: "meters" },
        run.budget_usd === null ? figure("Spent", `$${usd(run.spend.cost_usd)}`) : meter("Dollars", run.spend.cost_usd, run.budget_usd, (value) => `$${usd(value)}`),
        run.budget_tokens === null ? figure("Tokens", tokens(run.spend.tokens)) : meter("Tokens", run.spend.tokens, run.budget_tokens, tokens),
        run.spend.unpriced_tokens ? figure("Tokens without a known price", tokens(run.spend.unpriced_tokens)) : null),
      h("h2", { text: "By role" }), table(byRole(costs), "Role"),
      h("h2", { text: "By task" }), table(costs.sort(dearest).slice(0, MOST_TASKS).map((cost) => ({
        name: h("span", {}, h("a", { class: "id", href: to("run", board.id, "graph", cost.task), text: cost.task }), ` ${cost.title}`), attempts: cost.attempts, spend: cost.spend,
      })), "Task"),
      costs.length > MOST_TASKS ? h("p", { class: "quiet", text: `and ${count(costs.length - MOST_TASKS, "task")} that cost less` }) : null,
    ];
  });
}

/** @typedef {{name: import("../dom.js").Child, attempts: number, spend: import("../types.js").Spend}} Row */

/**
 * @param {import("../types.js").Cost} one
 * @param {import("../types.js").Cost} other
 */
function dearest(one, other) {
  return other.spend.cost_usd - one.spend.cost_usd || other.spend.tokens - one.spend.tokens;
}

/** @param {import("../types.js").Cost[]} costs @returns {Row[]} */
function byRole(costs) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  for (const { role, attempts, spend } of costs) {
    const row = rows.get(role) ?? { name: role, attempts: 0, spend: { tokens: 0, cost_usd: 0, unpriced_tokens: 0 } };
    row.attempts += attempts;
    row.spend.tokens += spend.tokens;
    row.spend.cost_usd += spend.cost_usd;
    rows.set(role, row);
  }
  return [...rows.values()].sort((one, other) => other.spend.tokens - one.spend.tokens);
}

/**
 * @param {Row[]} rows
 * @param {string} what
 */
function table(rows, what) {
  return h("div", { class: "table-wrap" }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", { text: what }), ["Attempts", "Tokens", "US dollars"].map((text) => h("th", { class: "number", text })))),
    h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.name),
      [String(row.attempts), tokens(row.spend.tokens), usd(row.spend.cost_usd)].map((text) => h("td", { class: "number", text })))))));
}

/**
 * @param {string} name
 * @param {string} value
 */
function figure(name, value) {
  return h("div", { class: "meter" }, h("span", { class: "quiet", text: name }), h("strong", { text: value }));
}

/**
 * @param {string} name
 * @param {number} value
 * @param {number} most
 * @param {(value: number) => string} words
 */
function meter(name, value, most, words) {
  return h("div", { class: "meter" }, h("span", { class: "quiet", text: name }), h("strong", { text: `${words(value)} of ${words(most)}` }),
    h("meter", { min: 0, max: most, high: most * 0.8, value, "aria-label": `${name}: ${words(value)} of ${words(most)}` }));
}
