/** The run's thread, as the bot wrote it on every chat, and the line where `/orch …` is typed. */

import { get, post } from "../api.js";
import { fieldOf } from "../dialog.js";
import { h, put } from "../dom.js";
import { button, empty } from "../parts.js";
import { toPost } from "../shapes.js";
import { attempt } from "../toast.js";
import { cardOf } from "./cards.js";

const PAGE = 50;
const MOST_POSTS = 300;
const NEAR_END_PX = 160;

/** @typedef {import("../views/run.js").RunContext} RunContext */
/** @typedef {import("../types.js").Post} Post */

/** @type {(context: RunContext) => import("../views/run.js").Tab} */
export function threadTab(context) {
  const { board } = context;
  const posts = h("ol", { class: "posts", "aria-live": "polite" });
  const blank = h("div");
  const earlier = h("div", { class: "more" });
  const line = h("input", { name: "text", autocomplete: "off", "aria-label": "Say something to orch", placeholder: "/orch status", spellcheck: "false" });
  const form = h("form", { class: "composer", on: { submit: (/** @type {Event} */ event) => void send(event) } },
    line, h("button", { type: "submit", class: "button primary", text: "Send" }));
  const element = h("div", { class: "column thread" }, earlier, blank, posts, form,
    h("p", { class: "quiet composer-hint" }, "Orders begin with ", h("code", { text: "/orch" }), "; ", h("code", { text: "/orch help" }), " lists them. Plain words never consent to anything."));
  /** @type {Map<string, HTMLElement>} */
  const shown = new Map();
  /** @type {string[]} */
  const said = [];
  let back = 0;

  /**
   * Show items; one that is there already is replaced in its place.
   * @param {any[]} items
   * @param {boolean} [isEarlier]
   */
  function add(items, isEarlier = false) {
    const isAtEnd = document.documentElement.scrollHeight - innerHeight - scrollY < NEAR_END_PX;
    const fresh = [];
    for (const one of items.map(toPost).filter((item) => item.kind !== "card")) {
      const item = postItem(context, one);
      const before = shown.get(one.id);
      if (before) before.replaceWith(item);
      else fresh.push(item);
      shown.set(one.id, item);
    }
    if (isEarlier) posts.prepend(...fresh);
    else posts.append(...fresh);
    while (!isEarlier && posts.children.length > MOST_POSTS) posts.firstElementChild?.remove();
    put(blank, posts.children.length ? null : empty("The thread is still empty", "The bot tells the run's progress here, and in every chat the run is bound to: each phase, landing and retry, and the questions."));
    if (isAtEnd && !isEarlier) form.scrollIntoView({ block: "end" });
  }

  /** @param {number} [until] the place of the first item that is shown; without it, the end of the thread */
  async function load(until) {
    const from = Math.max(0, (until ?? 0) - PAGE);
    const query = until === undefined ? `limit=${PAGE}` : `cursor=${from}&limit=${until - from}`;
    const page = await attempt(() => get(`/runs/${board.id}/thread?${query}`));
    if (!page) return;
    add(page.items, until !== undefined);
    put(earlier, page.start > 0 ? button("Show what was before", () => void load(page.start)) : null);
  }

  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    const text = line.value.trim();
    if (!text) return;
    said.push(text);
    back = said.length;
    line.value = "";
    const answer = await attempt(() => post(`/runs/${board.id}/say`, { text }));
    if (answer?.item) add([answer.item]);
    form.scrollIntoView({ block: "end" });
  }

  line.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    back = Math.min(said.length, Math.max(0, back + (event.key === "ArrowUp" ? -1 : 1)));
    line.value = said[back] ?? "";
    event.preventDefault();
  });
  void load();
  return {
    element,
    frame: (frame) => {
      if (frame.type === "thread" && frame.run === board.id) add(frame.items ?? []);
    },
  };
}

/**
 * @param {RunContext} context
 * @param {Post} one
 */
function postItem(context, one) {
  const isMine = one.kind === "said";
  return h("li", { class: `post${isMine ? " mine" : ""}${one.isPrivate ? " private" : ""}` },
    h("p", { class: "post-head" }, h("strong", { text: isMine ? one.by.split(":").at(-1) : "orch" }),
      one.isPrivate ? h("span", { class: "tag", text: "only you see this" }) : null,
      h("small", { class: "quiet", text: one.at ? new Date(one.at).toLocaleTimeString("en-GB") : "" })),
    one.form ? formItem(context, one.form, one.id) : cardOf(context, one));
}

/**
 * A form that the bot asks to fill in.
 * @param {RunContext} context
 * @param {import("../types.js").Form} form
 * @param {string} id
 */
function formItem({ board }, form, id) {
  const submit = h("button", { type: "submit", class: "button primary", text: form.submit });
  return h("form", {
    class: "stack",
    on: {
      submit: async (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        const values = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
        submit.disabled = true;
        const answer = await attempt(() => post(`/runs/${board.id}/act`, { name: form.name, args: form.args, values }));
        submit.disabled = answer !== null;
      },
    },
  }, h("p", { class: "card-title", text: form.title }), form.fields.map((field) => fieldOf(field, id)), h("div", { class: "dialog-acts" }, submit));
}
