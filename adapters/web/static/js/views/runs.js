/** The list of runs: state, progress and spend of each, the newest first. */

import { get } from "../api.js";
import { h, put } from "../dom.js";
import { badge, button, empty, progress, progressWord } from "../parts.js";
import { to } from "../router.js";
import { attempt } from "../toast.js";
import { ago, count, duration, isOver } from "../words.js";

const PAGE = 30;

/** @param {import("../main.js").Context} context @returns {import("../main.js").View} */
export function runsView({ store, session }) {
  const list = h("ul", { class: "runs", "aria-label": "Runs" });
  const more = h("div", { class: "more" });
  const where = [session.repository, session.branch].filter(Boolean).join(" · ");
  const element = h("section", { class: "page" },
    h("header", { class: "page-head" }, h("div", {}, h("h1", { text: "Runs" }), where ? h("p", { class: "quiet", text: where }) : null)),
    list, more);
  /** @type {Map<string, {row: HTMLElement, run: import("../types.js").Run}>} */
  const rows = new Map();
  let loaded = 0;
  let isLoaded = false;
  let shown = PAGE;

  async function load() {
    const page = await attempt(() => get(`/runs?limit=${PAGE}&offset=${loaded}`));
    isLoaded = true;
    if (!page) return draw();
    loaded += page.items.length;
    store.putRuns(page.items);
    put(more, page.next !== null ? button("Show older runs", () => {
      shown += PAGE;
      void load();
    }) : null);
    draw();
  }

  function draw() {
    const runs = [...store.runs.values()].sort(newestFirst).slice(0, shown);
    if (!runs.length) {
      if (isLoaded) put(list, h("li", {}, noRuns()));
      return;
    }
    const wanted = runs.map((run) => {
      const known = rows.get(run.id);
      if (known?.run === run) return known.row;
      const row = rowOf(run);
      rows.set(run.id, { row, run });
      return row;
    });
    const focused = document.activeElement?.closest("[data-run]")?.getAttribute("data-run");
    if (wanted.some((row, at) => list.children[at] !== row) || list.children.length !== wanted.length) put(list, wanted);
    if (focused) /** @type {HTMLElement|null} */ (list.querySelector(`[data-run="${focused}"] a`))?.focus();
  }

  void load();
  draw();
  return { element, title: "Runs", update: (changes) => changes.runs && draw() };
}

/**
 * @param {import("../types.js").Run} one
 * @param {import("../types.js").Run} other
 */
function newestFirst(one, other) {
  return Number(other.id.slice(1)) - Number(one.id.slice(1));
}

/** @param {import("../types.js").Run} run */
function rowOf(run) {
  const time = isOver(run.state) ? `took ${duration(run.started_at, run.finished_at || run.updated_at)}` : `started ${ago(run.started_at)}`;
  return h("li", { class: "run-row", "data-run": run.id },
    h("a", { class: "run-link", href: to("run", run.id) },
      h("span", { class: "run-name" }, h("span", { class: "id", text: run.id }), badge(run.state),
        run.questions ? h("span", { class: "needs", text: count(run.questions, "question") }) : null),
      h("span", { class: "run-objective", text: run.objective }),
      progress(run.counts),
      h("span", { class: "run-figures" }, [progressWord(run), `${run.landed} landed`, run.spent || "nothing spent", time, run.left]
        .filter(Boolean).map((text) => h("span", { text })))));
}

function noRuns() {
  return empty("No run yet",
    "A run turns one objective into tasks, works on them in parallel, and merges only what the tests prove.",
    h("a", { class: "button primary", href: "#/new", text: "Start the first run" }),
    h("p", { class: "quiet" }, "or in a terminal: ", h("code", { text: 'orch start "make the failing tests pass"' })));
}
