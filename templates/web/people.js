// Who is who: the users of a period by their ids, read once and kept for a while.

import { address, allRows, call } from "./client.js";
import { UNKNOWN, straight } from "./dom.js";
import { gettext } from "./words.js";

const MOST_NAMES = 2000;
const DAY_MS = 86_400_000;
const EARLIEST = "2000-01-01";
const FRESH_MS = 5 * 60_000;
let learnt = null;
const kept = new Map(); // promises by what they were asked for
const names = new Map(); // by user id, of everybody ever read
const emails = new Map();

// Every user of a period with their figures; `name` is what they are called on the page.
export function readPeople(about, { anew = false, ...options } = {}) {
  const key = JSON.stringify(about);
  const known = kept.get(key);
  if (known && !anew && !known.signal?.aborted && Date.now() - known.at < FRESH_MS) return known.answer;
  const answer = allRows("v1/usage", { ...about, group_by: "user" }, options).then((page) => ({ ...page, rows: page.rows.map(called) }));
  const mine = { answer, at: Date.now(), signal: options.signal };
  kept.set(key, mine);
  answer.then(() => (mine.signal = null), () => kept.get(key) === mine && kept.delete(key));
  return answer;
}

// Who sent nothing in a period: those who did something else in it, and those who were active in the year before only.
export async function readSilent(about, { from, ...options }) {
  const [now, before] = await Promise.all([readPeople(about, options), from > EARLIEST ? readPeople(yearBefore(from), options) : { rows: [] }]);
  const active = new Set(now.rows.map(({ user_id: id }) => id));
  const nothing = Object.fromEntries(Object.keys(now.totals).map((measure) => [measure, 0]));
  const gone = before.rows.filter(({ user_id: id }) => !active.has(id)).map((row) => ({ ...row, ...nothing }));
  return { ...now, rows: [...now.rows.filter(({ sent }) => sent === 0), ...gone] };
}

function yearBefore(day) {
  const back = (days) => new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);
  return { from: back(365) < EARLIEST ? EARLIEST : back(365), to: back(1) };
}

// Learn the names of those who were active lately, as far as one page of them goes; whoever is not known keeps the id.
export async function knowNames() {
  learnt ??= call(address("v1/usage", { group_by: "user", limit: MOST_NAMES, ...lately() })).then(({ rows }) => rows.forEach(called), () => (learnt = null));
  await learnt;
}

const lately = () => {
  const day = (back) => new Date(Date.now() - back * DAY_MS).toISOString().slice(0, 10);
  return { from: day(91), to: day(1) };
};

export const forgetPeople = () => kept.clear();

export const emailOf = (userId) => emails.get(userId) ?? null;

// What a user is called everywhere on the page: by name, else by email, else by an id that says that it is one.
export const calledBy = ({ user_name: name, user_email: email, user_id: id }) => straight(name || email || "") || (id ? nameOf(id) : UNKNOWN);
export const nameOf = (userId) => names.get(userId) ?? idWords(userId);
const idWords = (userId) => gettext("ID %(id)s", { id: straight(userId) });

// What tells them from others of their name.
export const markOf = ({ user_email: email, user_id: id }) => straight(email || "") || idWords(id);

function called(row) {
  const known = straight(row.user_name || row.user_email || "");
  if (known) names.set(row.user_id, known);
  emails.set(row.user_id, row.user_email);
  return { ...row, name: calledBy(row) };
}

// Letters that are one letter to who looks for them, though Unicode takes none of them apart.
const ALIKE = { ø: "o", æ: "ae", œ: "oe", ß: "ss", đ: "d", ð: "d", ħ: "h", ı: "i", ł: "l", ŋ: "n", þ: "th", ŧ: "t" };
const SAME = new RegExp(`[${Object.keys(ALIKE).join("")}]`, "g");

// A text as a search sees it: no accents, no case.
export const plain = (text) =>
  straight(text).normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(SAME, (letter) => ALIKE[letter]);

// Whether a text, as a search sees it, has every word of a query, in any order.
export const matches = (said, query) => plain(query).split(/\s+/).every((word) => said.includes(word));
