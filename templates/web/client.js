// Calls to the API: JSON in, JSON out, and every failure one kind of error with words for a person.

import { askTabs, token } from "./session.js";
import { gettext } from "./words.js";

export class Problem extends Error {
  constructor(status, { title, detail, type = "", errors = [] }, request = null) {
    super(detail);
    this.status = status;
    this.title = title;
    this.kind = type.split("#").at(-1).split("/").at(-1);
    this.parts = errors;
    this.request = request; // its id, which the log of the API has too
  }

  get expired() {
    return this.kind === "expired-token";
  }
}

const offline = () => ({
  title: gettext("No connection"),
  detail: gettext("The service cannot be reached. Check your connection. The figures shown may be out of date."),
});

const unexplained = (status) => ({
  title: gettext("Something went wrong"),
  detail: gettext("The service returned an error (%(status)s). Try again in a moment.", { status }),
});

// The document that the API answers; null where it answers none.
export const call = async (path, options) => (await exchange(path, options)).document;

// The same with its version, for an edit that must not undo another's: `{ document, tag }`.
export async function exchange(path, options = {}) {
  const answer = await received(path, options);
  const document = answer.status === 204 ? null : await answer.json().catch(() => undefined);
  if (document === undefined) throw new Problem(answer.status, unexplained(answer.status), answer.headers.get("X-Request-ID"));
  const tag = answer.headers.get("ETag")?.replace(/^W\//, ""); // a proxy that compresses makes it weak, and no edit may rest on that
  return { document, tag };
}

// A good answer, whose body is still to be read.
export async function received(path, options = {}) {
  let answer = await answered(path, options);
  if (answer.status === 401 && (await askTabs())) answer = await answered(path, options);
  if (answer.ok) return answer;
  const document = await answer.json().catch(() => null);
  throw new Problem(answer.status, document ?? unexplained(answer.status), answer.headers.get("X-Request-ID"));
}

// The answer as it arrives, for what is read bit by bit.
export async function answered(path, { method = "GET", body, signal, tag, isNew, accept = "application/json" } = {}) {
  const headers = { Accept: accept, Authorization: `Bearer ${token()}` };
  if (body) headers["Content-Type"] = "application/json";
  if (tag) headers["If-Match"] = tag;
  if (isNew) headers["If-None-Match"] = "*";
  try {
    return await fetch(path, { method, headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
  } catch (error) {
    throw signal?.aborted ? error : new Problem(0, offline());
  }
}

export function address(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value != null && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

// `v1/reports/a%2Fb/diff`
export const pathOf = (...parts) => ["v1", ...parts.map(encodeURIComponent)].join("/");

// Every row of a listing, page after page; `progress` hears how many there are so far.
export async function allRows(path, parameters, { signal, progress = () => {}, limit = 5000 } = {}) {
  const rows = [];
  let page;
  let cursor = null;
  do {
    page = await call(address(path, { ...parameters, cursor, limit }), { signal });
    rows.push(...page.rows);
    cursor = page.next_cursor;
    if (cursor) progress(rows.length);
  } while (cursor);
  return { ...page, rows };
}
