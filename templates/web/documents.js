// The documents of a period: open ones first, the oldest first; what is stuck says so.

import { address, call } from "./client.js";
import { UNKNOWN, byId, el, foreign, showChosen, table, working } from "./dom.js";
import { downloadList } from "./files.js";
import { duration, moment, number, onDay } from "./format.js";
import { complain, settle } from "./notices.js";
import { parameters } from "./periods.js";
import { go, linkHere, place } from "./place.js";
import { calledBy, markOf, nameOf, plain, readPeople } from "./people.js";
import { gettext, language, ngettext, pgettext } from "./words.js";

const ABOUT = "documents";
const PAGE = 50;
const STUCK = "stuck";
const stuckDays = () => Number(document.documentElement.dataset.stuckDays);
let turn = new AbortController(); // what is being read belongs to it

export const statusLabels = () => ({
  open: gettext("Open"),
  completed: gettext("Completed"),
  declined: gettext("Declined"),
  cancelled: gettext("Cancelled"),
  expired: gettext("Expired"),
});

// Of one document.
const statusOf = () => ({
  open: pgettext("one document", "Open"),
  completed: pgettext("one document", "Completed"),
  declined: pgettext("one document", "Declined"),
  cancelled: pgettext("one document", "Cancelled"),
  expired: pgettext("one document", "Expired"),
});

// Ask for the first of a period already, beside its figures; the address says which are wanted.
export function askDocuments(about, { signal } = {}) {
  const read = reader(wanted(about));
  const first = read(signal);
  first.catch(() => {});
  return { read, first };
}

const wanted = (about) => {
  const { status = "", user = "" } = place();
  return { ...about, ...(status === STUCK ? { stuck: true } : { status }), user_id: user };
};

export async function showDocuments({ period, asked, me, signal }) {
  turn.abort();
  turn = new AbortController();
  const mine = AbortSignal.any([signal, turn.signal]);
  const { status = "", user = "" } = place();
  offerFilters({ status, user, me, people: [] });
  const box = byId("documents");
  box.setAttribute("aria-busy", "true");
  const about = wanted(parameters(period));
  byId("documents-export").onclick = () => download(about);
  try {
    const first = await asked.first;
    if (mine.aborted) return;
    settle(ABOUT);
    draw(first, { read: asked.read, about, signal: mine });
  } catch (error) {
    if (mine.aborted) return;
    const again = () => showDocuments({ period, asked: askDocuments(parameters(period), { signal }), me, signal });
    complain(error, { about: ABOUT, title: gettext("The documents could not be read."), again, signal });
  }
  box.removeAttribute("aria-busy");
  await offerSenders({ period, status, user, me, signal: mine });
}

// Who there is to choose from, once the documents stand there.
async function offerSenders({ period, status, user, me, signal }) {
  if (me.role === "member") return;
  const { rows } = await readPeople(parameters(period)).catch(() => ({ rows: [] }));
  if (signal.aborted) return;
  offerFilters({ status, user, me, people: rows });
  for (const cell of byId("documents").querySelectorAll("[data-nameless]")) cell.textContent = nameOf(cell.dataset.nameless); // an email, maybe
}

function reader(about) {
  let cursor = null;
  return async (signal) => {
    const page = await call(address("v1/documents", { ...about, cursor, limit: PAGE }), { signal });
    cursor = page.next_cursor;
    return { rows: page.rows, isDone: !cursor };
  };
}

// Every row of the list that is shown, in its order.
const download = (about) =>
  working(byId("documents-export"), async () => {
    try {
      await downloadList(address("v1/documents", { ...about, format: "csv" }));
      settle("export");
    } catch (error) {
      complain(error, { about: "export", title: gettext("The list could not be downloaded."), again: () => download(about) });
    }
  });

const isStuck = ({ status, days_open: days }) => status === "open" && days != null && days > stuckDays();

function draw({ rows, isDone }, { read, about, signal }) {
  const shown = table(columns(), rows.map(line), { class: "figures documents" });
  byId("documents").replaceChildren(...(rows.length ? [shown] : []));
  let count = rows.length;
  let all = null; // how many there are, once that is known
  const say = (done) => {
    byId("documents-status").textContent = countWords({ count, all: done ? count : all });
    byId("documents-more").hidden = done;
  };
  say(isDone);
  if (!isDone) {
    const told = ({ documents }) => documents > count && ((all = documents), say(byId("documents-more").hidden));
    call(address("v1/documents/count", about), { signal }).then(told, () => {}); // without it, the list is as good
  }
  const more = async () => {
    try {
      const next = await read(signal);
      shown.tBodies[0].append(...table(columns(), next.rows.map(line)).tBodies[0].rows);
      count += next.rows.length;
      const first = shown.tBodies[0].rows[count - next.rows.length];
      say(next.isDone);
      if (next.isDone) first?.cells[0].setAttribute("tabindex", "-1"), first?.cells[0].focus();
    } catch (error) {
      complain(error, { about: ABOUT, title: gettext("The documents could not be read."), signal });
    }
  };
  byId("documents-more").onclick = () => working(byId("documents-more"), more);
}

function countWords({ count, all }) {
  const text = { count: number(all ?? count), some: number(count) };
  const { status, user } = place();
  if (!count) return status || user ? gettext("No documents match.") : gettext("No documents in this period.");
  if (all === count) return ngettext("%(count)s document", "%(count)s documents", count, text);
  if (all) return ngettext("%(some)s of %(count)s document", "%(some)s of %(count)s documents", all, text);
  return ngettext("The first %(count)s document; there are more.", "The first %(count)s documents; there are more.", count, text);
}

const columns = () => [
  { title: gettext("Document"), start: true },
  { title: gettext("Status"), start: true },
  { title: gettext("Sender"), start: true },
  { title: pgettext("date", "Sent") },
  { title: gettext("First viewed") },
  { title: gettext("Last signed") },
  { title: gettext("Closed") },
  { title: gettext("Turnaround") },
  { title: gettext("Days open") },
];

function line(row) {
  const when = (text) => (text ? el("time", { datetime: text, title: moment(text) }, onDay(text)) : UNKNOWN);
  const late = isStuck(row);
  const status = el("span", { class: `state ${row.status}` }, statusOf()[row.status]);
  return {
    class: late ? "stuck" : null,
    cells: [
      foreign(row.document_id),
      [status, late && el("span", { class: "state stuck" }, gettext("Stuck"))],
      foreign(calledBy(row), { title: row.user_id, "data-nameless": row.user_name ? null : row.user_id }),
      when(row.sent_at),
      when(row.first_viewed_at),
      when(row.last_signed_at),
      when(row.closed_at),
      row.turnaround_hours == null ? UNKNOWN : duration(row.turnaround_hours * 3600),
      row.days_open == null ? UNKNOWN : number(row.days_open),
    ],
  };
}

function offerFilters({ status, user, people, me }) {
  const choices = [["", gettext("All")], [STUCK, gettext("Stuck")], ...Object.entries(statusLabels())];
  const radios = choices.map(([value, label]) =>
    el("label", {}, el("input", { type: "radio", name: "status", value, checked: value === status }), el("span", {}, label)),
  );
  if (byId("documents-states").dataset.shown !== status || !byId("documents-states").children.length) {
    const hadFocus = byId("documents-states").contains(document.activeElement);
    byId("documents-states").replaceChildren(...radios);
    byId("documents-states").dataset.shown = status;
    if (hadFocus) byId("documents-states").querySelector(":checked").focus();
  }
  showChosen(byId("documents-states"));
  byId("documents-states").onchange = ({ target }) => go(linkHere({ status: target.value }));
  byId("documents-stuck-note").textContent = ngettext(
    "Stuck: open for more than %(count)s day.",
    "Stuck: open for more than %(count)s days.",
    stuckDays(),
    { count: number(stuckDays()) },
  );
  byId("documents-user-box").hidden = me.role === "member";
  if (me.role === "member") return;
  const known = senders(people);
  if (user && !known.some(([id]) => id === user)) known.unshift([user, nameOf(user)]);
  const options = [["", gettext("All users")], ...known].map(([value, label]) => el("option", { value, selected: value === user }, label));
  byId("documents-user").replaceChildren(...options);
  byId("documents-user").onchange = ({ target }) => go(linkHere({ user: target.value }));
}

// By name; those of one name with what tells them apart.
function senders(people) {
  const collator = new Intl.Collator(language(), { numeric: true });
  const bearers = new Map();
  for (const { name } of people) bearers.set(plain(name), (bearers.get(plain(name)) ?? 0) + 1);
  const sorted = [...people].sort((one, other) => collator.compare(one.name, other.name) || collator.compare(markOf(one), markOf(other)));
  return sorted.map((person) => [person.user_id, bearers.get(plain(person.name)) > 1 ? gettext("%(text)s (%(detail)s)", { text: person.name, detail: markOf(person) }) : person.name]);
}
