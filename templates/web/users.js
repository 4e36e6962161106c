// The users of a period: every one of them, sortable, searchable, a screenful at a time.

import { byId, el, foreign } from "./dom.js";
import { number } from "./format.js";
import { gettext, language, ngettext, pgettext } from "./words.js";

const PAGE = 25;
const NAME = "name";
const state = { rows: [], terms: new Map(), query: "", sort: "sent", descending: true, page: 0 };

export function showUsers(rows, terms) {
  Object.assign(state, { rows: rows.map(known), terms, page: 0 });
  draw();
}

export function countUsers(count) {
  byId("users-status").textContent = gettext("Loading users… %(count)s so far", { count: number(count) });
}

export function listenToUsers() {
  byId("search").addEventListener("input", ({ target }) => {
    state.query = plain(target.value.trim());
    state.page = 0;
    draw();
  });
}

// A user with what is compared: the shown name, and all that a search looks through.
function known(row) {
  const name = row.user_name || row.user_email || row.user_id;
  const said = [row.user_name, row.user_email, row.user_id].filter(Boolean).join(" ");
  return { ...row, [NAME]: name, said: plain(said) };
}

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

function draw() {
  const matching = state.rows.filter((row) => row.said.includes(state.query)).sort(inOrder);
  const pages = Math.max(1, Math.ceil(matching.length / PAGE));
  state.page = Math.min(state.page, pages - 1);
  const first = state.page * PAGE;
  const shown = matching.slice(first, first + PAGE);
  byId("users").replaceChildren(
    el("thead", {}, head()),
    el("tbody", {}, ...shown.map(line)),
    el("tfoot", {}, sums(matching)),
  );
  byId("users-status").textContent = status(matching.length, first, shown.length);
  byId("users-pages").replaceChildren(...(pages > 1 ? [turn(pgettext("page of a list", "Previous"), -1, state.page > 0), turn(pgettext("page of a list", "Next"), 1, state.page < pages - 1)] : []));
}

function status(matching, first, count) {
  if (state.rows.length < 2) return "";
  if (!matching) return gettext("No users match your search.");
  const all = state.rows.length;
  if (matching > PAGE) {
    const shown = { first: number(first + 1), last: number(first + count), count: number(matching) };
    if (state.query) return ngettext("%(first)s–%(last)s of %(count)s match", "%(first)s–%(last)s of %(count)s matches", matching, shown);
    return ngettext("%(first)s–%(last)s of %(count)s user", "%(first)s–%(last)s of %(count)s users", matching, shown);
  }
  if (!state.query) return ngettext("%(count)s user", "%(count)s users", matching, { count: number(matching) });
  return ngettext("%(matches)s of %(count)s user", "%(matches)s of %(count)s users", all, { matches: number(matching), count: number(all) });
}

function head() {
  const titles = [[NAME, gettext("User")], ...[...state.terms].map(([key, { heading }]) => [key, heading])];
  return el(
    "tr",
    {},
    ...titles.map(([key, title]) => {
      const chosen = state.sort === key;
      const order = chosen ? (state.descending ? "descending" : "ascending") : null;
      const meaning = state.terms.get(key)?.meaning ?? null;
      const button = el("button", { type: "button", title: meaning, onclick: () => sortBy(key) }, title);
      return el("th", { scope: "col", "aria-sort": order }, button);
    }),
  );
}

function sortBy(key) {
  state.descending = state.sort === key ? !state.descending : key !== NAME;
  state.sort = key;
  state.page = 0;
  draw();
  byId("users").querySelector("th[aria-sort] button").focus();
}

function inOrder(one, other) {
  const direction = state.descending ? -1 : 1;
  const [mine, its] = [one[state.sort], other[state.sort]];
  const order = state.sort === NAME ? mine.localeCompare(its, language(), { numeric: true }) : mine - its;
  return order * direction || one.name.localeCompare(other.name) || (one.user_id < other.user_id ? -1 : 1);
}

function line(row) {
  const detail = row.user_name && (row.user_email || row.user_id);
  const who = el("th", { scope: "row", title: row.user_id }, foreign(row.name));
  if (detail) who.append(" ", foreign(detail, { class: "detail" }));
  const figures = [...state.terms.keys()].map((key) => el("td", { class: row[key] ? null : "zero" }, number(row[key])));
  return el("tr", {}, who, ...figures);
}

function sums(rows) {
  const total = Object.fromEntries([...state.terms.keys()].map((key) => [key, rows.reduce((sum, row) => sum + row[key], 0)]));
  const cells = Object.values(total).map((value) => el("td", {}, number(value)));
  const title = state.query ? gettext("Total of matches") : gettext("Total");
  return el("tr", {}, el("th", { scope: "row" }, title), ...cells);
}

function turn(label, by, enabled) {
  const go = () => {
    state.page += by;
    draw();
    byId("users-title").scrollIntoView({ block: "start" });
  };
  return el("button", { type: "button", class: "plain", disabled: !enabled, onclick: go }, label);
}
