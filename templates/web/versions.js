// The history of a report in all its formats: what was said when, what changed from one to the next, and who downloaded it.

import { activityOf } from "./activity.js";
import { address, call, pathOf } from "./client.js";
import { UNKNOWN, button, el, foreign, table, working } from "./dom.js";
import { FORMATS, downloadFile, failureWords, goneWords, isMaking, progressWords, readHistory } from "./files.js";
import { clock, date, listed, moment, number } from "./format.js";
import { formatNames, laterFirst } from "./groups.js";
import { complain } from "./notices.js";
import { calledBy } from "./people.js";
import { go, linkHere, place } from "./place.js";
import { gettext } from "./words.js";

export async function showHistory(group, panel, { signal, me, foot }) {
  panel.setAttribute("aria-busy", "true");
  try {
    const { rows } = await readHistory(group.group, { signal });
    const ids = [...new Set(rows.map(({ report_id: id }) => id))];
    const done = me.role === "member" ? [] : await activityOf(ids, { signal });
    const said = contents(rows);
    if (place().changes === "newest") go(linkHere({ changes: said.length }), { replace: true, quietly: true });
    const lines = said.map((content, at) => line(content, said[at + 1], { signal, name: String(said.length - at) }));
    const lists = [el("h3", {}, gettext("Versions")), el("ul", { class: "versions" }, ...rows.filter(({ status }) => status !== "ready").map(unmade), ...lines)];
    if (done.length) lists.push(el("h3", {}, gettext("Who ordered and downloaded it")), el("ul", { class: "done note" }, ...done));
    panel.replaceChildren(...lists, ...foot);
  } catch (error) {
    if (signal.aborted) return;
    panel.replaceChildren(...foot);
    complain(error, { about: "versions", title: gettext("The versions could not be read.") });
  }
  panel.removeAttribute("aria-busy");
}

// What was said one after the other, the newest first: each a list of versions with the same figures, one of each report.
function contents(rows) {
  const ready = rows.filter(({ status }) => status === "ready").sort(laterFirst);
  const found = [];
  for (const version of ready) {
    const last = found.at(-1);
    if (last?.[0].content !== version.content) found.push([version]);
    else if (!last.some(({ report_id: id }) => id === version.report_id)) last.push(version);
  }
  return found;
}

const unmade = (version) =>
  el("li", {}, el("span", {}, [moment(version.requested_at), formatNames(version.formats)].join(" · ")), el("p", { class: version.failure ? "bad" : "note" }, isMaking(version) ? progressWords(version) : failureWords(version)));

function line(versions, before, { signal, name }) {
  const [newest] = versions;
  const about = [moment(newest.made_at), ...names(versions)];
  if (newest.data_through) about.push(gettext("data through %(instant)s", { instant: clock(new Date(newest.data_through), new Date(newest.made_at)) }));
  const parts = [el("span", {}, about.join(" · ")), ...versions.flatMap(files)];
  if (!before) return el("li", {}, ...parts);
  const changes = el("div", { class: "changes" });
  parts.push(el("p", { class: "note" }, changeWords(changesBetween(before[0].totals, newest.totals))), diffButton(newest, before[0], { box: changes, signal, name }));
  return el("li", {}, ...parts, changes);
}

// As the files name themselves: `Version 2`; or, where formats were made apart, `PDF, Excel: version 2` and `CSV: version 1`.
function names(versions) {
  const numbers = [...new Set(versions.map(({ version }) => version))];
  if (numbers.length === 1) return [gettext("Version %(version)s", { version: number(numbers[0]) })];
  return versions.map(({ version, formats }) => gettext("%(formats)s: version %(version)s", { formats: formatNames(formats), version: number(version) }));
}

function files(version) {
  const links = version.files.map(({ format }) => {
    const get = () => downloadFile(version.report_id, { version: version.version, format }).catch((error) => complain(error, { about: "file" }));
    const label = gettext("Download %(format)s, version %(version)s", { format: FORMATS[format], version: number(version.version) });
    return button(FORMATS[format], { class: "link", "aria-label": label, onclick: get });
  });
  return [...links, ...version.gone.map((format) => el("p", { class: "note" }, goneWords(format)))];
}

// The measures of two totals that differ, as the API says them.
export const changesBetween = (before, after) =>
  Object.keys(after).filter((measure) => before[measure] !== after[measure]).map((measure) => ({ measure, before: before[measure], after: after[measure] }));

// `Sent 453 → 1,495, Completed 3 → 5`: what one says otherwise than the one before.
export const changeWords = (measures) => (measures.length ? listed(measures.map(changed)) : gettext("totals unchanged"));

// No line ends within it.
const changed = ({ measure, before, after }) =>
  gettext("%(measure)s %(before)s → %(after)s", { measure: heading(measure), before: number(before), after: number(after) }).replaceAll(" ", "\u00a0");

const heading = (measure) => document.querySelector(`[data-term="${measure}"]`).textContent;

function diffButton(after, before, { box, signal, name }) {
  const label = gettext("What changed");
  const show = button(label, {
    class: "link",
    "aria-expanded": "false",
    "aria-label": gettext("%(action)s: %(what)s", { action: label, what: moment(after.made_at) }),
  });
  const isUnfolded = () => show.getAttribute("aria-expanded") === "true";
  const read = async () => {
    try {
      const between = { from: before.version, to: after.version, from_report: before.report_id, limit: 1000 };
      const said = differences(await call(address(pathOf("reports", after.report_id, "diff"), between), { signal }));
      if (isUnfolded()) box.replaceChildren(...said);
    } catch (error) {
      show.setAttribute("aria-expanded", "false");
      if (!signal.aborted) complain(error, { about: "diff" });
    }
  };
  const turn = (isOpen) => {
    show.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) working(show, read);
    else box.replaceChildren();
  };
  show.addEventListener("click", () => {
    const isOpen = !isUnfolded();
    const left = openChanges().filter((each) => each !== name);
    go(linkHere({ changes: [...left, ...(isOpen ? [name] : [])].join(".") }), { replace: true, quietly: true });
    turn(isOpen);
  });
  if (openChanges().includes(name)) turn(true);
  return show;
}

// Which changes are unfolded, counted from the first that there was.
const openChanges = () => (place().changes ?? "").split(".").filter(Boolean);

const reasonLabels = () => ({
  "not-over": gettext("not over yet"),
  "late-events": gettext("late events"),
  import: gettext("imported history"),
  "time-zone": gettext("new time zone"),
  "repeated-id": gettext("event sent twice"),
  recount: gettext("recounted"),
});
const why = (reasons) => (reasons.length ? listed(reasons.map((each) => reasonLabels()[each] ?? each)) : UNKNOWN);

function differences({ measures, days, users, next_cursor: more }) {
  const columns = (title, isTold) => [{ title, start: true }, { title: gettext("Changes"), start: true }, ...(isTold ? [{ title: gettext("Why"), start: true }] : [])];
  const shown = [];
  const add = (title, rows) => rows?.length && shown.push(table(columns(title, rows[0].length > 2), rows.map((cells) => ({ cells })), { class: "figures" }));
  add(gettext("Total"), measures.length ? [[gettext("All users"), listed(measures.map(changed))]] : []);
  add(gettext("Day"), days?.map(({ day, measures: each, reasons }) => [date(day), listed(each.map(changed)), why(reasons)]));
  add(gettext("User"), users?.map((user) => [foreign(calledBy(user)), listed(user.measures.map(changed))]));
  if (more) shown.push(el("p", { class: "note" }, gettext("More users changed; the Excel files of both versions list all.")));
  if (!days) shown.push(el("p", { class: "note" }, gettext("Days cannot be compared: the figures by day of one of the two versions are no longer stored, or an older release made it.")));
  if (!users) shown.push(el("p", { class: "note" }, gettext("Users cannot be compared: the figures by user of one of the two versions are no longer stored, or an older release made it.")));
  return shown.length ? shown : [el("p", { class: "note" }, gettext("Nothing changed."))];
}
