/** Starts the page: who is signed in, the live line, the queue's count, and a view for each address. */

import { get, Problem, useCsrf } from "./api.js";
import { byId, h, put, say } from "./dom.js";
import { QueueWatch } from "./queue.js";
import { parse } from "./router.js";
import { Socket } from "./socket.js";
import { Store } from "./store.js";
import { toast } from "./toast.js";
import { modelsView } from "./views/models.js";
import { queueView } from "./views/queue.js";
import { runView } from "./views/run.js";
import { runsView } from "./views/runs.js";
import { startView } from "./views/start.js";

/** @typedef {{element: HTMLElement, title: string, update?: (changes: {runs: boolean, queue: boolean, run: import("./store.js").RunChange|null}) => void, frame?: (frame: import("./socket.js").Frame) => void, route?: (path: string[]) => boolean, close?: () => void}} View */
/** @typedef {{store: Store, socket: Socket, session: import("./types.js").Session, watch: QueueWatch}} Context */

/** @type {{[name: string]: (context: Context, path: string[]) => View}} */
const VIEWS = { runs: runsView, run: runView, new: startView, queue: queueView, models: modelsView };
/** @type {{[state: string]: string}} */
const LINK_WORDS = { live: "Live", connecting: "Connecting…", lost: "Connection lost, trying again…" };

const store = new Store();
const main = byId("main");
/** @type {View|null} */
let view = null;
/** @type {Context} */
let context;

const socket = new Socket(onFrame, onLink, (run) => (store.board?.id === run && store.board.isLoaded ? store.board.seq : null));

/** @param {import("./socket.js").Frame} frame */
function onFrame(frame) {
  if (frame.type === "runs") {
    if (store.putRuns(frame.items ?? [])) context.watch.refreshSoon();
  } else if (["snapshot", "delta", "catch_up"].includes(frame.type)) {
    if (!store.apply(frame) && frame.run) socket.refresh(frame.run);
    if (frame.changes?.decisions?.length) context.watch.refreshSoon();
  } else if (frame.type === "problem") {
    toast(String(frame.detail ?? "the live line refused a message"), "bad");
    view?.frame?.(frame);
  } else view?.frame?.(frame);
}

/** @param {import("./socket.js").LinkState} state */
function onLink(state) {
  const element = byId("link-state");
  say(element, LINK_WORDS[state]);
  element.dataset.state = state;
  if (state === "live") context.watch.refreshSoon();
}

function show() {
  const { name, path } = parse(location.hash);
  for (const link of document.querySelectorAll("[data-nav]")) {
    const isHere = link.getAttribute("data-nav") === (name === "run" || name === "new" ? "runs" : name);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view?.route?.([name, ...path])) return;
  const isFirst = view === null;
  view?.close?.();
  view = (VIEWS[name] ?? runsView)(context, path);
  put(main, view.element);
  main.dataset.view = name;
  setTitle();
  scrollTo(0, 0);
  if (!isFirst) main.focus({ preventScroll: true });
}

function setTitle() {
  const waiting = store.queue.size;
  document.title = `${waiting ? `(${waiting}) ` : ""}${view?.title ?? "orch"} · orch`;
}

function showQueueCount() {
  const badge = byId("queue-count");
  badge.hidden = store.queue.size === 0;
  say(badge, String(store.queue.size));
  badge.setAttribute("aria-label", `${store.queue.size} open`);
  setTitle();
}

async function start() {
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });
  try {
    /** @type {import("./types.js").Session} */
    const session = await get("/session");
    useCsrf(session.csrf ?? "");
    context = { store, socket, session, watch: new QueueWatch(store) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    put(main, h("div", { class: "empty" }, h("h1", { text: "Not connected" }), h("p", { text: error.message })));
    return;
  }
  store.listen((changes) => {
    if (changes.queue) showQueueCount();
    view?.update?.(changes);
  });
  addEventListener("hashchange", show);
  show();
  socket.open();
}

await start();
