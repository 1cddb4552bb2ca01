/** Turns what the server sends, which leaves out what is at its default, into whole objects. The one place that knows the wire. */

import { CHOICES } from "./words.js";

/** @typedef {any} Raw what JSON.parse gave; every field is checked or defaulted here */

/** @param {Raw} raw @returns {import("./types.js").Spend} */
export function toSpend(raw) {
  return { tokens: raw?.tokens ?? 0, cost_usd: raw?.cost_usd ?? 0, unpriced_tokens: raw?.unpriced_tokens ?? 0 };
}

/**
 * A run from its row, and from its head where that is known too.
 * @param {Raw} row
 * @param {Raw} [head]
 * @returns {import("./types.js").Run}
 */
export function toRun(row, head = {}) {
  const open = row.total - row.done;
  return {
    id: row.id, objective: head.objective ?? row.objective ?? "", state: row.state, branch: row.branch ?? "",
    model: head.model ?? "", sandbox: head.sandbox ?? "", warnings: head.warnings ?? [], spec: toSpec(head.spec),
    budget_usd: head.budget_usd ?? null, budget_tokens: head.budget_tokens ?? null, spend: toSpend(row.spend),
    spent: row.spent ?? "", left: row.left ?? "", landed: row.landed ?? 0, paused: row.paused ?? row.state === "paused", reason: row.reason ?? "",
    summary: head.summary?.sentence ?? "", started_at: row.started_at ?? "", updated_at: row.updated_at ?? "",
    finished_at: row.finished_at ?? "", done: row.done ?? 0, total: row.total ?? 0, questions: row.questions ?? 0,
    counts: row.counts ?? { ...(row.done ? { complete: row.done } : {}), ...(open > 0 ? { planned: open } : {}) },
  };
}

/** @param {Raw} raw @returns {import("./types.js").Spec|null} */
function toSpec(raw) {
  if (!raw) return null;
  return {
    summary: raw.summary ?? "", assumptions: raw.assumptions ?? [], constraints: raw.constraints ?? [],
    expected_outputs: raw.expected_outputs ?? [],
  };
}

/** A task in one line, as lists and the graph show it. @param {Raw} raw @returns {import("./types.js").Task} */
export function toTask(raw) {
  return {
    id: raw.id, title: raw.title ?? "", role: raw.role ?? "", state: raw.state, note: raw.note ?? "",
    attempt: raw.attempt ?? 0, attempts_max: raw.attempts_max ?? 5, latest: raw.latest ?? 0,
    depends_on: raw.depends_on ?? [], parent: raw.parent ?? null, started_at: raw.started_at ?? "",
    finished_at: raw.finished_at ?? "",
  };
}

/** A task with all that is known of it. @param {Raw} raw @returns {import("./types.js").TaskDetail} */
export function toDetail(raw) {
  return {
    line: toTask(raw.line), description: raw.description ?? "", priority: raw.priority ?? 5,
    criteria: (raw.criteria ?? []).map((/** @type {Raw} */ entry) => ({ text: entry.text ?? "", check: entry.check ?? "" })),
    guidance: raw.guidance ?? [], attempts: (raw.attempts ?? []).map(toAttempt), result: raw.result ?? "",
    receipt: raw.receipt ? toReceipt(raw.receipt) : null, reason: raw.reason ?? "", dependents: raw.dependents ?? [],
    decision: raw.decision ? toDecision(raw.decision) : null,
  };
}

/** @param {Raw} raw @returns {import("./types.js").Attempt} */
function toAttempt(raw) {
  return {
    number: raw.number, base: raw.base ?? "", started_at: raw.started_at ?? "", ended_at: raw.ended_at ?? "",
    commit: raw.commit ?? "", summary: raw.summary ?? "", failure: raw.failure ?? "", detail: raw.detail ?? "",
    verdict: raw.verdict ? toVerdict(raw.verdict) : null, turns: raw.turns ?? 0, spend: toSpend(raw.spend),
  };
}

/** @param {Raw} raw @returns {import("./types.js").Verdict} */
function toVerdict(raw) {
  return {
    passed: raw.passed === true, feedback: raw.feedback ?? "",
    criteria: (raw.criteria ?? []).map((/** @type {Raw} */ entry) => ({
      number: entry.number, passed: entry.passed === true, evidence: entry.evidence ?? "",
    })),
  };
}

/** @param {Raw} raw @returns {import("./types.js").Receipt} */
function toReceipt(raw) {
  return {
    commit: raw.commit ?? "", work: raw.work ?? "", tip: raw.tip ?? "", tree: raw.tree ?? "", branch: raw.branch ?? "",
    checks: (raw.checks ?? []).map(toProof), gates: (raw.gates ?? []).map(toProof),
  };
}

/** @param {Raw} raw @returns {import("./types.js").Proof} */
function toProof(raw) {
  return {
    name: raw.name ?? "", run: raw.run ?? "", exit_code: raw.exit_code ?? 0, passed: raw.passed ?? 0,
    failed: raw.failed ?? 0, skipped: raw.skipped ?? 0, duration_s: raw.duration_s ?? 0,
  };
}

/** @param {Raw} raw @returns {import("./types.js").Decision} */
export function toDecision(raw) {
  return {
    id: raw.id, run: raw.run, task: raw.task ?? null, kind: raw.kind ?? "task", title: raw.title ?? "",
    question: raw.question ?? "", evidence: raw.evidence ?? [], options: (raw.options ?? []).map(toOption),
    asked_at: raw.asked_at ?? "", generation: raw.generation ?? 0, is_open: raw.is_open ?? true, sentence: raw.sentence ?? "",
    proposal: raw.proposal ?? "",
  };
}

/** @param {Raw} raw @returns {import("./types.js").Option} */
function toOption(raw) {
  /** @type {import("./types.js").Choice} */
  const choice = raw.choice;
  const [label, meaning] = CHOICES[choice] ?? [raw.label, raw.meaning];
  return { choice, label, meaning };
}

/** @param {Raw} raw @returns {import("./types.js").Layout} */
export function toLayout(raw) {
  return {
    width: raw.width ?? 0, height: raw.height ?? 0,
    boxes: (raw.boxes ?? []).map((/** @type {Raw} */ box) => ({
      id: box.id, x: box.x, y: box.y, width: box.w, height: box.h,
    })),
    arrows: (raw.arrows ?? []).map((/** @type {Raw} */ arrow) => ({
      source: arrow.from, target: arrow.to, points: arrow.points ?? [], isPlanning: arrow.is_planning ?? false,
    })),
  };
}

/** @param {Raw} raw @returns {import("./types.js").Turn} */
export function toTurn({ speaker, turn }) {
  return {
    number: turn.number ?? 0, speaker, at_ms: turn.at_ms ?? 0,
    tokens: (turn.usage?.prompt_tokens ?? 0) + (turn.usage?.completion_tokens ?? 0),
    messages: (turn.messages ?? []).map((/** @type {Raw} */ message) => ({
      role: message.role, content: message.content ?? "",
      tool_calls: (message.tool_calls ?? []).map((/** @type {Raw} */ call) => ({ name: call.name ?? "", arguments: call.arguments ?? "" })),
    })),
  };
}

/** @param {Raw} raw @returns {import("./types.js").Post} */
export function toPost(raw) {
  return {
    id: raw.id, at: raw.at ?? "", by: raw.by ?? "", kind: raw.kind ?? "post", text: raw.text ?? "",
    isPrivate: raw.private ?? false, message: raw.message ?? null, form: raw.form ? toForm(raw.form) : null,
  };
}

/** @param {Raw} raw @returns {import("./types.js").Form} */
function toForm(raw) {
  return {
    name: raw.name, title: raw.title, submit: raw.submit, args: raw.args ?? {},
    fields: (raw.fields ?? []).map((/** @type {Raw} */ field) => ({
      name: field.name, label: field.label, kind: field.kind, hint: field.hint, needed: field.is_required,
      options: field.options?.length ? Object.fromEntries(field.options) : undefined, value: field.options?.[0]?.[0] ?? "",
    })),
  };
}

/** @param {Raw} raw @returns {import("./types.js").Lesson} */
export function toLesson(raw) {
  return {
    task: raw.task ?? "", title: raw.title ?? "", attempt: raw.attempt ?? 0, at: raw.at ?? "", failure: raw.failure ?? "",
    text: raw.text ?? "", feedback: raw.feedback ?? "", insight: raw.insight ?? "", about: raw.about ?? [],
  };
}

/** @param {Raw} raw @returns {import("./types.js").DesignEntry} */
export function toDesignEntry(raw) {
  return { at: raw.at ?? "", by: raw.by ?? "", topic: raw.topic ?? "", text: raw.text ?? "" };
}

/** @param {Raw} raw @returns {import("./types.js").Cost} */
export function toCost(raw) {
  return { task: raw.task, title: raw.title ?? "", role: raw.role ?? "", attempts: raw.attempts ?? 0, spend: toSpend(raw) };
}

/** @param {Raw} raw @returns {import("./types.js").Model} */
export function toModel(raw) {
  return { role: raw.role ?? "", name: raw.model ?? "", word: raw.word ?? raw.model ?? "", isPilot: raw.is_pilot ?? false };
}
