/** Talks to `/api/v1`. Every failure becomes a `Problem` whose message is a sentence for people. */

const BASE = "/api/v1";
const PATIENCE_MS = 30_000;
let csrf = "";

/** The server said no, or can't be reached; `message` says why in words. */
export class Problem extends Error {
  /**
   * @param {string} message
   * @param {number} status 0 when there was no answer
   */
  constructor(message, status) {
    super(message);
    this.name = "Problem";
    this.status = status;
  }
}

/** The token that proves a changing request comes from this page. @param {string} token */
export function useCsrf(token) {
  csrf = token;
}

/** @param {string} path @returns {Promise<any>} */
export function get(path) {
  return call("GET", path);
}

/**
 * A repeated click or a retried request has one effect: the key is made once a call of this function.
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export function post(path, body = {}) {
  return call("POST", path, body, { "Idempotency-Key": key() });
}

/**
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<any>}
 */
export function patch(path, body) {
  return call("PATCH", path, body);
}

/** @param {string} path @returns {Promise<any>} */
export function remove(path) {
  return call("DELETE", path);
}

/** A random name, also where the page is served without TLS and crypto.randomUUID is missing. */
function key() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{[name: string]: string}} [extra]
 */
async function call(method, path, body, extra = {}) {
  /** @type {{[name: string]: string}} */
  const headers = { Accept: "application/json", ...extra };
  if (method !== "GET") headers["X-Orch-CSRF"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await reach(method, path, headers, body === undefined ? null : JSON.stringify(body));
  const text = await response.text();
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const answer = isJson && text ? JSON.parse(text) : text;
  if (!response.ok) throw new Problem(reason(answer, response.status), response.status);
  return answer;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{[name: string]: string}} headers
 * @param {string|null} body
 */
async function reach(method, path, headers, body) {
  try {
    return await fetch(BASE + path, {
      method, headers, body, credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new Problem("the engine does not answer; is `orch up` still running?", 0);
  }
}

/**
 * @param {any} answer
 * @param {number} status
 */
function reason(answer, status) {
  if (status === 401) return "this page is not signed in; open the link that `orch up` prints";
  const detail = answer?.detail ?? answer?.title;
  return typeof detail === "string" && detail ? detail : `the server answered ${status}`;
}
