/** Addresses within the page: `#/`, `#/new`, `#/queue`, `#/models`, `#/run/R1/graph/T3`. */

/**
 * The view's name and what follows it; an unknown address is the list of runs.
 * @param {string} hash
 * @returns {{name: string, path: string[]}}
 */
export function parse(hash) {
  const parts = hash.replace(/^#\/?/, "").split("?")[0].split("/").filter(Boolean).map(plain);
  return { name: parts[0] ?? "runs", path: parts.slice(1) };
}

/** @param {string} part */
function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a run's tab and, maybe, the task that is open beside it. @param {...string} parts */
export function to(...parts) {
  return `#/${parts.filter(Boolean).map(encodeURIComponent).join("/")}`;
}

/** @param {...string} parts */
export function go(...parts) {
  location.hash = to(...parts);
}

/** Change the address without a new entry in the history. @param {...string} parts */
export function replace(...parts) {
  history.replaceState(null, "", to(...parts));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
