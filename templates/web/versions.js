// A report unfolded: its versions, what changed from one to the next, and who downloaded it.

import { activityOf } from "./activity.js";
import { address, call, pathOf } from "./client.js";
import { UNKNOWN, button, el, foreign, table } from "./dom.js";
import { FORMATS, downloadFile, goneWords, readVersions } from "./files.js";
import { clock, date, listed, moment, number } from "./format.js";
import { complain } from "./notices.js";
import { go, linkHere, place } from "./place.js";
import { gettext } from "./words.js";

export async function showVersions(report, panel, { signal, me, foot }) {
  panel.setAttribute("aria-busy", "true");
  try {
    const { rows } = await readVersions(report.report_id, { signal });
    const done = me.role === "member" ? [] : await activityOf(report.report_id, { signal });
    const lists = [el("h3", {}, gettext("Versions")), el("ul", { class: "versions" }, ...rows.map((version) => line(version, signal)))];
    if (done.length) lists.push(el("h3", {}, gettext("Who ordered and downloaded it")), el("ul", { class: "done note" }, ...done));
    panel.replaceChildren(...lists, ...foot);
  } catch (error) {
    if (signal.aborted) return;
    panel.replaceChildren(...foot);
    complain(error, { about: "versions", title: gettext("The versions could not be read.") });
  }
  panel.removeAttribute("aria-busy");
}

function line(version, signal) {
  const about = [gettext("Version %(version)s", { version: number(version.version) }), moment(version.made_at ?? version.requested_at)];
  if (version.data_through) about.push(gettext("data through %(instant)s", { instant: clock(new Date(version.data_through), new Date(version.made_at)) }));
  const changes = el("div", { class: "changes" });
  const parts = [el("span", {}, about.join(" · ")), ...files(version)];
  if (version.status === "failed") parts.push(el("span", { class: "bad" }, version.failure));
  if (version.changes) parts.push(el("p", { class: "note" }, changeWords(version.changes)), diffButton(version, changes, signal));
  return el("li", {}, ...parts, changes);
}

function files(version) {
  const links = version.files.map(({ format }) => {
    const get = () => downloadFile(version.report_id, { version: version.version, format }).catch((error) => complain(error, { about: "file" }));
    const label = gettext("Download %(format)s, version %(version)s", { format: FORMATS[format], version: number(version.version) });
    return button(FORMATS[format], { class: "link", "aria-label": label, onclick: get });
  });
  return [...links, ...version.gone.map((format) => el("p", { class: "note" }, goneWords(format)))];
}

// `Sent 453 → 1,495, Completed 3 → 5`: what a version says otherwise than the one before.
export function changeWords({ measures }) {
  return measures.length ? listed(measures.map(changed)) : gettext("totals unchanged");
}

const changed = ({ measure, before, after }) =>
  gettext("%(measure)s %(before)s → %(after)s", { measure: heading(measure), before: number(before), after: number(after) });

const heading = (measure) => document.querySelector(`[data-term="${measure}"]`).textContent;

function diffButton(version, box, signal) {
  const show = button(gettext("What changed"), {
    class: "link",
    "aria-expanded": "false",
    "aria-label": gettext("What changed in version %(version)s", { version: number(version.version) }),
  });
  const turn = async (isOpen) => {
    show.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return box.replaceChildren();
    try {
      const between = { from: version.changes.since_version, to: version.version, limit: 1000 };
      box.replaceChildren(...differences(await call(address(pathOf("reports", version.report_id, "diff"), between), { signal })));
    } catch (error) {
      show.setAttribute("aria-expanded", "false");
      if (!signal.aborted) complain(error, { about: "diff" });
    }
  };
  show.addEventListener("click", () => {
    const isOpen = show.getAttribute("aria-expanded") === "false";
    const left = openChanges().filter((each) => each !== String(version.version));
    go(linkHere({ changes: [...left, ...(isOpen ? [version.version] : [])].join(".") }), { replace: true, quietly: true });
    turn(isOpen);
  });
  if (openChanges().includes(String(version.version))) turn(true);
  return show;
}

// The versions whose changes are unfolded.
const openChanges = () => (place().changes ?? "").split(".").filter(Boolean);

function differences({ measures, days, users, next_cursor: more, notice }) {
  const columns = (title) => [{ title, start: true }, { title: gettext("Changes"), start: true }];
  const shown = [];
  const add = (title, rows) => rows?.length && shown.push(table(columns(title), rows.map(([name, changes]) => ({ cells: [name, changes] })), { class: "figures" }));
  add(gettext("Total"), measures.length ? [[gettext("All users"), listed(measures.map(changed))]] : []);
  add(gettext("Day"), days?.map(({ day, measures: each }) => [date(day), listed(each.map(changed))]));
  add(gettext("User"), users?.map((user) => [foreign(user.user_name || user.user_email || user.user_id || UNKNOWN), listed(user.measures.map(changed))]));
  if (more) shown.push(el("p", { class: "note" }, gettext("More users changed; the Excel files of both versions list all.")));
  if (notice) shown.push(el("p", { class: "note" }, notice));
  return shown.length ? shown : [el("p", { class: "note" }, gettext("Nothing changed."))];
}
