/** The shapes of what the server says, as this page uses them after shapes.js filled in the defaults. Types only. */

/** @typedef {"planned"|"ready"|"active"|"awaiting_qa"|"approved"|"complete"|"failed"|"waiting_human"|"abandoned"} TaskState */
/** @typedef {"planning"|"running"|"paused"|"waiting_human"|"completed"|"failed"|"cancelled"} RunState */
/** @typedef {"retry"|"retry_with_changes"|"abandon"|"spawn"|"raise_budget"|"land_now"|"replan"|"stop"|"keep"|"finish_cheaply"|"approve"|"review_again"} Choice */
/** @typedef {"cascade"|"drop"|"replan"} Dependents */
/** @typedef {{tokens: number, cost_usd: number, unpriced_tokens: number}} Spend */
/** @typedef {{[state: string]: number}} Counts */
/** @typedef {{text: string, check: string}} Criterion */
/** @typedef {{number: number, passed: boolean, evidence: string}} CriterionVerdict */
/** @typedef {{passed: boolean, criteria: CriterionVerdict[], feedback: string}} Verdict */
/** @typedef {{name: string, run: string, exit_code: number, passed: number, failed: number, skipped: number, duration_s: number}} Proof */
/** @typedef {{commit: string, work: string, tip: string, tree: string, branch: string, checks: Proof[], gates: Proof[]}} Receipt */
/**
 * @typedef {{number: number, base: string, started_at: string, ended_at: string, commit: string, summary: string,
 *   failure: string, detail: string, verdict: Verdict|null, turns: number, spend: Spend}} Attempt
 */
/**
 * @typedef {{id: string, title: string, role: string, state: TaskState, note: string, attempt: number, attempts_max: number,
 *   latest: number, depends_on: string[], parent: string|null, started_at: string, finished_at: string}} Task
 */
/**
 * @typedef {{line: Task, description: string, priority: number, criteria: Criterion[], guidance: string[],
 *   attempts: Attempt[], result: string, receipt: Receipt|null, reason: string, dependents: string[],
 *   decision: Decision|null}} TaskDetail
 */
/** @typedef {{summary: string, assumptions: string[], constraints: string[], expected_outputs: string[]}} Spec */
/**
 * @typedef {{id: string, objective: string, state: RunState, branch: string, model: string, sandbox: string,
 *   budget_usd: number|null, budget_tokens: number|null, spend: Spend, spent: string, left: string, landed: number,
 *   paused: boolean, reason: string, summary: string, started_at: string, updated_at: string, finished_at: string, spec: Spec|null,
 *   counts: Counts, done: number, total: number, questions: number, warnings: string[]}} Run
 */
/** @typedef {{choice: Choice, label: string, meaning: string}} Option */
/**
 * @typedef {{id: string, run: string, task: string|null, kind: string, title: string, question: string,
 *   evidence: string[], options: Option[], asked_at: string, generation: number, is_open: boolean, sentence: string,
 *   proposal: string}} Decision
 */
/** @typedef {{id: string, x: number, y: number, width: number, height: number}} Box */
/** @typedef {{source: string, target: string, points: [number, number][], isPlanning: boolean}} Arrow */
/** @typedef {{width: number, height: number, boxes: Box[], arrows: Arrow[]}} Layout */
/** @typedef {{name: string, arguments: string}} ToolCall */
/** @typedef {{role: string, content: string, tool_calls: ToolCall[]}} Message */
/** @typedef {{number: number, speaker: string, at_ms: number, messages: Message[], tokens: number}} Turn */
/**
 * @typedef {{id: string, at: string, by: string, kind: "card"|"post"|"said"|"reply"|"form", text: string, isPrivate: boolean,
 *   message: {[field: string]: any}|null, form: Form|null}} Post
 */
/** @typedef {{name: string, title: string, submit: string, args: {[name: string]: string}, fields: import("./dialog.js").Field[]}} Form */
/** @typedef {{task: string, title: string, attempt: number, at: string, failure: string, text: string, feedback: string, insight: string, about: string[]}} Lesson */
/** @typedef {{at: string, by: string, topic: string, text: string}} DesignEntry */
/** @typedef {{task: string, title: string, role: string, attempts: number, spend: Spend}} Cost */
/** @typedef {{actor: string, name: string, role: string, csrf: string, repository: string, branch: string, sandbox: string, is_pilot: boolean}} Session */
/** @typedef {{role: string, name: string, word: string, isPilot: boolean}} Model */
/** @typedef {{name: string, title: string, text: string}} Template */
/** @typedef {{start: string, state: "measuring"|"started"|"refused", run: {id: string}|null, reason: string}} Start */

export {};
