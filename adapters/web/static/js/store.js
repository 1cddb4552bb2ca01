/** What the page knows: the list of runs, the queue, and the one run on screen. Changes are told once an animation frame. */

import { toDecision, toRun, toTask } from "./shapes.js";

/** @typedef {{type: "runs"}|{type: "queue"}|{type: "run", tasks: Set<string>, plan: boolean, all: boolean}} Change */
/** @typedef {(changes: {runs: boolean, queue: boolean, run: RunChange|null}) => void} Listener */
/** @typedef {{tasks: Set<string>, plan: boolean, all: boolean}} RunChange what of the run on screen changed; `plan`: tasks or arrows came or went */

export class Store {
  constructor() {
    /** @type {Map<string, import("./types.js").Run>} */
    this.runs = new Map();
    /** @type {Map<string, import("./types.js").Decision>} */
    this.queue = new Map();
    /** @type {RunBoard|null} */
    this.board = null;
    /** @type {Set<Listener>} */
    this.listeners = new Set();
    this.pending = fresh();
    this.isScheduled = false;
  }

  /**
   * Be told of changes; the answer ends it.
   * @param {Listener} listener
   */
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The run on screen, empty until its snapshot comes; any other is forgotten. @param {string} run */
  open(run) {
    if (this.board?.id !== run) this.board = new RunBoard(run);
    return this.board;
  }

  close() {
    this.board = null;
  }

  /**
   * Take rows of the list in.
   * @param {any[]} items
   * @returns {boolean} whether the number of open questions of a run is another one
   */
  putRuns(items) {
    let isOther = false;
    for (const raw of items) {
      const run = toRun(raw);
      isOther ||= run.questions !== (this.runs.get(run.id)?.questions ?? 0);
      this.runs.set(run.id, run);
    }
    this.pending.runs = true;
    this.schedule();
    return isOther;
  }

  /** @param {any[]} items */
  putQueue(items) {
    const decisions = items.map(toDecision).filter((decision) => decision.is_open);
    this.queue = new Map(decisions.map((decision) => [decision.id, decision]));
    this.pending.queue = true;
    this.schedule();
  }

  /**
   * Take a snapshot or a delta in.
   * @param {import("./socket.js").Frame} frame
   * @returns {boolean} false when a delta does not fit and a snapshot is needed
   */
  apply(frame) {
    const board = this.board;
    if (!board || frame.run !== board.id) return true;
    const isDelta = frame.type === "delta";
    if (isDelta && !board.isLoaded) return false;
    const before = board.seq;
    board.seq = frame.seq ?? board.seq;
    if (isDelta && board.seq < before) return true;
    const change = isDelta ? board.change(frame.changes ?? {}) : board.load(frame.data ?? {});
    merge(this.pending, change);
    if (board.run) this.runs.set(board.id, { ...board.run, counts: board.counts });
    this.pending.runs = true;
    this.schedule();
    return true;
  }

  schedule() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      const changes = this.pending;
      this.pending = fresh();
      for (const listener of this.listeners) listener(changes);
    });
  }
}

/** One run with its tasks and open decisions. */
export class RunBoard {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    this.seq = 0;
    this.isLoaded = false;
    /** @type {any} the row and the head as the server last sent them */
    this.row = {};
    this.head = {};
    /** @type {import("./types.js").Run|null} */
    this.run = null;
    /** @type {Map<string, import("./types.js").Task>} in the order in which they were planned */
    this.tasks = new Map();
    /** @type {Map<string, import("./types.js").Decision>} open ones */
    this.decisions = new Map();
    /** @type {import("./types.js").Counts} */
    this.counts = {};
  }

  /** @param {any} data @returns {RunChange} */
  load(data) {
    this.row = data.run;
    this.head = data.head ?? {};
    this.run = toRun(this.row, this.head);
    this.seq = data.seq ?? this.seq;
    this.tasks = new Map((data.tasks ?? []).map((/** @type {any} */ raw) => [raw.id, toTask(raw)]));
    this.decisions.clear();
    for (const raw of data.decisions ?? []) this.putDecision(raw);
    this.counts = data.counts ?? {};
    this.isLoaded = true;
    return { tasks: new Set(this.tasks.keys()), plan: true, all: true };
  }

  /** @param {any} changes @returns {RunChange} */
  change(changes) {
    const touched = new Set();
    let plan = false;
    this.row = changes.run ?? this.row;
    this.head = changes.head ?? this.head;
    this.run = toRun(this.row, this.head);
    for (const raw of changes.tasks ?? []) {
      const task = toTask(raw);
      const before = this.tasks.get(task.id);
      plan ||= !before || before.depends_on.join() !== task.depends_on.join();
      this.tasks.set(task.id, task);
      touched.add(task.id);
    }
    for (const raw of changes.decisions ?? []) this.putDecision(raw);
    this.counts = changes.counts ?? this.counts;
    return { tasks: touched, plan, all: false };
  }

  /** @param {any} raw */
  putDecision(raw) {
    const decision = toDecision(raw);
    if (decision.is_open) this.decisions.set(decision.id, decision);
    else this.decisions.delete(decision.id);
  }

  /** The tasks that wait for this one directly. @param {string} id */
  dependents(id) {
    return [...this.tasks.values()].filter((task) => task.depends_on.includes(id));
  }
}

/** @returns {{runs: boolean, queue: boolean, run: RunChange|null}} */
function fresh() {
  return { runs: false, queue: false, run: null };
}

/**
 * @param {{run: RunChange|null}} pending
 * @param {RunChange} change
 */
function merge(pending, change) {
  if (!pending.run) pending.run = change;
  else {
    for (const task of change.tasks) pending.run.tasks.add(task);
    pending.run.plan ||= change.plan;
    pending.run.all ||= change.all;
  }
}
