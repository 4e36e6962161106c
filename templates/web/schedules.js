// Scheduled reports: what is sent when to whom, what comes next, and what can be done with each by hand.

import { allRows, call, exchange, pathOf } from "./client.js";
import { confirmed } from "./dialogs.js";
import { byId, button, el, foreign } from "./dom.js";
import { FORMATS } from "./files.js";
import { listed, moment, number } from "./format.js";
import { complain, settle, tell } from "./notices.js";
import { openSchedule, rhythm } from "./scheduleform.js";
import { gettext, ngettext } from "./words.js";

const ABOUT = "schedules";
let context = null; // { me, signal } of what is shown

export async function showSchedules(given) {
  context = given;
  const { signal } = given;
  const list = byId("schedules");
  list.setAttribute("aria-busy", "true");
  try {
    const { rows } = await allRows("v1/schedules", {}, { signal, limit: 1000 });
    settle(ABOUT);
    list.replaceChildren(...rows.map(item));
    byId("schedules-status").textContent = rows.length ? "" : gettext("No schedules yet: make one, and reports come by email by themselves.");
  } catch (error) {
    if (signal.aborted) return;
    complain(error, { about: ABOUT, title: gettext("The schedules could not be read."), again: () => showSchedules(given) });
  }
  list.removeAttribute("aria-busy");
}

export function listenToSchedules() {
  byId("new-schedule").addEventListener("click", () => openSchedule(null, { saved: () => refreshed(null, gettext("The schedule is made.")) }));
}

// Read all anew after a change, and give the focus back to the schedule that it was about.
async function refreshed(name, said) {
  await showSchedules(context);
  if (said) tell(said, { about: ABOUT });
  const row = name && byId("schedules").querySelector(`[data-schedule="${CSS.escape(name)}"]`);
  (row?.querySelector("button") ?? byId("new-schedule")).focus();
}

function item(schedule) {
  const { name, paused } = schedule;
  const about = el(
    "div",
    { class: "about" },
    el("h2", {}, foreign(name), paused && el("span", { class: "state paused" }, gettext("Paused"))),
    el("p", {}, rhythm(schedule)),
    el("p", { class: "note" }, listed(schedule.formats.map((format) => FORMATS[format])), " · ", recipients(schedule)),
    el("p", { class: "note" }, paused ? gettext("Nothing is sent while it is paused.") : gettext("Next: %(when)s", { when: moment(schedule.next_at) })),
  );
  const act = (label, what, extra = {}) => button(label, { class: "link", "aria-label": gettext("%(action)s: %(schedule)s", { action: label, schedule: name }), onclick: what, ...extra });
  const controls = el(
    "div",
    { class: "outcome" },
    act(gettext("Edit"), () => edit(name)),
    act(paused ? gettext("Resume") : gettext("Pause"), () => pause(schedule)),
    act(gettext("Delete"), () => remove(name), { class: "link bad" }),
  );
  return el("li", { class: "report schedule", "data-schedule": name }, about, controls);
}

function recipients({ recipients: all }) {
  if (!all.length) return gettext("no recipients");
  const shown = all.slice(0, 2).map(({ email }) => email);
  const rest = all.length - shown.length;
  return rest ? ngettext("%(shown)s and %(count)s more", "%(shown)s and %(count)s more", rest, { shown: listed(shown), count: number(rest) }) : listed(shown);
}

async function edit(name) {
  try {
    const { document: schedule, tag } = await exchange(pathOf("schedules", name));
    openSchedule(schedule, { tag, saved: () => refreshed(name, gettext("The schedule is changed.")) });
  } catch (error) {
    complain(error, { about: ABOUT });
  }
}

async function pause({ name, paused }) {
  try {
    const { document: schedule, tag } = await exchange(pathOf("schedules", name));
    await call(pathOf("schedules", name), { method: "PUT", body: { ...schedule, paused: !paused }, tag });
    await refreshed(name, paused ? gettext("“%(schedule)s” goes on with its next period.", { schedule: name }) : gettext("“%(schedule)s” is paused.", { schedule: name }));
  } catch (error) {
    complain(error, { about: ABOUT });
  }
}

async function remove(name) {
  const text = gettext("“%(schedule)s” sends nothing any more. The reports that it made are kept.", { schedule: name });
  if (!(await confirmed(gettext("Delete this schedule?"), text, gettext("Delete")))) return;
  try {
    await call(pathOf("schedules", name), { method: "DELETE" });
    await refreshed(null, gettext("The schedule “%(schedule)s” is deleted.", { schedule: name }));
  } catch (error) {
    complain(error, { about: ABOUT });
  }
}
