// Reports: what was ordered, how far it is, its files; one of them may be unfolded to its versions and what became of it.

import { call, pathOf } from "./client.js";
import { askFor, offerDialog, openQuestion } from "./dialogs.js";
import { byId, button, el, spinner, straight } from "./dom.js";
import { FORMATS, downloadFile, goneWords, isMaking, orderReport, progressWords, readReport, readReports, whenMade } from "./files.js";
import { clock, extent, kindOf, listed, moment, number, periodTitle } from "./format.js";
import { complain, settle, tell } from "./notices.js";
import { openOrder } from "./order.js";
import { knowNames, nameOf } from "./people.js";
import { go, linkHere, place } from "./place.js";
import { changeWords, showVersions } from "./versions.js";
import { gettext, ngettext } from "./words.js";

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
    const [page] = await Promise.all([readReports({ limit: PAGE }, { signal }), given.me.role === "member" || knowNames()]);
    settle(ABOUT);
    const rows = await withWanted(page.rows, signal);
    list.replaceChildren(...rows.map(item));
    offerMore(page.next_cursor);
  } catch (error) {
    if (signal.aborted) return;
    complain(error, { about: ABOUT, title: gettext("The reports could not be read."), again: () => showReports(given) });
  }
  list.removeAttribute("aria-busy");
}

// The rows, with the report that the address names even if it is on no page yet.
async function withWanted(rows, signal) {
  const { report: id } = place();
  if (!id || rows.some((row) => row.report_id === id)) return rows;
  try {
    return [await readReport(id, { signal }), ...rows];
  } catch (error) {
    if (signal.aborted) throw error;
    complain(error, { about: "report", title: gettext("This report cannot be shown.") });
    go(linkHere({ report: null }), { replace: true, quietly: true });
    return rows;
  }
}

function offerMore(cursor) {
  const more = byId("reports-more");
  const none = !byId("reports").children.length;
  byId("reports-status").textContent = none ? gettext("No reports yet. Order one, or download a period’s figures.") : "";
  more.hidden = !cursor;
  more.onclick = async () => {
    more.setAttribute("aria-busy", "true");
    try {
      const page = await readReports({ limit: PAGE, cursor }, { signal: context.signal });
      const shown = new Set([...byId("reports").children].map(({ dataset }) => dataset.report));
      const added = page.rows.filter((row) => !shown.has(row.report_id)).map(item);
      byId("reports").append(...added);
      offerMore(page.next_cursor);
      if (!page.next_cursor) added[0]?.querySelector("button")?.focus();
    } catch (error) {
      complain(error, { about: ABOUT, title: gettext("The reports could not be read.") });
    }
    more.removeAttribute("aria-busy");
  };
}

export function listenToReports() {
  byId("new-report").addEventListener("click", () => askFor("order"));
  offerDialog("reports", "order", () => () => openOrder({ me: context.me, ordered }));
  offerDialog("reports", "delete", async (id) => deletion(await readReport(id)));
}

// What the API answered to an order: its report comes to the head of the list, and is followed until it is made.
async function ordered({ report_id: id, status }) {
  tell(status === "ready" ? gettext("The report is ready: nothing has changed since it was made.") : gettext("The report is ordered."), { about: "ordered" });
  const { signal } = context;
  try {
    const report = await readReport(id, { signal });
    byId("reports").querySelector(`[data-report="${CSS.escape(id)}"]`)?.remove();
    byId("reports").prepend(item(report));
    byId("reports-status").textContent = "";
  } catch (error) {
    complain(error, { about: ABOUT });
  }
}

// One report, in its newest version.
function item(report) {
  const { report_id: id } = report;
  const name = nameOfReport(report);
  const isOpen = place().report === id;
  const panel = el("div", { class: "unfolded", id: `about-${id}`, hidden: !isOpen });
  const unfold = button(gettext("Details"), {
    class: "link",
    "aria-expanded": String(isOpen),
    "aria-controls": panel.id,
    "aria-label": gettext("Details: %(report)s", { report: name }),
    onclick: () => toggle(report, unfold, panel),
  });
  const about = el(
    "div",
    { class: "about" },
    el("h2", {}, periodTitle(kindOf(report.period), report.from, report.to)),
    el("p", { class: "note" }, scope(report)),
    el("p", { class: "note" }, origin(report)),
    report.changes && el("p", {}, gettext("Changed since version %(version)s: %(changes)s", { version: number(report.changes.since_version), changes: changeWords(report.changes) })),
  );
  const row = el("li", { class: "report", "data-report": id }, about, el("div", { class: "outcome" }, ...outcome(report, name), unfold), panel);
  if (isMaking(report)) follow(report, row);
  if (isOpen) fill(report, panel);
  return row;
}

async function toggle(report, unfold, panel) {
  const isOpen = panel.hidden;
  const open = byId("reports").querySelector('[aria-expanded="true"]');
  if (isOpen && open) {
    open.setAttribute("aria-expanded", "false");
    byId(open.getAttribute("aria-controls")).hidden = true;
  }
  unfold.setAttribute("aria-expanded", String(isOpen));
  panel.hidden = !isOpen;
  go(linkHere({ report: isOpen ? report.report_id : null, changes: isOpen && report.changes ? report.version : null }), { replace: true, quietly: true });
  if (isOpen) await fill(report, panel);
}

function fill(report, panel) {
  const remove = button(gettext("Delete"), {
    class: "link bad",
    "aria-label": gettext("Delete: %(report)s", { report: nameOfReport(report) }),
    onclick: () => askFor("delete", report.report_id),
  });
  return showVersions(report, panel, { signal: context.signal, me: context.me, foot: context.me.role === "member" ? [] : [remove] });
}

function deletion(report) {
  const name = nameOfReport(report);
  const text = gettext("Every version and file of “%(report)s” is deleted. Links to it in emails stop working.", { report: name });
  const act = async () => {
    await call(pathOf("reports", report.report_id), { method: "DELETE" });
    return () => removed(report, name);
  };
  return () => openQuestion(gettext("Delete this report?"), text, { label: gettext("Delete"), act });
}

function removed({ report_id: id }, name) {
  const row = byId("reports").querySelector(`[data-report="${CSS.escape(id)}"]`);
  const next = row?.nextElementSibling ?? row?.previousElementSibling;
  row?.remove();
  if (place().report === id) go(linkHere({ report: null }), { replace: true, quietly: true });
  if (!byId("reports").children.length) offerMore(null);
  tell(gettext("The report “%(report)s” is deleted.", { report: name }), { about: "deleted" });
  (next?.querySelector("[aria-expanded]") ?? byId("new-report")).focus();
}

// Its files; or how far it is; or why there are none, and the way to try again.
function outcome(report, name) {
  if (isMaking(report)) return [el("p", { class: "making", role: "status" }, spinner(), progressWords(report))];
  if (report.status === "failed") {
    const again = button(gettext("Try again"), { "aria-label": gettext("Try again: %(report)s", { report: name }), onclick: () => orderAgain(report) });
    return [el("p", { class: "bad" }, el("strong", {}, gettext("Failed")), " ", report.failure), again];
  }
  const gone = report.gone.map((format) => el("p", { class: "note" }, goneWords(format)));
  const again = gone.length ? [button(gettext("Make again"), { "aria-label": gettext("Make again: %(report)s", { report: name }), onclick: () => orderAgain(report) })] : [];
  return [fileButtons(report, name), ...gone, ...again];
}

export function fileButtons(report, name) {
  const buttons = report.files.map(({ format }) => {
    const title = FORMATS[format];
    const get = () => downloadFile(report.report_id, { version: report.version, format }).then(() => settle("file"), (error) => complain(error, { about: "file" }));
    const label = gettext("Download %(format)s: %(report)s", { format: title, report: name });
    return button(title, { "aria-label": label, onclick: get });
  });
  return el("div", { class: "buttons files" }, ...buttons);
}

async function orderAgain(report) {
  const isRange = kindOf(report.period) === "range";
  const [from, to] = report.period.split("_");
  const body = { ...(isRange ? { from, to } : { period: report.period }), formats: report.formats, ...(report.filters ? { filters: report.filters } : {}) };
  try {
    await ordered(await orderReport(body));
    byId("reports").firstElementChild?.querySelector("[aria-expanded]")?.focus();
  } catch (error) {
    complain(error, { about: ABOUT, again: () => orderAgain(report) });
  }
}

// Say how far it is until it is made or has failed; then show it as it is.
async function follow(report, row) {
  const { signal } = context;
  const progress = (state) => isMaking(state) && row.querySelector(".making")?.replaceChildren(spinner(), progressWords(state));
  try {
    const made = await whenMade(report, { signal, progress });
    const hadFocus = row.contains(document.activeElement);
    const next = item(made);
    row.replaceWith(next);
    if (hadFocus) next.querySelector("[aria-expanded]").focus();
    byId("reports-status").textContent =
      made.status === "ready" ? gettext("%(report)s is ready.", { report: nameOfReport(made) }) : gettext("%(report)s failed.", { report: nameOfReport(made) });
  } catch (error) {
    if (!signal.aborted) complain(error, { about: ABOUT });
  }
}

// What tells this report from others in a line: `October 2026, PDF and Excel, 3 users`.
function nameOfReport(report) {
  return listed([periodTitle(kindOf(report.period), report.from, report.to), report.formats.map((format) => FORMATS[format]).join("/"), ...narrowed(report), `#${report.report_id.slice(-4)}`]);
}

function narrowed({ filters }) {
  const words = [];
  if (filters?.user_ids?.length === 1) words.push(nameOf(filters.user_ids[0]));
  else if (filters?.user_ids) words.push(ngettext("%(count)s user", "%(count)s users", filters.user_ids.length, { count: number(filters.user_ids.length) }));
  if (filters?.basis === "cohort") words.push(gettext("cohort basis"));
  return words;
}

function scope(report) {
  const title = periodTitle(kindOf(report.period), report.from, report.to);
  return [extent(title, report.from, report.to), ...narrowed(report)].filter(Boolean).join(" · ");
}

function origin(report) {
  const parts = [gettext("Version %(version)s", { version: number(report.version) }), gettext("ordered %(when)s", { when: moment(report.requested_at) })];
  if (report.requested_by) parts.push(whose(report.requested_by));
  if (report.data_through) parts.push(gettext("data through %(instant)s", { instant: clock(new Date(report.data_through), new Date(report.made_at)) }));
  return parts.join(" · ");
}

function whose(by) {
  if (by.startsWith("schedule ")) return gettext("by the schedule %(name)s", { name: straight(by.slice(9)) });
  if (by === "operator") return gettext("by an operator");
  return by === context.me.user_id ? gettext("by you") : gettext("by %(name)s", { name: nameOf(by) });
}
