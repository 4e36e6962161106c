// Reports: what was ordered, how far it is, its files; one of them may be unfolded to its history and what became of it.
// Reports that differ in their formats alone are one row: what they say is compared whichever formats they have.

import { call, pathOf } from "./client.js";
import { asking, offerDialog, openQuestion } from "./dialogs.js";
import { byId, button, el, spinner, straight, working } from "./dom.js";
import { FORMATS, downloadFile, failureWords, goneWords, orderReport, progressWords, readGroup, readGroups, readReport, whenMade } from "./files.js";
import { clock, listed, moment } from "./format.js";
import { formatNames, nameOfGroup, orderOf, outlook, scope, titleOf } from "./groups.js";
import { complain, settle, tell } from "./notices.js";
import { openOrder } from "./order.js";
import { knowNames, nameOf } from "./people.js";
import { go, linkHere, place } from "./place.js";
import { changeWords, changesBetween, showHistory } from "./versions.js";
import { gettext } from "./words.js";

const ABOUT = "reports";
const PAGE = 15;
let context = null; // { me, signal } of what is shown
let reading = new AbortController();

// Read the list anew and unfold the report that the address names.
export async function showReports(given) {
  reading.abort();
  reading = new AbortController();
  context = { ...given, signal: AbortSignal.any([given.signal, reading.signal]) };
  const { signal } = context;
  const list = byId("reports");
  list.setAttribute("aria-busy", "true");
  try {
    const [page] = await Promise.all([readGroups({ limit: PAGE }, { signal }), given.me.role === "member" || knowNames()]);
    settle(ABOUT);
    const rows = await withWanted(page.rows, signal);
    list.replaceChildren(...rows.map(item));
    offerMore(page.next_cursor);
  } catch (error) {
    if (signal.aborted) return;
    complain(error, { about: ABOUT, title: gettext("The reports could not be read."), again: () => showReports(given), signal });
  }
  list.removeAttribute("aria-busy");
}

const has = (group, id) => group.reports.some((report) => report.report_id === id);

// The rows, with the report that the address names even if it is on no page yet.
async function withWanted(rows, signal) {
  const { report: id } = place();
  if (!id || rows.some((group) => has(group, id))) return rows;
  try {
    return [await readGroup((await readReport(id, { signal })).group, { signal }), ...rows];
  } catch (error) {
    if (signal.aborted) throw error;
    complain(error, { about: "report", title: gettext("This report cannot be shown.") });
    go(linkHere({ report: null }), { replace: true, quietly: true });
    return rows;
  }
}

const rowOf = (name) => byId("reports").querySelector(`[data-group="${CSS.escape(name)}"]`);

function offerMore(cursor) {
  const more = byId("reports-more");
  const none = !byId("reports").children.length;
  byId("reports-status").textContent = none ? gettext("No reports yet. Order one, or download a period’s figures.") : "";
  more.hidden = !cursor;
  const next = async () => {
    try {
      const page = await readGroups({ limit: PAGE, cursor }, { signal: context.signal });
      const added = page.rows.filter(({ group }) => !rowOf(group)).map(item);
      byId("reports").append(...added);
      offerMore(page.next_cursor);
      if (!page.next_cursor) added[0]?.querySelector("button")?.focus();
    } catch (error) {
      complain(error, { about: ABOUT, title: gettext("The reports could not be read.") });
    }
  };
  more.onclick = () => working(more, next);
}

export function listenToReports() {
  byId("new-report").addEventListener("click", asking("order"));
  offerDialog("reports", "order", (query) => () => openOrder({ me: context.me, ordered, query }));
  offerDialog("reports", "delete", async (id) => deletion(await readGroup((await readReport(id)).group)));
}

// What the API answered to an order: its group comes to the head of the list, and is followed until it is made.
async function ordered({ report_id: id, status }) {
  tell(status === "ready" ? gettext("The report is ready: nothing has changed since it was made.") : gettext("The report is ordered."), { about: "ordered" });
  const { signal } = context;
  try {
    const group = await readGroup((await readReport(id, { signal })).group, { signal });
    rowOf(group.group)?.remove();
    byId("reports").prepend(item(group));
    byId("reports-status").textContent = "";
  } catch (error) {
    complain(error, { about: ABOUT });
  }
}

// One group, as its reports stand.
function item(group) {
  const about = outlook(group);
  const { latest, newest } = about;
  const name = nameOfGroup(latest);
  const isOpen = has(group, place().report);
  const panel = el("div", { class: "unfolded", id: `about-${group.group}`, hidden: !isOpen });
  const unfold = button(gettext("Details"), {
    class: "link",
    "aria-expanded": String(isOpen),
    "aria-controls": panel.id,
    "aria-label": gettext("Details: %(report)s", { report: name }),
    onclick: () => toggle(group, unfold, panel),
  });
  const said = el(
    "div",
    { class: "about" },
    el("h2", {}, titleOf(newest ?? latest)),
    el("p", { class: "note" }, scope(newest ?? latest)),
    el("p", { class: "note" }, origin(newest ?? latest)),
    newest && group.earlier && changedSince(group.earlier, newest),
  );
  const row = el("li", { class: "report", "data-group": group.group }, said, el("div", { class: "outcome" }, ...outcome(about, name), unfold), panel);
  for (const report of about.making) follow(report, group, row);
  if (isOpen) fill(group, panel);
  return row;
}

// Where only the look is another, or what the totals do not show, the history tells.
function changedSince(earlier, { totals }) {
  const changes = changesBetween(earlier.totals, totals);
  return changes.length > 0 && el("p", {}, gettext("Changed since %(when)s: %(changes)s", { when: moment(earlier.made_at), changes: changeWords(changes) }));
}

async function toggle(group, unfold, panel) {
  const isOpen = panel.hidden;
  const open = byId("reports").querySelector('[aria-expanded="true"]');
  if (isOpen && open) {
    open.setAttribute("aria-expanded", "false");
    byId(open.getAttribute("aria-controls")).hidden = true;
  }
  unfold.setAttribute("aria-expanded", String(isOpen));
  panel.hidden = !isOpen;
  const [{ report_id: report }] = group.reports;
  go(linkHere({ report: isOpen ? report : null, changes: isOpen && group.earlier ? "newest" : null }), { replace: true, quietly: true });
  if (isOpen) await fill(group, panel);
}

function fill(group, panel) {
  const [latest] = group.reports;
  const remove = button(gettext("Delete"), {
    class: "link bad",
    "aria-label": gettext("Delete: %(report)s", { report: nameOfGroup(latest) }),
    onclick: asking("delete", latest.report_id),
  });
  return showHistory(group, panel, { signal: context.signal, me: context.me, foot: context.me.role === "member" ? [] : [remove] });
}

function deletion(group) {
  const name = nameOfGroup(group.reports[0]);
  const text = gettext("Every version and file of “%(report)s” is deleted. Links to it in emails stop working.", { report: name });
  const act = async () => {
    for (const { report_id: id } of group.reports) await call(pathOf("reports", id), { method: "DELETE" });
    return () => removed(group, name);
  };
  return () => openQuestion(gettext("Delete this report?"), text, { label: gettext("Delete"), act });
}

function removed(group, name) {
  const row = rowOf(group.group);
  const next = row?.nextElementSibling ?? row?.previousElementSibling;
  row?.remove();
  if (has(group, place().report)) go(linkHere({ report: null }), { replace: true, quietly: true });
  if (!byId("reports").children.length) offerMore(null);
  tell(gettext("The report “%(report)s” is deleted.", { report: name }), { about: "deleted" });
  (next?.querySelector("[aria-expanded]") ?? byId("new-report")).focus();
}

// Its files, how far the next ones are, or why there are none; and the way to try again.
function outcome({ latest, newest, files, gone, failed, making, older }, name) {
  const parts = making.map((report) => el("p", { class: "making", role: "status", "data-making": report.report_id }, spinner(), progressWords(report)));
  if (failed) parts.push(el("p", { class: "bad" }, el("strong", {}, gettext("Failed")), " ", failureWords(failed)), again(gettext("Try again"), gettext("Try again: %(report)s", { report: name }), failed));
  if (files.length) parts.push(fileButtons(files, name));
  parts.push(...gone.map((format) => el("p", { class: "note" }, goneWords(format))));
  if (gone.length) parts.push(again(gettext("Make again"), gettext("Make again: %(report)s", { report: name }), newest));
  if (older.length && !making.length) {
    const formats = older.map(({ format }) => format);
    const [names, label] = [formatNames(formats), gettext("Bring up to date")];
    parts.push(
      el("p", { class: "note" }, gettext("%(formats)s: older figures", { formats: names })),
      again(label, gettext("%(action)s: %(what)s", { action: label, what: listed([names, name]) }), { ...latest, formats }),
    );
  }
  return parts;
}

const again = (label, name, report) => button(label, { "aria-label": name, onclick: ({ currentTarget }) => working(currentTarget, () => orderAgain(report)) });

function fileButtons(files, name) {
  const buttons = files.map(({ report, format, isOlder }) => {
    const title = FORMATS[format];
    const get = () => downloadFile(report.report_id, { version: report.version, format }).then(() => settle("file"), (error) => complain(error, { about: "file" }));
    const label = gettext("Download %(format)s: %(report)s", { format: title, report: name });
    return button(title, { class: isOlder ? "plain older" : "plain", "aria-label": label, title: isOlder ? moment(report.made_at) : null, onclick: get });
  });
  return el("div", { class: "buttons files" }, ...buttons);
}

async function orderAgain(report) {
  try {
    await ordered(await orderReport(orderOf(report)));
    byId("reports").firstElementChild?.querySelector("[aria-expanded]")?.focus();
  } catch (error) {
    complain(error, { about: ABOUT, again: () => orderAgain(report) });
  }
}

// Say how far a report is until it is made or has failed; then show its group as it is.
async function follow(report, { group: name }, row) {
  const { signal } = context;
  const progress = (state) => row.querySelector(`[data-making="${CSS.escape(report.report_id)}"]`)?.replaceChildren(spinner(), progressWords(state));
  try {
    const made = await whenMade(report, { signal, progress: (state) => ["pending", "running"].includes(state.status) && progress(state) });
    const group = await readGroup(name, { signal });
    if (!row.isConnected) return; // it was drawn anew meanwhile
    const hadFocus = row.contains(document.activeElement);
    const next = item(group);
    row.replaceWith(next);
    if (hadFocus) next.querySelector("[aria-expanded]").focus();
    byId("reports-status").textContent =
      made.status === "ready" ? gettext("%(report)s is ready.", { report: nameOfGroup(made) }) : gettext("%(report)s failed.", { report: nameOfGroup(made) });
  } catch (error) {
    if (!signal.aborted) complain(error, { about: ABOUT });
  }
}

function origin(report) {
  const parts = [gettext("ordered %(when)s", { when: moment(report.requested_at) })];
  if (report.requested_by) parts.push(whose(report.requested_by));
  if (report.data_through) parts.push(gettext("data through %(instant)s", { instant: clock(new Date(report.data_through), new Date(report.made_at)) }));
  const line = parts.join(" · ");
  return line.charAt(0).toLocaleUpperCase(document.documentElement.lang) + line.slice(1);
}

function whose(by) {
  if (by.startsWith("schedule ")) return gettext("by the schedule %(name)s", { name: straight(by.slice(9)) });
  if (by === "operator") return gettext("by an operator");
  return by === context.me.user_id ? gettext("by you") : gettext("by %(name)s", { name: nameOf(by) });
}
