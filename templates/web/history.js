// Earlier reports: what was ordered, with its files and, below it, its older versions.

import { address, call } from "./client.js";
import { FORMATS, downloadAgain } from "./downloads.js";
import { clock, extent, kindOf, listed, moment, number, periodTitle } from "./format.js";
import { byId, el } from "./dom.js";
import { gettext, ngettext } from "./words.js";

const columns = () => [gettext("Period"), gettext("Created"), gettext("Data through"), gettext("Version"), gettext("Files")];
let cursor = null;

// Read the list anew, or with `more` its next page.
export async function showHistory({ failed, more = false }) {
  try {
    const page = await call(address("v1/reports", { cursor: more ? cursor : null, limit: 10 }));
    cursor = page.next_cursor;
    if (!more) byId("history").replaceChildren(head());
    byId("history").append(...page.rows.map((report) => group(report, failed)));
    byId("history-more").hidden = cursor == null;
    const none = !page.rows.length && !more;
    byId("history").hidden = none;
    byId("history-status").textContent = none ? gettext("No reports yet. Reports that you download appear here.") : "";
  } catch (error) {
    byId("history-status").textContent = `${error.title}: ${error.message}`;
  }
}

function head() {
  return el("thead", {}, el("tr", {}, ...columns().map((title) => el("th", { scope: "col" }, title))));
}

// One report: its newest version, and a row for its older versions.
function group(report, failed) {
  const body = el("tbody", {}, line(report, failed));
  if (report.version === 1) return body;
  const count = number(report.version - 1);
  const label = ngettext("%(count)s older", "%(count)s older", report.version - 1, { count });
  const button = el("button", { type: "button", class: "link", "aria-expanded": "false" }, label);
  button.addEventListener("click", () => unfold(body, button, report, failed));
  body.rows[0].cells[3].append(" ", button);
  return body;
}

async function unfold(body, button, report, failed) {
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  if (open) {
    [...body.rows].slice(1).forEach((row) => row.remove());
    return;
  }
  try {
    for (let next = null, first = true; first || next; first = false) {
      const page = await call(address(`v1/reports/${encodeURIComponent(report.report_id)}/versions`, { cursor: next, limit: 100 }));
      const older = page.rows.filter((version) => version.version < report.version);
      body.append(...older.map((version) => line(version, failed, { older: true })));
      next = page.next_cursor;
    }
  } catch (error) {
    button.setAttribute("aria-expanded", "false");
    failed(error);
  }
}

function line(report, failed, { older = false } = {}) {
  const made = report.made_at ?? report.requested_at;
  return el(
    "tr",
    { class: older ? "older" : null },
    older ? el("td", { class: "detail" }, gettext("Older version")) : el("th", { scope: "row" }, ...named(report)),
    el("td", { "data-label": gettext("Created") }, el("time", { datetime: made }, moment(made))),
    el("td", { "data-label": gettext("Data through") }, report.data_through ? clock(new Date(report.data_through), new Date(made)) : "—"),
    el("td", { "data-label": gettext("Version") }, number(report.version), ...changed(report)),
    el("td", {}, ...(report.status === "ready" ? files(report, failed) : [state(report)])),
  );
}

function named(report) {
  const title = periodTitle(kindOf(report.period), report.from, report.to);
  const about = [extent(title, report.from, report.to)].filter(Boolean);
  const users = report.filters?.user_ids?.length;
  if (users) about.push(ngettext("%(count)s user", "%(count)s users", users, { count: number(users) }));
  if (report.filters?.basis === "cohort") about.push(gettext("cohort basis"));
  return [title, " ", el("span", { class: "detail" }, about.join(" · "))];
}

// What a version says otherwise than the one before.
function changed({ changes }) {
  if (!changes) return [];
  const measures = changes.measures.map(({ measure, before, after }) =>
    gettext("%(measure)s %(before)s → %(after)s", { measure: heading(measure), before: number(before), after: number(after) }),
  );
  return [el("div", { class: "detail" }, measures.length ? listed(measures) : gettext("totals unchanged"))];
}

const heading = (measure) => document.querySelector(`[data-term="${measure}"]`).textContent;

function files(report, failed) {
  const gone = report.gone.map((format) => el("div", { class: "detail" }, gettext("%(format)s: no longer stored. Download it above to make it again.", { format: FORMATS[format] })));
  return [...links(report, failed), ...gone];
}

function links(report, failed) {
  return report.files.map(({ format }) => {
    const title = FORMATS[format];
    const get = () => downloadAgain(report.report_id, report.version, format).catch(failed);
    const label = gettext("Download %(format)s, version %(version)s", { format: title, version: number(report.version) });
    return el("button", { type: "button", class: "link", "aria-label": label, onclick: get }, title);
  });
}

function state(report) {
  if (report.status === "failed") return el("span", { class: "bad", title: report.failure }, gettext("Failed"));
  return el("span", { class: "detail" }, gettext("In progress…"));
}
