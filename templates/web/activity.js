// The audit trail: who ordered, downloaded and changed what, when, and from where.

import { address, call } from "./client.js";
import { byId, el, foreign, straight, table, working } from "./dom.js";
import { statusLabels } from "./documents.js";
import { FORMATS } from "./files.js";
import { kindOf, listed, moment, number, periodTitle } from "./format.js";
import { DAYS, languageName, weekdayName } from "./languages.js";
import { complain, settle } from "./notices.js";
import { knowNames, nameOf } from "./people.js";
import { named } from "./periods.js";
import { go, linkHere, linkTo, place } from "./place.js";
import { csvLabels } from "./settings.js";
import { apart, gettext, isRightToLeft, ngettext, pgettext } from "./words.js";

const ABOUT = "activity";
const CHANGED = " → "; // between what a part of the settings was and what it is
const PAGE = 50;
let deleted = new Map();

const actionLabels = () => ({
  "report.ordered": gettext("Ordered a report"),
  "report.linked": gettext("Received links to files"),
  "report.downloaded": gettext("Downloaded a file"),
  "report.deleted": gettext("Deleted a report"),
  "documents.exported": gettext("Downloaded the list of documents"),
  "profile.changed": gettext("Changed the settings"),
  "schedule.created": gettext("Created a schedule"),
  "schedule.changed": gettext("Changed a schedule"),
  "schedule.deleted": gettext("Deleted a schedule"),
  "digest.sent": gettext("Sent a schedule’s report by hand"),
  "suppression.lifted": gettext("Allowed emails to an address again"),
});

export async function showActivity({ signal }) {
  const { action = "" } = place();
  const options = [["", gettext("Everything")], ...Object.entries(actionLabels())].map(([value, label]) => el("option", { value, selected: value === action }, label));
  byId("activity-action").replaceChildren(...options);
  byId("activity-action").onchange = ({ target }) => go(linkHere({ action: target.value }));
  const box = byId("activity");
  box.setAttribute("aria-busy", "true");
  const read = reader({ action }, signal);
  try {
    const [rows] = await Promise.all([read(), knowNames(), knowDeleted(signal)]);
    settle(ABOUT);
    const shown = table(columns(), rows.map(line), { class: "figures activity" });
    box.replaceChildren(...(rows.length ? [shown] : []));
    byId("activity-status").textContent = rows.length ? "" : gettext("Nothing has happened yet.");
    offerMore(read, shown);
  } catch (error) {
    if (signal.aborted) return;
    complain(error, { about: ABOUT, title: gettext("The activity could not be read."), again: () => showActivity({ signal }), signal });
  }
  box.removeAttribute("aria-busy");
}

// When reports were deleted last, by id; who was deleted longer ago than the latest page says is not known.
async function knowDeleted(signal) {
  const { rows } = await call(address("v1/audit", { action: "report.deleted", limit: 200 }), { signal });
  deleted = new Map(rows.reverse().map(({ subject, at }) => [subject, at]));
}

// Who ordered reports and who downloaded them, the latest first, as items of a list.
export async function activityOf(subjects, { signal }) {
  const read = subjects.map((subject) => call(address("v1/audit", { subject, limit: 200 }), { signal }));
  const rows = (await Promise.all(read)).flatMap((page) => page.rows).sort((one, other) => (one.at < other.at ? 1 : -1));
  return rows.map((row) => el("li", {}, [nameOf(row.user_id), labelOf(row), detailOf(row), moment(row.at)].filter(Boolean).map(apart).join(" · ")));
}

// A page may be short or empty and not be the last: it reads on until there is something to show.
function reader(about, signal) {
  let cursor = null;
  const read = async () => {
    const rows = [];
    do {
      const page = await call(address("v1/audit", { ...about, cursor, limit: PAGE }), { signal });
      rows.push(...page.rows);
      cursor = page.next_cursor;
    } while (cursor && rows.length < PAGE / 2);
    read.isDone = !cursor;
    return rows;
  };
  return read;
}

function offerMore(read, shown) {
  const more = byId("activity-more");
  more.hidden = read.isDone;
  const next = async () => {
    try {
      const before = shown.tBodies[0].rows.length;
      shown.tBodies[0].append(...table(columns(), (await read()).map(line)).tBodies[0].rows);
      more.hidden = read.isDone;
      if (read.isDone) {
        const first = shown.tBodies[0].rows[before]?.cells[0];
        first?.setAttribute("tabindex", "-1");
        first?.focus();
      }
    } catch (error) {
      complain(error, { about: ABOUT, title: gettext("The activity could not be read.") });
    }
  };
  more.onclick = () => working(more, next);
}

const columns = () => [
  { title: gettext("What"), start: true },
  { title: gettext("Who"), start: true },
  { title: gettext("When"), start: true },
  { title: gettext("From where"), start: true },
];

const labelOf = ({ action }) => actionLabels()[action] ?? action;

function line(row) {
  return {
    cells: [
      [el("span", {}, labelOf(row), " ", subjectOf(row)), el("span", { class: "detail below" }, detailOf(row), " ", idOf(row))],
      foreign(nameOf(row.user_id), { title: row.user_id }),
      el("time", { datetime: row.at }, moment(row.at)),
      el("span", { class: "detail", title: row.user_agent }, row.address ?? gettext("a command")),
    ],
  };
}

// What it was done to, in words: a report by its period, and a link to it unless it was deleted since.
function subjectOf({ action, subject, at }) {
  if (action.startsWith("profile.")) return "";
  if (action === "documents.exported") return el("strong", {}, periodWords(subject));
  if (!action.startsWith("report.")) return el("strong", {}, foreign(subject));
  const words = periodWords(subject.slice(0, subject.lastIndexOf("-")));
  const isGone = action === "report.deleted" || deleted.get(subject) >= at;
  return isGone ? el("strong", {}, words) : el("a", { href: linkTo("reports", { report: subject }) }, words);
}

// The id tells reports of one period apart, for whoever asks.
const idOf = ({ action, subject }) => action.startsWith("report.") && el("span", { class: "id", dir: "ltr" }, `#${straight(subject.slice(-4))}`);

const periodWords = (name) => (named(name) ? periodTitle(kindOf(name), named(name).from, named(name).to) : name);

// What turns text is taken out of each value, and not of the whole: the words keep values apart by the same means. The period
// stands in the words already.
const detailOf = ({ action, detail }) =>
  Object.entries(detail).filter(([name]) => !(name === "period" && action.startsWith("report."))).map(([name, value]) => said(name, straight(value))).join(" · ");

const partLabels = () => ({
  name: gettext("Name"),
  timezone: gettext("Time zone"),
  locale: gettext("Language and country"),
  week_starts_on: gettext("First day of the week"),
  csv: gettext("Separator in CSV files"),
  "branding.accent": gettext("Colour"),
  every: gettext("How often"),
  on: gettext("On"),
  at: gettext("At"),
  formats: gettext("Files"),
  digest: gettext("Emails"),
  attach: gettext("Files attached to the email"),
  paused: gettext("Pause"),
  skip_if_empty: gettext("Periods without activity"),
  missed: gettext("After an outage"),
  incomplete: gettext("When figures are not complete in time"),
  correct_from_percent: gettext("Corrected reports"),
  starts_at: gettext("Beginning"),
  recipients: gettext("Recipients"),
  destinations: gettext("Channels and webhooks"),
  condition: gettext("When to send"),
});

// One part of what there is to say of an entry, in the reader's words as far as there are any.
function said(name, value) {
  if (name === "period") return periodWords(value);
  if (name === "removed") return gettext("no longer sent to %(emails)s", { emails: value });
  if (name === "added") return gettext("also sent to %(emails)s", { emails: value });
  if (name === "status") return { ...statusLabels(), stuck: gettext("Stuck") }[value] ?? value;
  if (name === "user") return nameOf(value);
  if (name === "version") return gettext("Version %(version)s", { version: number(Number(value)) });
  if (name === "format" || name === "formats") return listed(value.split(", ").map((each) => FORMATS[each] ?? each));
  if (name === "changed") return listed(value.split(", ").map((each) => partLabels()[each] ?? each));
  if (name === "branding.logo") return gettext("Logo");
  if (name === "versions") return ngettext("%(count)s version", "%(count)s versions", Number(value), { count: number(Number(value)) });
  if (name === "recipients" && value === "all") return gettext("All recipients");
  const change = value.split(CHANGED).map((each) => apart(valueIn(name, each))).join(isRightToLeft() ? " ← " : CHANGED);
  return pgettext("what changed", "%(part)s: %(change)s", { part: partLabels()[name] ?? name, change });
}

// A value of the settings, as their form has it.
function valueIn(name, value) {
  if (name === "locale") return languageName(value);
  if (name === "week_starts_on" && DAYS.includes(value)) return weekdayName(DAYS.indexOf(value));
  return name === "csv" ? (csvLabels()[value] ?? value) : value;
}
