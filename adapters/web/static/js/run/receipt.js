/** The proof behind `complete`: the commit, and what the engine ran on the merged tree. */

import { h, put } from "../dom.js";
import { empty, facts } from "../parts.js";

/**
 * @param {import("../types.js").TaskDetail} detail
 * @returns {import("./inspector.js").Part}
 */
export function receiptPart(detail) {
  const element = h("div", { class: "stack" });
  /** @param {import("../types.js").TaskDetail} now */
  function update({ receipt, line }) {
    if (!receipt) {
      put(element, empty("No receipt yet", line.state === "complete"
        ? "This task has no commit of its own: its result was checked by the engine."
        : "When the work lands, its proof is kept here and on the state branch: the merge commit, the tree, and every check and gate that was run on it."));
      return;
    }
    const commit = (/** @type {string} */ id) => (id ? h("code", { class: "hash", title: id, text: id.slice(0, 12) }) : "");
    put(element,
      facts([["Landed as", commit(receipt.commit)], ["On branch", receipt.branch], ["Work", commit(receipt.work)], ["Tip before", commit(receipt.tip)], ["Tree", commit(receipt.tree)]]),
      proofs("Checks of the task", receipt.checks), proofs("Gates of the whole tree", receipt.gates),
      h("p", { class: "quiet" }, "Check it yourself, from git alone: ", h("code", { text: "orch verify" })));
  }
  update(detail);
  return { element, update };
}

/**
 * @param {string} title
 * @param {import("../types.js").Proof[]} entries
 */
function proofs(title, entries) {
  if (!entries.length) return null;
  return h("section", { class: "part" }, h("h3", { text: title }), h("ul", { class: "plain proofs" }, entries.map((proof) =>
    h("li", { "data-mark": proof.exit_code === 0 ? "met" : "unmet" },
      h("span", { class: "mark", text: proof.exit_code === 0 ? "✓ green" : `✗ exit code ${proof.exit_code}` }),
      h("span", { text: proof.name }), h("code", { text: proof.run }),
      h("small", { class: "quiet", text: [proof.passed ? `${proof.passed} passed` : "", proof.failed ? `${proof.failed} failed` : "", proof.skipped ? `${proof.skipped} skipped` : "", proof.duration_s ? `${proof.duration_s.toFixed(1)} s` : ""].filter(Boolean).join(", ") })))));
}
