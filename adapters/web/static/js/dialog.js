/** Modal dialogs. The native element traps the focus, closes on Esc and gives the focus back. */

import { h } from "./dom.js";

/** @typedef {{name: string, label: string, kind?: "line"|"text"|"number"|"choice", value?: string, hint?: string, options?: {[value: string]: string}, placeholder?: string, needed?: boolean, min?: number, max?: number}} Field */
/** @typedef {{title: string, text?: string, fields?: Field[], act: string, isGrave?: boolean}} Ask */

let counter = 0;

/**
 * Ask for consent, and for the fields if there are any.
 * @param {Ask} ask
 * @returns {Promise<{[name: string]: string}|null>} what was entered, null when the person backed out
 */
export function ask({ title, text = "", fields = [], act, isGrave = false }) {
  return new Promise((resolve) => {
    const id = `dialog-${++counter}`;
    const controls = fields.map((field) => fieldOf(field, id));
    const form = h("form", { method: "dialog" },
      h("h2", { id, text: title }),
      text ? h("p", { class: "quiet", text }) : null,
      controls,
      h("div", { class: "dialog-acts" },
        h("button", { type: "button", class: "button", text: "Back", on: { click: () => dialog.close() } }),
        h("button", { type: "submit", class: `button ${isGrave ? "grave" : "primary"}`, value: "yes", text: act })));
    const dialog = h("dialog", { class: "dialog", "aria-labelledby": id }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? entered(form) : null);
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    document.body.append(dialog);
    dialog.showModal();
    /** @type {HTMLElement|null} */ (form.querySelector("input:checked, input, textarea") ?? form.querySelector("button[type=button]"))?.focus();
  });
}

/** @param {HTMLFormElement} form */
function entered(form) {
  /** @type {{[name: string]: string}} */
  const values = {};
  for (const [name, value] of new FormData(form)) values[name] = String(value).trim();
  return values;
}

/**
 * A labelled control, also for forms outside a dialog.
 * @param {Field} field
 * @param {string} prefix
 * @returns {HTMLElement}
 */
export function fieldOf(field, prefix) {
  const id = `${prefix}-${field.name}`;
  const hint = field.hint ? h("small", { id: `${id}-hint`, text: field.hint }) : null;
  const shared = { id, name: field.name, required: field.needed, "aria-describedby": hint ? `${id}-hint` : null };
  if (field.kind === "choice") return choiceOf(field, id);
  const control = field.kind === "text"
    ? h("textarea", { ...shared, rows: 5 })
    : h("input", { ...shared, type: field.kind === "number" ? "number" : "text", step: field.kind === "number" ? "any" : null, min: field.min, max: field.max, placeholder: field.placeholder, autocomplete: "off" });
  control.value = field.value ?? "";
  return h("div", { class: "field" }, h("label", { for: id, text: field.label }), control, hint);
}

/**
 * @param {Field} field
 * @param {string} id
 */
function choiceOf(field, id) {
  const radios = Object.entries(field.options ?? {}).map(([value, label]) =>
    h("label", { class: "radio", for: `${id}-${value}` },
      h("input", { type: "radio", id: `${id}-${value}`, name: field.name, value, checked: value === field.value, required: field.needed }),
      h("span", { text: label })));
  return h("fieldset", { class: "field" }, h("legend", { text: field.label }), radios);
}
