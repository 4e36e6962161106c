// A schedule in words, and the form in which it is made and changed.

import { call, pathOf } from "./client.js";
import { conditionChoice } from "./conditions.js";
import { destinationChoice, onlyAt, showSecrets } from "./destinations.js";
import { openForm } from "./dialogs.js";
import { boxes, el, field, select, ticked } from "./dom.js";
import { FORMATS } from "./files.js";
import { watchFirstSending } from "./firstsending.js";
import { clockTime, listed, number, wholePercent } from "./format.js";
import { DAYS, localeChoices, weekdayName } from "./languages.js";
import { Mistake } from "./problems.js";
import { gettext } from "./words.js";

const [FIRST, LAST] = ["first", "last"];

// `Every week, on Monday at 07:00`.
export function rhythm({ every, on, at }) {
  const values = { day: dayWords(on), time: clockTime(at) };
  switch (every) {
    case "day":
      return gettext("Every day at %(time)s, about the day before", values);
    case "week":
      return on ? gettext("Every week, on %(day)s at %(time)s", values) : gettext("Every week, on the day after it ends at %(time)s", values);
    case "month":
      return gettext("Every month, on %(day)s at %(time)s", values);
    case "quarter":
      return gettext("Every quarter, on %(day)s at %(time)s", values);
    default:
      return gettext("Every year, on %(day)s at %(time)s", values);
  }
}

function dayWords(on) {
  if (DAYS.includes(on)) return weekdayName(DAYS.indexOf(on));
  if (on === LAST) return gettext("the last day");
  return typeof on === "number" ? gettext("day %(number)s", { number: number(on) }) : gettext("the first day");
}

const everyLabels = () => [
  ["day", gettext("Every day")],
  ["week", gettext("Every week")],
  ["month", gettext("Every month")],
  ["quarter", gettext("Every quarter")],
  ["year", gettext("Every year")],
];

function dayChoices(every) {
  if (every === "week") return [["", gettext("the day after it ends")], ...DAYS.map((day, place) => [day, weekdayName(place)])];
  const days = Array.from({ length: 31 }, (_, index) => [String(index + 1), dayWords(index + 1)]);
  return [[FIRST, dayWords(FIRST)], [LAST, dayWords(LAST)], ...days.slice(1)];
}

// Make a schedule, or change one that has been read with its version (`tag`).
export function openSchedule(schedule, { tag, saved, me }) {
  const before = schedule ?? { every: "month", on: null, at: "07:00", formats: ["pdf"], recipients: [], destinations: [], missed: "latest", incomplete: "wait" };
  const name = el("input", { type: "text", id: "schedule-name", value: schedule?.name ?? null, required: true, maxlength: 64, readonly: Boolean(schedule), autocomplete: "off", dir: "auto", "data-part": "name" });
  const every = select("schedule-every", everyLabels(), before.every);
  const on = select("schedule-on", [], "");
  const at = el("input", { type: "time", id: "schedule-at", value: before.at, required: true });
  const dayField = field(gettext("On"), on);
  const offerDays = (chosen) => {
    dayField.hidden = every.value === "day";
    on.replaceChildren(...dayChoices(every.value).map(([value, label]) => el("option", { value, selected: value === chosen }, label)));
  };
  offerDays(before.on == null ? (before.every === "week" ? "" : FIRST) : String(before.on));
  every.addEventListener("change", () => offerDays(null));
  const formats = boxes({ legend: gettext("Files"), name: "formats", chosen: before.formats, choices: Object.entries(FORMATS) });
  const to = el("textarea", { id: "schedule-to", rows: 4, dir: "ltr", spellcheck: "false", "data-part": "recipients" }, before.recipients.map(({ email }) => email).join("\n"));
  const locale = select("schedule-locale", [["", gettext("As in the settings")], ...localeChoices(before.locale)], before.locale ?? "");
  const missed = select("schedule-missed", missedChoices(), before.missed);
  const incomplete = select("schedule-incomplete", incompleteChoices(), before.incomplete);
  const attach = boxes({ legend: gettext("In the email"), name: "attach", chosen: before.attach ? ["yes"] : [], choices: [["yes", gettext("Attach the files, as long as they are under 5 MB together")]] });
  const [condition, destinations] = [conditionChoice(before.condition), destinationChoice(before.destinations, me)];
  const timing = () => ({ every: every.value, on: every.value === "day" || on.value === FIRST ? null : on.value || null, at: at.value.slice(0, 5) });
  const about = el("p", { class: "note about-period", role: "status" });
  let first = null;
  const asEdited = () => ({ ...schedule, recipients: addresses(to.value, []), destinations: destinations.value() });
  const obstacle = () => schedule && whyUnsent(asEdited()); // a new one is still being filled in
  const sayFirst = () => (about.textContent = [periodWords()[every.value], obstacle() || (first && firstWords(schedule, first))].filter(Boolean).join(" "));
  watchFirstSending([every, on, at], () => ({ ...timing(), starts_at: schedule?.starts_at }), (next) => ((first = next), sayFirst()));
  for (const control of [to, destinations.element]) control.addEventListener("change", sayFirst);
  const corrected = select("schedule-corrected", correctionChoices(before.correct_from_percent), String(before.correct_from_percent ?? ""));
  const quiet = boxes({ legend: gettext("Periods without activity"), name: "skip_if_empty", chosen: before.skip_if_empty ? ["yes"] : [], choices: [["yes", gettext("Send nothing for them")]] });
  for (const [part, control] of Object.entries({ every, on, at, formats, locale })) control.setAttribute("data-part", part);
  const parts = [
    field(gettext("Name"), name),
    el("div", { class: "row" }, field(gettext("How often"), every), dayField, field(gettext("At"), at, { hint: gettext("In the time zone of your organization: %(zone)s.", { zone: me.timezone }) })),
    about,
    formats,
    field(gettext("Recipients"), to, { hint: [gettext("One email address per line."), onlyAt(me.recipient_domains)].filter(Boolean).join(" ") }),
    el("details", { class: "more" }, el("summary", {}, gettext("More settings")), condition.element, quiet, attach, destinations.element, field(gettext("Language"), locale), field(gettext("After an outage"), missed), field(gettext("When figures are not complete in time"), incomplete), field(gettext("Corrected reports"), corrected)),
  ];
  let isWarned = false;
  openForm(schedule ? gettext("Change the schedule") : gettext("New schedule"), parts, {
    label: gettext("Save"),
    send: async (form) => {
      const { on: day, ...rest } = timing();
      const wanted = {
        ...rest,
        on: /^\d+$/.test(day ?? "") ? Number(day) : day,
        formats: ticked(form, "formats"),
        recipients: addresses(to.value, before.recipients),
        locale: locale.value || null,
        skip_if_empty: ticked(form, "skip_if_empty").length > 0,
        attach: ticked(form, "attach").length > 0,
        condition: condition.value(),
        destinations: destinations.value(),
        missed: missed.value,
        incomplete: incomplete.value,
        correct_from_percent: corrected.value === "" ? null : Number(corrected.value),
      };
      if (!wanted.formats.length) throw new Mistake("formats", gettext("Choose at least one kind of file."));
      const [had, has] = [before, wanted].map(({ recipients, destinations }) => recipients.length + destinations.length);
      if (had && !has && !isWarned) {
        isWarned = true;
        throw new Mistake("recipients", gettext("Nobody would get this report any longer. Save again if that is what you want; to stop it for a while, pause the schedule instead."));
      }
      const called = schedule?.name ?? name.value.normalize("NFC").trim();
      const stored = await call(pathOf("schedules", called), { method: "PUT", body: { ...schedule, ...wanted }, tag, isNew: !schedule });
      return async () => {
        await saved();
        showSecrets(stored);
      };
    },
  });
}

// Why a schedule sends nothing; empty where it sends.
export function whyUnsent({ paused, recipients, destinations }) {
  if (paused) return gettext("Nothing is sent while it is paused.");
  return recipients.length || destinations.length ? "" : gettext("Nothing is sent, because it has no recipients.");
}

const firstWords = (schedule, first) => (schedule ? gettext("Next report: %(period)s, sent on %(when)s.", first) : gettext("First report: %(period)s, sent on %(when)s.", first));

const periodWords = () => ({
  day: gettext("Each report is about the day before."),
  week: gettext("Each report is about the week that has ended."),
  month: gettext("Each report is about the month that has ended."),
  quarter: gettext("Each report is about the quarter that has ended."),
  year: gettext("Each report is about the year that has ended."),
});

const missedChoices = () => [
  ["latest", gettext("Send the latest period")],
  ["all", gettext("Send every period that was missed")],
  ["skip", gettext("Send nothing late")],
];

// In percent by which a figure of a period that was sent has changed since.
function correctionChoices(stored) {
  const shares = [...new Set([1, 5, 10, 25, ...(stored ? [stored] : [])])].sort((one, other) => one - other);
  const changes = shares.map((each) => [String(each), gettext("After a change of %(share)s or more", { share: wholePercent(each) })]);
  return [["", gettext("Only after an incomplete one")], ["0", gettext("After any change")], ...changes];
}

const incompleteChoices = () => [
  ["wait", gettext("Wait until they are")],
  ["send", gettext("Send them, marked as incomplete")],
];

// One a line, or between commas; also as mail programs write them, `Ann Ash <ann@acme.example>`. What else is known of a
// recipient stays with the address. What is no address stays as it was written, so that it can be found again.
function addresses(text, before) {
  const known = new Map(before.map((recipient) => [recipient.email.toLowerCase(), recipient]));
  const given = text.split(/[\n,;]+/).flatMap(addressesIn).filter(Boolean);
  return [...new Set(given)].map((email) => ({ ...known.get(email.toLowerCase()), email }));
}

function addressesIn(piece) {
  const named = piece.match(/<([^<>]*)>\s*$/);
  if (named) return [named[1].trim()];
  const words = piece.trim().split(/\s+/);
  return words.every((word) => word.includes("@")) ? words : [piece.trim()];
}
