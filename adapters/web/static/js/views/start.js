/** The form that starts a run. */

import { get, post } from "../api.js";
import { fieldOf } from "../dialog.js";
import { h, put, say } from "../dom.js";
import { toModel } from "../shapes.js";
import { follow } from "../starts.js";
import { attempt } from "../toast.js";

/** @param {import("../main.js").Context} context @returns {import("../main.js").View} */
export function startView({ session }) {
  const objective = fieldOf({
    name: "objective", label: "Objective", kind: "text", needed: true,
    hint: "What should be true at the end? The director writes the spec from these words.",
  }, "start");
  const words = /** @type {HTMLTextAreaElement} */ (objective.querySelector("textarea"));
  words.rows = 6;
  const templates = h("fieldset", { class: "templates", hidden: true });
  const crew = h("p", { class: "quiet" });
  const cost = h("p", { class: "quiet" });
  const wait = h("p", { class: "quiet", role: "status" });
  const submit = h("button", { type: "submit", class: "button primary large", text: "Start the run" });
  const form = h("form", { class: "sheet", on: { submit: (/** @type {SubmitEvent} */ event) => void start(event) } },
    templates, objective,
    h("div", { class: "columns" },
      fieldOf({ name: "base", label: "Base branch", value: session.branch, hint: "Work lands here." }, "start"),
      fieldOf({ name: "max_workers", label: "Workers at once", kind: "number", min: 1, max: 64, placeholder: "as the settings say", hint: "From 1 to 64." }, "start"),
      fieldOf({ name: "budget_usd", label: "Budget, US dollars", kind: "number", min: 0, hint: "Reaching it pauses the run and asks you." }, "start"),
      fieldOf({ name: "budget_tokens", label: "Budget, tokens", kind: "number", min: 0, hint: "For models without a known price." }, "start")),
    h("label", { class: "radio" }, h("input", { type: "checkbox", name: "plan_first", value: "yes" }), h("span", { text: "Show me the plan before it begins" })),
    crew, cost, h("div", { class: "dialog-acts" }, wait, h("a", { class: "button", href: "#/", text: "Back" }), submit));

  /** @param {SubmitEvent} event */
  async function start(event) {
    event.preventDefault();
    submit.disabled = true;
    const answer = await attempt(() => post("/runs", bodyOf(form)));
    if (answer) await follow(answer, (text) => say(wait, text));
    submit.disabled = false;
  }

  void fillTemplates(templates, words);
  void tellModels(crew, cost);
  return {
    title: "New run",
    element: h("section", { class: "page narrow" }, h("header", { class: "page-head" },
      h("div", {}, h("h1", { text: "New run" }), h("p", { class: "quiet", text: `in ${session.repository}` }))), form),
  };
}

/** @param {HTMLFormElement} form */
function bodyOf(form) {
  const values = new FormData(form);
  const read = (/** @type {string} */ name) => String(values.get(name) ?? "").trim();
  /** @type {{[field: string]: string|number|boolean}} */
  const body = { objective: read("objective") };
  if (read("base")) body.base = read("base");
  if (read("plan_first")) body.plan_first = true;
  if (read("template")) body.template = read("template");
  for (const name of ["budget_usd", "budget_tokens", "max_workers"]) if (read(name)) body[name] = Number(read(name));
  return body;
}

/**
 * A template's text goes before the objective; the person sees it.
 * @param {HTMLElement} area
 * @param {HTMLTextAreaElement} words
 */
async function fillTemplates(area, words) {
  const answer = await attempt(() => get("/templates"));
  if (!answer?.items?.length) return;
  const about = h("p", { class: "template-text", hidden: true });
  const choices = [{ name: "", title: "Your own words", text: "" }, ...answer.items].map((/** @type {import("../types.js").Template} */ one) =>
    h("label", { class: "choice" }, h("input", {
      type: "radio", name: "template", value: one.name, checked: one.name === "",
      on: {
        change: () => {
          about.hidden = !one.text;
          say(about, one.text);
          words.required = !one.text;
        },
      },
    }), h("span", { text: one.title })));
  put(area, h("legend", { text: "Begin with" }), h("div", { class: "choices" }, choices), about);
  area.hidden = false;
}

/**
 * Who thinks, and what a run will probably cost.
 * @param {HTMLElement} line
 * @param {HTMLElement} cost
 */
async function tellModels(line, cost) {
  const answer = await attempt(() => get("/models"));
  const first = answer?.items?.map(toModel)[0];
  if (first) put(line, "The crew thinks with ", h("strong", { text: first.word }), ". ", h("a", { href: "#/models", text: "Models" }));
  if (answer?.forecast) say(cost, `Forecast: ${answer.forecast}.`);
}
