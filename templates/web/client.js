// Calls to the API: JSON in, JSON out, and every failure one kind of error with words for a person.

import { token } from "./session.js";
import { gettext } from "./words.js";

export class Problem extends Error {
  constructor(status, { title, detail, type = "" }) {
    super(detail);
    this.status = status;
    this.title = title;
    this.expired = type.endsWith("#expired-token");
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

export async function call(path, { method = "GET", body, signal } = {}) {
  const headers = { Accept: "application/json", Authorization: `Bearer ${token()}` };
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
  } catch (error) {
    throw signal?.aborted ? error : new Problem(0, offline());
  }
  const document = await answer.json().catch(() => null);
  if (answer.ok && document) return document;
  throw new Problem(answer.status, document ?? unexplained(answer.status));
}

export function address(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value != null);
  return `${path}?${new URLSearchParams(given)}`;
}

// Every row of a listing, page after page; `progress` hears how many there are so far.
export async function allRows(path, parameters, { signal, progress = () => {} } = {}) {
  const rows = [];
  let page;
  let cursor = null;
  do {
    page = await call(address(path, { ...parameters, cursor, limit: 5000 }), { signal });
    rows.push(...page.rows);
    cursor = page.next_cursor;
    if (cursor) progress(rows.length);
  } while (cursor);
  return { ...page, rows };
}
