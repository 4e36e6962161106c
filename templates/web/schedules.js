// Scheduled reports: what is sent when to whom, what comes next, and what can be done with each by hand.

import { allRows, call, exchange, pathOf } from "./client.js";
import { showDeliveries, showSuppressions } from "./deliveries.js";
import { confirmed, openDialog, openForm } from "./dialogs.js";
import { byId, button, el, field, foreign } from "./dom.js";
import { FORMATS } from "./files.js";
import { kindOf, listed, moment, number, periodTitle } from "./format.js";
import { mailView } from "./mailview.js";
import { complain, settle, tell } from "./notices.js";
import { knowNames, emailOf } from "./people.js";
import { named } from "./periods.js";
import { go, linkHere, place } from "./place.js";
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
    const [{ rows }] = await Promise.all([allRows("v1/schedules", {}, { signal, limit: 1000 }), knowNames()]);
    settle(ABOUT);
    list.replaceChildren(...rows.map(item));
    byId("schedules-status").textContent = rows.length ? "" : gettext("No schedules yet: make one, and reports come by email by themselves.");
    await showSuppressions({ signal });
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
  const isOpen = place().schedule === name;
  const panel = el("div", { class: "unfolded", id: `deliveries-${CSS.escape(name)}`, hidden: !isOpen });
  const about = el(
    "div",
    { class: "about" },
    el("h2", {}, foreign(name), paused && el("span", { class: "state paused" }, gettext("Paused"))),
    el("p", {}, rhythm(schedule)),
    el("p", { class: "note" }, listed(schedule.formats.map((format) => FORMATS[format])), " · ", recipients(schedule)),
    el("p", { class: "note" }, paused ? gettext("Nothing is sent while it is paused.") : gettext("Next: %(when)s", { when: moment(schedule.next_at) })),
  );
  const act = (label, what, extra = {}) => button(label, { class: "link", "aria-label": gettext("%(action)s: %(schedule)s", { action: label, schedule: name }), onclick: what, ...extra });
  const unfold = act(gettext("Deliveries"), () => toggle(schedule, unfold, panel), { "aria-expanded": String(isOpen), "aria-controls": panel.id });
  const controls = el(
    "div",
    { class: "outcome" },
    act(gettext("Edit"), () => edit(name)),
    act(paused ? gettext("Resume") : gettext("Pause"), () => pause(schedule)),
    act(gettext("Preview"), () => preview(name)),
    act(gettext("Send a test"), () => sendTest(name)),
    act(gettext("Send now"), () => sendNow(schedule)),
    unfold,
    act(gettext("Delete"), () => remove(name), { class: "link bad" }),
  );
  if (isOpen) showDeliveries(name, panel, context);
  return el("li", { class: "report schedule", "data-schedule": name }, about, controls, panel);
}

function recipients({ recipients: all }) {
  if (!all.length) return gettext("no recipients");
  const shown = all.slice(0, 2).map(({ email }) => email);
  const rest = all.length - shown.length;
  return rest ? ngettext("%(shown)s and %(count)s more", "%(shown)s and %(count)s more", rest, { shown: listed(shown), count: number(rest) }) : listed(shown);
}

function toggle(schedule, unfold, panel) {
  const isOpen = panel.hidden;
  panel.hidden = !isOpen;
  unfold.setAttribute("aria-expanded", String(isOpen));
  go(linkHere({ schedule: isOpen ? schedule.name : null }), { replace: true, quietly: true });
  if (isOpen) showDeliveries(schedule.name, panel, context);
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

async function preview(name) {
  try {
    const { subject, html } = await call(pathOf("schedules", name, "preview"), { signal: context.signal });
    openDialog(gettext("Preview: %(schedule)s", { schedule: name }), [el("p", { class: "subject" }, foreign(subject)), mailView(html, gettext("The email"))], { wide: true });
  } catch (error) {
    complain(error, { about: ABOUT, title: gettext("The email cannot be shown.") });
  }
}

function sendTest(name) {
  const address = el("input", { type: "email", id: "test-address", required: true, value: emailOf(context.me.user_id), autocomplete: "email" });
  openForm(gettext("Send a test: %(schedule)s", { schedule: name }), [field(gettext("To"), address, { hint: gettext("Only this address gets it.") })], {
    label: gettext("Send"),
    send: async () => sent(await call(pathOf("schedules", name, "send-now"), { method: "POST", body: { recipients: [address.value.trim()] } })),
  });
}

function sendNow({ name, recipients: all }) {
  const count = ngettext("The report of the last whole period goes to %(count)s recipient who has not got it yet.", "The report of the last whole period goes to all of %(count)s recipients who have not got it yet.", all.length, { count: number(all.length) });
  openForm(gettext("Send now: %(schedule)s", { schedule: name }), [el("p", {}, count)], {
    label: gettext("Send"),
    send: async () => sent(await call(pathOf("schedules", name, "send-now"), { method: "POST", body: {} })),
  });
}

// What became of an email that was sent by hand.
async function sent({ period, deliveries }) {
  const { from, to } = named(period) ?? {};
  const values = { period: from ? periodTitle(kindOf(period), from, to) : period, sent: number(deliveries.filter(({ state }) => state === "sent").length), count: number(deliveries.length) };
  await showSchedules(context);
  tell(gettext("%(period)s: sent to %(sent)s of %(count)s recipients. See Deliveries for each.", values), { about: ABOUT });
}

async function remove(name) {
  const text = gettext("“%(schedule)s” sends nothing any more. The reports that it made are kept.", { schedule: name });
  if (!(await confirmed(gettext("Delete this schedule?"), text, gettext("Delete")))) return;
  try {
    await call(pathOf("schedules", name), { method: "DELETE" });
    go(linkHere({ schedule: null }), { replace: true, quietly: true });
    await refreshed(null, gettext("The schedule “%(schedule)s” is deleted.", { schedule: name }));
  } catch (error) {
    complain(error, { about: ABOUT });
  }
}
