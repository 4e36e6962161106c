// The users of a period: every one of them, sortable, searchable, a screenful at a time; what is chosen is in the address.

import { byId, el, foreign, showChosen } from "./dom.js";
import { number } from "./format.js";
import { markOf, matches, plain } from "./people.js";
import { go, linkHere, linkTo, place } from "./place.js";
import { gettext, language, ngettext, pgettext } from "./words.js";

const PAGE = 25;
const NAME = "name";
export const SILENT = "silent";
const MOST_ORDERED = 1000; // as the API has it
const QUERY_PAUSE_MS = 250;
const state = { rows: [], terms: new Map(), namesakes: new Set(), isMember: false, isOfSilent: false, hasSent: false };
let pause;

export function showUsers({ rows, totals }, { terms, me }) {
  const { who = "" } = place();
  const isMember = me.role === "member";
  const isOfSilent = who === SILENT && !isMember;
  Object.assign(state, { rows: rows.map(searched), terms, isMember, isOfSilent, hasSent: totals.sent > 0, namesakes: repeated(rows.map(({ name }) => plain(name))) });
  byId("search-box").hidden = byId("emails-box").hidden = byId("whose-box").hidden = isMember;
  for (const choice of byId("whose").querySelectorAll("input")) choice.checked = choice.value === who;
  showChosen(byId("whose"));
  draw();
}

export function countUsers(count) {
  byId("users-status").textContent = gettext("Loading users… %(count)s so far", { count: number(count) });
}

export function listenToUsers() {
  const choices = [["", gettext("All users")], [SILENT, gettext("Sent nothing")]];
  const radios = choices.map(([value, label]) => el("label", {}, el("input", { type: "radio", name: "who", value, checked: !value }), el("span", {}, label)));
  byId("whose").replaceChildren(...radios);
  byId("whose").addEventListener("change", ({ target }) => go(linkHere({ who: target.value, page: null })));
  byId("search").addEventListener("input", ({ target }) => {
    clearTimeout(pause);
    pause = setTimeout(() => turnTo({ q: target.value.trim(), page: null }), QUERY_PAUSE_MS);
  });
  byId("emails").addEventListener("change", ({ target }) => turnTo({ emails: target.checked ? 1 : null }));
}

// Change what is shown without a step of the browser's history for each letter.
function turnTo(changes) {
  go(linkHere(changes), { replace: true, quietly: true });
  draw();
}

const searched = (row) => ({ ...row, said: plain([row.user_name, row.user_email, row.user_id].filter(Boolean).join(" ")) });

function repeated(names) {
  const [once, more] = [new Set(), new Set()];
  for (const name of names) (once.has(name) ? more : once).add(name);
  return more;
}

function placed() {
  const { q = "", sort = "sent", order, page = "1", emails } = place();
  const known = sort === NAME || state.terms.has(sort) ? sort : "sent";
  return { q, sort: known, isDescending: order ? order === "descending" : known !== NAME, page: Math.max(1, Number(page) || 1), hasEmails: emails === "1" };
}

function draw() {
  const { q, sort, isDescending, page, hasEmails } = placed();
  byId("emails").checked = hasEmails;
  byId("users").classList.toggle("with-emails", hasEmails);
  if (byId("search") !== document.activeElement) byId("search").value = q;
  const matching = state.rows.filter((row) => matches(row.said, q)).sort(by(sort, isDescending));
  const pages = Math.max(1, Math.ceil(matching.length / PAGE));
  const current = Math.min(page, pages);
  const first = (current - 1) * PAGE;
  const shown = matching.slice(first, first + PAGE);
  const figures = [el("thead", {}, head(sort, isDescending)), el("tbody", {}, ...shown.map(line)), el("tfoot", {}, sums(matching, q))];
  byId("users").replaceChildren(...(state.rows.length ? figures : []));
  byId("users-status").textContent = status(matching.length, { first, count: shown.length, q });
  byId("whose-note").replaceChildren(note(q), ...orderOf(matching.length, q));
  drawPager(current, pages);
}

// Who is listed, and that the files of the period know no such choice.
function note(q) {
  const silent = gettext("Users who sent nothing in this period, although they were active in it or in the year before.");
  const files = gettext("The downloads above include all users.");
  return [state.isOfSilent && silent, (state.isOfSilent || q) && files].filter(Boolean).join(" ");
}

// The way to files of those that a search found, as far as one report may name them.
function orderOf(matching, q) {
  if (!q || state.isOfSilent || !matching || matching > MOST_ORDERED) return [];
  return [" ", el("a", { class: "link", href: linkTo("reports", { dialog: "order", of: q }) }, gettext("Order a report of these users"))];
}

function drawPager(current, pages) {
  const box = byId("users-pages");
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.by : null;
  const turns = [
    turn(pgettext("page of a list", "Previous"), { by: -1, current, pages }),
    turn(pgettext("page of a list", "Next"), { by: 1, current, pages }),
  ];
  box.replaceChildren(...(pages > 1 ? turns : []));
  if (focused) (turns.find((each) => each.dataset.by === focused && !each.disabled) ?? turns.find((each) => !each.disabled))?.focus();
}

function status(matching, { first, count, q }) {
  if (!state.rows.length) return state.isOfSilent && state.hasSent ? gettext("Everybody has sent something.") : gettext("No activity in this period.");
  if (state.rows.length < 2 && !state.isOfSilent) return "";
  if (!matching) return gettext("No users match your search.");
  const all = state.rows.length;
  if (matching > PAGE) {
    const shown = { first: number(first + 1), last: number(first + count), count: number(matching) };
    if (q) return ngettext("%(first)s–%(last)s of %(count)s match", "%(first)s–%(last)s of %(count)s matches", matching, shown);
    return ngettext("%(first)s–%(last)s of %(count)s user", "%(first)s–%(last)s of %(count)s users", matching, shown);
  }
  if (!q) return ngettext("%(count)s user", "%(count)s users", matching, { count: number(matching) });
  return ngettext("%(matches)s of %(count)s user", "%(matches)s of %(count)s users", all, { matches: number(matching), count: number(all) });
}

function head(sort, isDescending) {
  const titles = [[NAME, gettext("User")], ...[...state.terms].map(([key, { heading }]) => [key, heading])];
  return el(
    "tr",
    {},
    ...titles.map(([key, title]) => {
      const order = key === sort ? (isDescending ? "descending" : "ascending") : null;
      const meaning = state.terms.get(key)?.meaning ?? null;
      const sorted = el("button", { type: "button", title: meaning, onclick: () => sortBy(key) }, title);
      return el("th", { scope: "col", "aria-sort": order }, sorted);
    }),
  );
}

function sortBy(key) {
  const { sort, isDescending } = placed();
  const order = (key === sort ? !isDescending : key !== NAME) ? "descending" : "ascending";
  turnTo({ sort: key, order, page: null });
  byId("users").querySelector("th[aria-sort] button").focus();
}

function by(sort, isDescending) {
  const direction = isDescending ? -1 : 1;
  const collator = new Intl.Collator(language(), { numeric: true });
  return (one, other) => {
    const order = sort === NAME ? collator.compare(one.name, other.name) : one[sort] - other[sort];
    return order * direction || collator.compare(one.name, other.name) || (one.user_id < other.user_id ? -1 : 1);
  };
}

function line(row) {
  const detail = row.user_name && markOf(row);
  const name = state.isMember ? foreign(row.name) : el("a", { href: linkTo("documents", { user: row.user_id }), title: gettext("Documents of this user") }, foreign(row.name));
  const who = el("th", { scope: "row", title: row.user_id }, name);
  const isAlike = state.namesakes.has(plain(row.name));
  if (detail) who.append(" ", foreign(detail, { class: isAlike ? "detail needed" : "detail" }));
  const figures = [...state.terms.keys()].map((key) => el("td", { class: row[key] ? null : "zero" }, number(row[key])));
  return el("tr", {}, who, ...figures);
}

function sums(rows, q) {
  const total = Object.fromEntries([...state.terms.keys()].map((key) => [key, rows.reduce((sum, row) => sum + row[key], 0)]));
  const cells = Object.values(total).map((value) => el("td", {}, number(value)));
  return el("tr", {}, el("th", { scope: "row" }, q ? gettext("Total of matches") : gettext("Total")), ...cells);
}

function turn(label, { by: step, current, pages }) {
  const isPossible = current + step >= 1 && current + step <= pages;
  const go = () => {
    turnTo({ page: current + step });
    byId("users-box").scrollIntoView({ block: "start" });
  };
  return el("button", { type: "button", class: "plain", disabled: !isPossible, "data-by": step, onclick: go }, label);
}
