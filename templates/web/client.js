// Calls to the API: JSON in, JSON out, and every failure one kind of error with words for a person.

import { token } from "./session.js";

export class Problem extends Error {
  constructor(status, { title, detail, type = "" }) {
    super(detail);
    this.status = status;
    this.title = title;
    this.expired = type.endsWith("#expired-token");
  }
}

const OFFLINE = {
  title: "No connection",
  detail: "The service cannot be reached. Check your connection. The figures shown may be out of date.",
};

export async function call(path, { method = "GET", body, signal } = {}) {
  const headers = { Accept: "application/json", Authorization: `Bearer ${token()}` };
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
  } catch (error) {
    throw signal?.aborted ? error : new Problem(0, OFFLINE);
  }
  const document = await answer.json().catch(() => null);
  if (answer.ok && document) return document;
  throw new Problem(answer.status, document ?? { title: "Something went wrong", detail: `The service returned an error (${answer.status}). Try again in a moment.` });
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
