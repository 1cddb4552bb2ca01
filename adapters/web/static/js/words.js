/** Words and figures as people read them: states, choices, times, money. Mirrors bot/replies/words.py. */

/** @type {{[state: string]: string}} */
const STATES = { awaiting_qa: "awaiting QA", waiting_human: "waiting human" };

/** A shape a state, so that no state is told by colour alone. @type {{[state: string]: string}} */
export const GLYPHS = {
  planned: "○", ready: "◌", active: "●", awaiting_qa: "◐", approved: "◕", complete: "✓", failed: "✗",
  waiting_human: "?", abandoned: "–", planning: "●", running: "●", paused: "❙❙", completed: "✓", cancelled: "–",
};

/** @type {import("./types.js").TaskState[]} */
export const TASK_STATES = [
  "waiting_human", "failed", "active", "awaiting_qa", "approved", "ready", "planned", "complete", "abandoned",
];

/** @type {{[choice in import("./types.js").Choice]: [label: string, meaning: string]}} */
export const CHOICES = {
  retry: ["Retry", "Try again, with a full set of tries."],
  retry_with_changes: ["Retry with changes…", "Say what to do differently."],
  abandon: ["Abandon…", "Give it up; you choose what becomes of the tasks that wait for it."],
  spawn: ["Spawn a task…", "A new task takes its place."],
  raise_budget: ["Raise the budget…", "Set a higher cap and go on."],
  finish_cheaply: ["Finish cheaply…", "Finish what is begun: a cheaper model, one task at a time, a quarter more money, nothing new."],
  land_now: ["Land now", "The files are out of the way: land it."],
  review_again: ["Review again", "The reviewer can be reached again: review the work that is there."],
  approve: ["Approve", "It is right as it stands. A plan can be changed first: add, link or abandon tasks."],
  keep: ["Keep", "Leave it as it stands; a run that is under way goes on."],
  replan: ["Replan…", "Let a planner plan what is needed."],
  stop: ["Stop the run…", "End the run here; what landed stays."],
};

/** @type {{[choice: string]: string}} */
export const DEPENDENTS = {
  cascade: "Give them up too",
  drop: "Let them go on without it",
  replan: "Let a planner replace them",
};

/** @param {string} state */
export function stateWord(state) {
  return STATES[state] ?? state.replaceAll("_", " ");
}

/** @param {string} state */
export function isOver(state) {
  return ["completed", "failed", "cancelled"].includes(state);
}

/**
 * `1 task`, `3 tasks`.
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * What was spent, of which cap.
 * @param {import("./types.js").Spend} spend
 * @param {number|null} [budgetUsd]
 * @param {number|null} [budgetTokens]
 */
export function money(spend, budgetUsd = null, budgetTokens = null) {
  const parts = [];
  if (budgetUsd !== null) parts.push(`$${usd(spend.cost_usd)} of $${budgetUsd}`);
  else if (spend.cost_usd) parts.push(`$${usd(spend.cost_usd)}`);
  if (budgetTokens !== null) parts.push(`${tokens(spend.tokens)} of ${tokens(budgetTokens)} tokens`);
  else if (spend.tokens) parts.push(`${tokens(spend.tokens)} tokens`);
  return parts.join(" · ") || "nothing spent";
}

/** @param {number} amount */
export function usd(amount) {
  return amount > 0 && amount < 0.01 ? amount.toFixed(4) : amount.toFixed(2);
}

/** @param {number} number */
export function tokens(number) {
  if (number >= 1e6) return `${(number / 1e6).toFixed(number < 1e7 ? 2 : 1).replace(/\.?0+$/, "")} M`;
  return number >= 10_000 ? `${Math.round(number / 1000)} k` : number.toLocaleString("en");
}

/**
 * `7 s`, `12 min`, `1 h 2 min` between two times; an empty end is now.
 * @param {string} from
 * @param {string} [to]
 */
export function duration(from, to = "") {
  const seconds = Math.max(0, Math.round(((to ? Date.parse(to) : Date.now()) - Date.parse(from)) / 1000));
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** How long ago. @param {string} at */
export function ago(at) {
  const seconds = (Date.now() - Date.parse(at)) / 1000;
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return "just now";
  return seconds < 86_400 ? `${duration(at)} ago` : at.slice(0, 10);
}

/** `14:03:07`, local time. @param {string|number} at */
export function clock(at) {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? "" : time.toLocaleTimeString("en-GB");
}

