// Who is who: the users of a period by their ids, read once and kept for a while.

import { address, allRows, call } from "./client.js";
import { straight } from "./dom.js";

const MOST_NAMES = 2000;
const FRESH_MS = 5 * 60_000;
let learnt = null;
const kept = new Map(); // promises by what they were asked for
const names = new Map(); // by user id, of everybody ever read
const emails = new Map();

// Every user of a period with their figures; `name` is what they are called on the page.
export function readPeople(about, { anew = false, ...options } = {}) {
  const key = JSON.stringify(about);
  const known = kept.get(key);
  if (known && !anew && Date.now() - known.at < FRESH_MS) return known.answer;
  const answer = allRows("v1/usage", { ...about, group_by: "user" }, options).then((page) => ({ ...page, rows: page.rows.map(called) }));
  kept.set(key, { answer, at: Date.now() });
  answer.catch(() => kept.delete(key));
  return answer;
}

// Learn the names of those who were active lately, as far as one page of them goes; whoever is not known keeps the id.
export async function knowNames() {
  learnt ??= call(address("v1/usage", { group_by: "user", limit: MOST_NAMES, ...lately() })).then(({ rows }) => rows.forEach(called), () => (learnt = null));
  await learnt;
}

const lately = () => {
  const day = (back) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
  return { from: day(91), to: day(1) };
};

export const forgetPeople = () => kept.clear();

// The name of a user as far as it is known here, else the id.
export const emailOf = (userId) => emails.get(userId) ?? null;
export const nameOf = (userId) => names.get(userId) ?? userId;

function called(row) {
  const name = straight(row.user_name || row.user_email || row.user_id);
  names.set(row.user_id, name);
  emails.set(row.user_id, row.user_email);
  return { ...row, name };
}

// Letters that are one letter to who looks for them, though Unicode takes none of them apart.
const ALIKE = { ø: "o", æ: "ae", œ: "oe", ß: "ss", đ: "d", ð: "d", ħ: "h", ı: "i", ł: "l", ŋ: "n", þ: "th", ŧ: "t" };
const SAME = new RegExp(`[${Object.keys(ALIKE).join("")}]`, "g");

// A text as a search sees it: no accents, no case.
export const plain = (text) =>
  straight(text).normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(SAME, (letter) => ALIKE[letter]);
