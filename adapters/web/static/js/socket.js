/** The live line to the server: one WebSocket, subscriptions that survive a reconnect, and the state of the connection. */

/** @typedef {{type: string, run?: string, seq?: number, [field: string]: any}} Frame */
/** @typedef {"live"|"connecting"|"lost"} LinkState */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export class Socket {
  /**
   * @param {(frame: Frame) => void} onFrame
   * @param {(state: LinkState) => void} onState
   * @param {(run: string) => number|null} lastSeq the sequence to resume a run from, null for a fresh snapshot
   */
  constructor(onFrame, onState, lastSeq) {
    this.onFrame = onFrame;
    this.onState = onState;
    this.lastSeq = lastSeq;
    /** @type {Set<string>} */
    this.runs = new Set();
    /** @type {Set<string>} */
    this.streams = new Set();
    this.waitMs = FIRST_WAIT_MS;
    /** @type {WebSocket|null} */
    this.line = null;
  }

  /** Connect, and stay connected until the page goes away. */
  open() {
    this.onState("connecting");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const line = new WebSocket(`${scheme}://${location.host}/ws`);
    this.line = line;
    line.addEventListener("open", () => {
      this.waitMs = FIRST_WAIT_MS;
      this.onState("live");
      for (const run of this.runs) this.send({ type: "subscribe", run, from: this.lastSeq(run) });
      for (const task of this.streams) this.send({ type: "stream", task, on: true });
    });
    line.addEventListener("message", (event) => this.onFrame(JSON.parse(event.data)));
    line.addEventListener("close", () => {
      this.onState("lost");
      setTimeout(() => this.open(), this.waitMs);
      this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
    });
  }

  /** @param {string} run */
  subscribe(run) {
    if (this.runs.has(run)) return;
    this.runs.add(run);
    this.send({ type: "subscribe", run, from: null });
  }

  /** @param {string} run */
  unsubscribe(run) {
    if (this.runs.delete(run)) this.send({ type: "unsubscribe", run });
  }

  /** Ask for a fresh snapshot: a delta was missed. @param {string} run */
  refresh(run) {
    this.send({ type: "subscribe", run, from: null });
  }

  /**
   * Turn a task's live conversation on or off.
   * @param {string} task
   * @param {boolean} on
   */
  stream(task, on) {
    if (on === this.streams.has(task)) return;
    if (on) this.streams.add(task);
    else this.streams.delete(task);
    this.send({ type: "stream", task, on });
  }

  /** @param {Frame} frame */
  send(frame) {
    if (this.line?.readyState === WebSocket.OPEN) this.line.send(JSON.stringify(frame));
  }
}
