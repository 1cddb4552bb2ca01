/** Keeps the human queue fresh: asks the server soon after something moved, and now and then in any case. */

import { get, Problem } from "./api.js";
import { announce } from "./toast.js";

const SOON_MS = 400;
const ANYHOW_MS = 30_000;

export class QueueWatch {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.isDue = false;
    /** @type {Set<string>|null} */
    this.known = null;
    setInterval(() => this.refreshSoon(), ANYHOW_MS);
  }

  /** Many calls within a moment cost one request. */
  refreshSoon() {
    if (this.isDue) return;
    this.isDue = true;
    setTimeout(() => {
      this.isDue = false;
      void this.refresh();
    }, SOON_MS);
  }

  async refresh() {
    try {
      this.store.putQueue((await get("/interrupts")).items ?? []);
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // the connection's state is shown already; the next round asks again
      return;
    }
    const open = new Set(this.store.queue.keys());
    const added = [...open].filter((id) => this.known && !this.known.has(id));
    for (const id of added) announce(`${id} needs you: ${this.store.queue.get(id)?.question ?? ""}`);
    this.known = open;
  }
}
