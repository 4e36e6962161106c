// Scheduled reports: what is sent when to whom, what comes next, and what can be done with each by hand.

import { address, allRows, call, exchange, pathOf } from "./client.js";
import { readSuppressions, reasonsOf, showDeliveries, showSuppressions } from "./deliveries.js";
import { conditionWords } from "./conditions.js";
import { destinationLabel, onlyAt } from "./destinations.js";
import { asking, offerDialog, openDialog, openForm, openQuestion } from "./dialogs.js";
import { byId, button, directed, el, field, foreign } from "./dom.js";
import { FORMATS } from "./files.js";
import { kindOf, listed, moment, number, periodTitle } from "./format.js";
import { emptiness } from "./headline.js";
import { mailView } from "./mailview.js";
import { complain, settle, tell } from "./notices.js";
import { knowNames, emailOf } from "./people.js";
import { named, preset, title } from "./periods.js";
import { go, linkHere, place } from "./place.js";
import { showReaders, stopping } from "./readers.js";
import { openSchedule, rhythm, whyUnsent } from "./scheduleform.js";
import { gettext, ngettext } from "./words.js";

const ABOUT = "schedules";
const LAST_OF = { day: "yesterday", week: "last_week", month: "last_month", quarter: "last_quarter", year: "last_year" };
let context = null; // { me, signal } of what is shown

export async function showSchedules(given) {
  context = given;
  const { signal } = given;
  const list = byId("schedules");
  list.setAttribute("aria-busy", "true");
  try {
    const [{ rows }, withheld] = await Promise.all([allRows("v1/schedules", {}, { signal, limit: 1000 }), readSuppressions({ signal }), knowNames()]);
    settle(ABOUT);
    list.replaceChildren(...rows.map(item));
    byId("schedules-status").textContent = rows.length ? "" : gettext("No schedules yet. Create one, and reports arrive by email on their own.");
    showReaders(rows, reasonsOf(withheld));
    showSuppressions(withheld, { lifted: () => showSchedules(context) });
  } catch (error) {
    if (signal.aborted) return;
    complain(error, { about: ABOUT, title: gettext("The schedules could not be read."), again: () => showSchedules(given), signal });
  }
  list.removeAttribute("aria-busy");
}

export function listenToSchedules() {
  byId("new-schedule").addEventListener("click", asking("new"));
  const openings = { new: () => creation, edit: edition, preview, test: trial, send: sending, delete: deletion, stop };
  for (const [name, opens] of Object.entries(openings)) offerDialog("schedules", name, opens);
}

const stop = (email) =>
  stopping(email, {
    stopped: (giveBack) => {
      const undo = () => giveBack().then(() => refreshed(null, gettext("%(email)s gets the same emails as before.", { email })), (error) => complain(error, { about: ABOUT }));
      return refreshed(null, gettext("%(email)s no longer gets scheduled emails.", { email }), { undo });
    },
  });

// Read all anew after a change, and give the focus back to what was pressed, or to its schedule.
async function refreshed(name, said, { undo } = {}) {
  const pressed = document.activeElement?.dataset.act;
  await showSchedules(context);
  if (said) tell(said, { about: undo ? said : ABOUT, undo }); // what can be undone is replaced by nothing else
  const row = name && byId("schedules").querySelector(`[data-schedule="${CSS.escape(name)}"]`);
  const same = pressed && row?.querySelector(`[data-act="${pressed}"]`);
  (same || row?.querySelector("button") || byId("new-schedule")).focus();
}

function item(schedule, index) {
  const { name, paused } = schedule;
  const isOpen = place().schedule === name;
  const panel = el("div", { class: "unfolded", id: `deliveries-${index}`, hidden: !isOpen });
  const about = el(
    "div",
    { class: "about" },
    el("h2", {}, foreign(name), paused && el("span", { class: "state paused" }, gettext("Paused"))),
    el("p", {}, rhythm(schedule)),
    el("p", { class: "note" }, [listed(schedule.formats.map((format) => FORMATS[format])), recipients(schedule), schedule.condition && conditionWords(schedule.condition)].filter(Boolean).join(" · ")),
    el("p", { class: "note" }, whenNext(schedule)),
  );
  const act = (key, label, what, extra = {}) => button(label, { class: "link", "data-act": key, "aria-label": gettext("%(action)s: %(what)s", { action: label, what: name }), onclick: what, ...extra });
  const unfold = act("deliveries", gettext("Deliveries"), () => toggle(schedule, unfold, panel), { "aria-expanded": String(isOpen), "aria-controls": panel.id });
  const controls = el(
    "div",
    { class: "outcome" },
    act("edit", gettext("Edit"), asking("edit", name)),
    act("pause", paused ? gettext("Resume") : gettext("Pause"), () => pause(schedule)),
    act("preview", gettext("Preview"), asking("preview", name)),
    act("test", gettext("Send a test"), asking("test", name)),
    act("send", gettext("Send now"), asking("send", name)),
    unfold,
    act("delete", gettext("Delete"), asking("delete", name), { class: "link bad" }),
  );
  if (isOpen) showDeliveries(name, panel, context);
  return el("li", { class: "report schedule", "data-schedule": name }, about, controls, panel);
}

const whenNext = (schedule) => whyUnsent(schedule) || gettext("Next: %(when)s", { when: moment(schedule.next_at) });

function recipients({ recipients: mailed, destinations }) {
  const all = [...mailed.map(({ email }) => email), ...destinations.map(destinationLabel)];
  if (!all.length) return gettext("no recipients");
  const shown = all.slice(0, 2);
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

const creation = () => openSchedule(null, { me: context.me, saved: () => refreshed(null, gettext("Schedule created.")) });

async function edition(name) {
  const { document: schedule, tag } = await exchange(pathOf("schedules", name));
  return () => openSchedule(schedule, { tag, me: context.me, saved: () => refreshed(name, gettext("The schedule is changed.")) });
}

async function pause({ name, paused }) {
  try {
    const { document: schedule, tag } = await exchange(pathOf("schedules", name));
    await call(pathOf("schedules", name), { method: "PUT", body: { ...schedule, paused: !paused }, tag });
    await refreshed(name, paused ? gettext("“%(schedule)s” resumes with its next period.", { schedule: name }) : gettext("“%(schedule)s” is paused.", { schedule: name }));
  } catch (error) {
    complain(error, { about: ABOUT });
  }
}

async function preview(name) {
  const { subject, html, attachments, condition } = await call(pathOf("schedules", name, "preview"));
  const links = gettext("Its links work as long as the report is kept, for anyone who is signed in and may see it.");
  const about = [links, attachments.length && gettext("Attached: %(files)s", { files: listed(attachments) }), condition && outcomeWords(condition)].filter(Boolean);
  const parts = () => [el("p", { class: "subject" }, directed(subject, { dir: /<html[^>]*dir="rtl"/.test(html) ? "rtl" : "auto" })), ...about.map((text) => el("p", { class: "note" }, text)), mailView(html, gettext("The email"))];
  return () => openDialog(gettext("Preview: %(schedule)s", { schedule: name }), parts(), { wide: true });
}

const outcomeWords = ({ holds }) => (holds ? gettext("Its condition is met: it would be sent automatically.") : gettext("Its condition is not met: it would not be sent automatically."));

async function trial(name) {
  const { words } = await outgoing(await call(pathOf("schedules", name)));
  const to = el("input", { type: "email", dir: "ltr", id: "test-address", required: true, "data-part": "recipients", value: emailOf(context.me.user_id), autocomplete: "email" });
  return () => openForm(gettext("Send a test: %(schedule)s", { schedule: name }), [...words(), field(gettext("To"), to, { hint: [gettext("Only this address gets it."), onlyAt(context.me.recipient_domains)].filter(Boolean).join(" ") })], {
    label: gettext("Send"),
    send: () => sentBy(name, { recipients: [to.value.trim()] }, { test: to.value.trim() }),
  });
}

// The period that is sent by hand, and what is to be known of it before.
async function outgoing({ every }) {
  const period = preset(LAST_OF[every]);
  const empty = emptiness(await call(address("v1/usage", { period: period.period })));
  const warning = empty && gettext("%(nothing)s The email will say so.", { nothing: empty });
  const words = (more = "") => [el("p", {}, el("strong", {}, title(period)), more && ` · ${more}`), warning && el("p", { class: "caveat" }, warning)].filter(Boolean);
  return { period, words };
}

// Names the period and everybody who will get it, and why nobody else does: what is confirmed is what is sent.
async function sending(name) {
  const schedule = await call(pathOf("schedules", name));
  const [{ period, words }, { rows }, withheld] = await Promise.all([
    outgoing(schedule),
    call(address(pathOf("schedules", name, "deliveries"), { limit: 500 })),
    readSuppressions(),
  ]);
  const why = reasonsAgainst(rows.filter((row) => row.period === period.period && !row.correction), withheld);
  const all = [...schedule.recipients.map(({ email }) => [email, email]), ...schedule.destinations.map((each) => [`${each.kind}:${each.name}`, destinationLabel(each)])];
  const left = all.filter(([key]) => !why.has(key.toLowerCase()));
  const lines = all.map(([key, label]) => el("li", {}, foreign(label), why.has(key.toLowerCase()) && el("span", { class: "note" }, ` · ${why.get(key.toLowerCase())}`)));
  const heading = gettext("Send now: %(schedule)s", { schedule: name });
  const reach = left.length ? ngettext("to %(count)s address", "to %(count)s addresses", left.length, { count: number(left.length) }) : gettext("to nobody");
  const parts = () => [...words(reach), all.length ? el("ul", { class: "done" }, ...lines) : el("p", {}, gettext("Nothing is sent, because it has no recipients."))];
  if (!left.length) return () => openDialog(heading, parts());
  return () => openForm(heading, parts(), { label: gettext("Send"), send: () => sentBy(name, { period: period.period }) });
}

// By address in small letters, why it is left alone: it has got the period's email, may have, or gets none at all.
function reasonsAgainst(deliveries, withheld) {
  const states = { sent: gettext("already has it"), complained: gettext("already has it"), in_doubt: gettext("may already have it; send it again under Deliveries") };
  const known = deliveries.filter(({ state }) => states[state]).map(({ recipient, state }) => [recipient.toLowerCase(), states[state]]);
  return new Map([...known, ...reasonsOf(withheld)]);
}

async function sentBy(name, body, { test = null } = {}) {
  const answer = await call(pathOf("schedules", name, "send-now"), { method: "POST", body });
  return () => sent(name, answer, test);
}

// What became of an email that was sent by hand; of a test, who alone got it.
async function sent(name, { period, deliveries }, test) {
  const { from, to } = named(period) ?? {};
  const values = { period: from ? periodTitle(kindOf(period), from, to) : period, sent: number(deliveries.filter(({ state }) => state === "sent").length), count: number(deliveries.length) };
  await refreshed(name);
  const isTested = test !== null && deliveries.every(({ state }) => state === "sent");
  const text = isTested ? gettext("A test for %(period)s went to %(email)s, and to nobody else.", { ...values, email: test }) : gettext("%(period)s: sent to %(sent)s of %(count)s recipients. See Deliveries for each.", values);
  tell(text, { about: ABOUT });
}

async function deletion(name) {
  await call(pathOf("schedules", name));
  const text = gettext("“%(schedule)s” will send nothing more. The reports it has made are kept.", { schedule: name });
  const act = async () => {
    await call(pathOf("schedules", name), { method: "DELETE" });
    return () => removed(name);
  };
  return () => openQuestion(gettext("Delete this schedule?"), text, { label: gettext("Delete"), act });
}

function removed(name) {
  if (place().schedule === name) go(linkHere({ schedule: null }), { replace: true, quietly: true });
  return refreshed(null, gettext("The schedule “%(schedule)s” is deleted.", { schedule: name }));
}
