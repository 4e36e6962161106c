// Figures in the tenant's locale, dates in the language of the page, instants in its zone: as its files write them.

import { UNKNOWN } from "./dom.js";
import { apart, gettext, isRightToLeft, ngettext, pgettext } from "./words.js";

const MINUS = "−";
const DASH = /\s*–\s*/;
const DAY_MS = 86_400_000;

let figures = new Intl.NumberFormat("en-GB");
let shares = figures;
let wholeShares = figures;
let points = figures;
let language = "en-GB";
let zone = "UTC";

export function adopt(me) {
  const latin = { numberingSystem: "latn", useGrouping: "always" }; // Spanish would group from 10,000 on: files group always
  figures = new Intl.NumberFormat(me.locale, latin);
  shares = new Intl.NumberFormat(me.locale, { ...latin, style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  wholeShares = new Intl.NumberFormat(me.locale, { ...latin, style: "percent", maximumFractionDigits: 0 });
  points = new Intl.NumberFormat(me.locale, { ...latin, minimumFractionDigits: 1, maximumFractionDigits: 1 });
  language = me.language;
  zone = me.timezone;
}

export const number = (value) => figures.format(value);
export const percent = (share) => (share == null ? UNKNOWN : shares.format(share));

// Of a whole number: `80 %`, as the language writes it.
export const wholePercent = (count) => wholeShares.format(count / 100);

export function change(now, before) {
  if (!before) return "";
  const share = (now - before) / before;
  if (share >= 10) return `×${figures.format(Math.round(now / before))}`;
  return signed(Math.round(share * 100) / 100, (magnitude) => wholeShares.format(magnitude));
}

export function pointsChange(now, before) {
  if (now == null || before == null) return "";
  return gettext("%(points)s pts", { points: signed(Math.round((now - before) * 1000) / 10, (magnitude) => points.format(magnitude)) });
}

function signed(value, write) {
  const figure = `${value > 0 ? "+" : value < 0 ? MINUS : "±"}${write(Math.abs(value))}`;
  return isRightToLeft() ? `\u2066${figure}\u2069` : figure; // or the sign would move to the other end of its number
}

// A calendar day is no instant: it is read, counted and written in UTC, whatever the zone of this machine.
export const toDay = (text) => new Date(`${text}T00:00:00Z`);
export const toText = (day) => day.toISOString().slice(0, 10);
export const addDays = (text, count) => toText(new Date(toDay(text).getTime() + count * DAY_MS));
export const daysBetween = (first, last) => Math.round((toDay(last) - toDay(first)) / DAY_MS) + 1;

const WRITTEN = { calendar: "gregory", numberingSystem: "latn" };
const onCalendar = (options) => new Intl.DateTimeFormat(language, { ...WRITTEN, ...options, timeZone: "UTC" });
const SHORT = { day: "numeric", month: "short", year: "numeric" };

export const date = (text) => onCalendar(SHORT).format(toDay(text));
export const shortDate = (text) => onCalendar({ day: "numeric", month: "short" }).format(toDay(text));
export const monthOf = (text) => month(`${text}-01`);
export const weekdayDate = (text) => onCalendar({ ...SHORT, weekday: "short" }).format(toDay(text));
export const month = (text) => onCalendar({ month: "short", year: "numeric" }).format(toDay(text));

export function dates(first, last) {
  return first === last ? date(first) : between(first, last, SHORT);
}

// Without the year.
export function shortDates(first, last) {
  return first === last ? shortDate(first) : between(first, last, { day: "numeric", month: "short" });
}

// Days of one month stand closely: `1–22 Nov`, where newer language data puts thin spaces.
function between(first, last, options) {
  if (language.startsWith("ja")) return betweenInJapanese(first, last, options);
  const text = onCalendar(options).formatRange(toDay(first), toDay(last));
  return first.slice(0, 7) === last.slice(0, 7) ? text.replace(DASH, "–") : text;
}

// As the files have it, `2026年10月5日～11日`, where the browser's language data writes slashes.
function betweenInJapanese(first, last, { year, month, day }) {
  const isOfOne = (length) => first.slice(0, length) === last.slice(0, length);
  const rest = isOfOne("2026-10".length) ? { day } : isOfOne("2026".length) ? { month, day } : { year, month, day };
  return `${onCalendar({ year, month, day }).format(toDay(first))}～${onCalendar(rest).format(toDay(last))}`;
}

// The days of a week within its name: `5–11 Oct 2026`, `5 au 11 oct. 2026`.
function weekDates(first) {
  const dash = pgettext("between the first and the last day of a week", "–");
  const days = dates(first, addDays(first, 6));
  return dash === "–" ? days : days.replace(DASH, dash);
}

export function dayCount(first, last) {
  const count = daysBetween(first, last);
  return ngettext("%(count)s day", "%(count)s days", count, { count: number(count) });
}

// What a title leaves open: `1–22 Nov 2026, 22 days`; `22 days` where the title has the dates already; empty for a day.
export function extent(title, first, last) {
  if (first === last) return "";
  const days = dates(first, last);
  return title.includes(days) ? dayCount(first, last) : listed([days, dayCount(first, last)]);
}

export const listed = (texts) => texts.map(apart).join(pgettext("between two of a list", ", "));

// A period in one line: `October 2026 (1–31 Oct 2026, 31 days)`.
export function described(title, first, last) {
  const more = extent(title, first, last);
  return more ? gettext("%(text)s (%(detail)s)", { text: title, detail: more }) : title;
}

// In two units at most, rounded to the smaller, as the files have it: `2 d 3 h`, `3 h 20 min`, `12 min`, `45 s`.
export function duration(seconds) {
  const whole = Math.floor(seconds);
  if (whole < 60) return units(inSeconds(whole));
  const minutes = Math.floor(whole / 60 + 0.5);
  if (minutes < 60) return units(inMinutes(minutes));
  if (minutes < 24 * 60) return units(inHours(Math.floor(minutes / 60)), minutes % 60 && inMinutes(minutes % 60));
  const hours = Math.floor(whole / 3600 + 0.5);
  return units(inDays(Math.floor(hours / 24)), hours % 24 && inHours(hours % 24));
}

const inDays = (count) => pgettext("duration", "%(count)s d", { count: number(count) });
const inHours = (count) => pgettext("duration", "%(count)s h", { count: number(count) });
const inMinutes = (count) => pgettext("duration", "%(count)s min", { count: number(count) });
const inSeconds = (count) => pgettext("duration", "%(count)s s", { count: number(count) });
const units = (...parts) => parts.filter(Boolean).join(" ").replaceAll(" ", "\u00a0");

const HOUR = { hour: "numeric" };
const hasHalfDays = () => onCalendar(HOUR).resolvedOptions().hour12;
const atHour = (hour) => new Date(Date.UTC(2026, 0, 5, hour));

// The hour of the day that begins then: `10:00–11:00`, `12–1 PM`.
export function hourRange(hour) {
  const [begins, ends] = [hourStart(hour), hourStart(hour + 1)];
  if (!hasHalfDays()) return pgettext("an hour of the day", "%(begins)s–%(ends)s", { begins, ends });
  const isWithinHalf = hour % 12 !== 11;
  return isWithinHalf ? onCalendar(HOUR).formatRange(atHour(hour), atHour(hour + 1)).replace(DASH, "–") : `${begins} – ${ends}`;
}

// When it begins: `10:00`, `12 PM`.
export const hourStart = (hour) => onCalendar(hasHalfDays() ? HOUR : { timeStyle: "short" }).format(atHour(hour));

// A time of day as it is set for a schedule, `07:00`: as instants are written.
export function clockTime(text) {
  const [hours, minutes] = text.split(":").map(Number);
  return onCalendar({ timeStyle: "short" }).format(new Date(Date.UTC(2026, 0, 5, hours, minutes)));
}

const KINDS = [
  [/^\d{4}$/, "year"],
  [/^\d{4}-Q\d$/, "quarter"],
  [/^\d{4}-W\d\d$/, "week"],
  [/^\d{4}-\d\d$/, "month"],
  [/^\d{4}-\d\d-\d\d$/, "day"],
];

// The kind of the period that the API calls so; a range has two dates in its name.
export const kindOf = (name) => KINDS.find(([form]) => form.test(name))?.[1] ?? "range";

// Within a sentence: `the week of 5–11 Oct 2026`.
export function periodInText(kind, first, last) {
  if (kind === "year") return year(first);
  if (kind !== "week") return periodName(kind, first, last);
  return gettext("the week of %(dates)s", { dates: weekDates(first) });
}

const year = (text) => onCalendar({ year: "numeric" }).format(toDay(text));

function quarterTitle(month, values) {
  if (month < 4) return gettext("Q1 %(year)s", values);
  if (month < 7) return gettext("Q2 %(year)s", values);
  return month < 10 ? gettext("Q3 %(year)s", values) : gettext("Q4 %(year)s", values);
}

// `October 2026`, `Week of 5–11 Oct 2026`, `Q4 2026`, `Year 2026`; only a range needs `last`. It begins with a capital.
export function periodTitle(kind, first, last) {
  const [letter, ...rest] = periodName(kind, first, last);
  return letter.toLocaleUpperCase(language) + rest.join("");
}

function periodName(kind, first, last) {
  switch (kind) {
    case "year":
      return gettext("Year %(year)s", { year: year(first) });
    case "quarter":
      return quarterTitle(Number(first.slice(5, 7)), { year: first.slice(0, 4) });
    case "month":
      return onCalendar({ month: "long", year: "numeric" }).format(toDay(first));
    case "week":
      return gettext("Week of %(dates)s", { dates: weekDates(first) });
    case "day":
      return onCalendar({ weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(toDay(first));
    default:
      return dates(first, last);
  }
}

const inZone = (options) => new Intl.DateTimeFormat(language, { ...WRITTEN, ...options, timeZone: zone });

export function clock(instant, now = new Date()) {
  const day = inZone(SHORT);
  return day.format(instant) === day.format(now) ? timeOfDay(instant) : moment(instant);
}

// The calendar day of an instant's text in the tenant's zone, `2026-11-01`.
export const dayOf = (text) => new Intl.DateTimeFormat("en-CA", { ...WRITTEN, dateStyle: "short", timeZone: zone }).format(new Date(text));

export const onDay = (text) => inZone(SHORT).format(new Date(text));

// `1 Nov 2026, 00:05` of an instant or its text.
export const moment = (when) => gettext("%(date)s, %(time)s", { date: onDay(when), time: timeOfDay(new Date(when)) });

export const timeOfDay = (instant) => inZone({ timeStyle: "short" }).format(instant);

export function ago(instant, now = new Date()) {
  const minutes = Math.floor((now - instant) / 60_000);
  if (minutes < 1) return gettext("just now");
  const words = new Intl.RelativeTimeFormat(language, { numeric: "always" });
  if (minutes < 60) return words.format(-minutes, "minute");
  if (minutes < 48 * 60) return words.format(-Math.floor(minutes / 60), "hour");
  return words.format(-Math.floor(minutes / (24 * 60)), "day");
}

export function size(bytes) {
  if (bytes < 1000) return ngettext("%(count)s byte", "%(count)s bytes", bytes, { count: number(bytes) });
  if (bytes < 1_000_000) return gettext("%(number)s kB", { number: number(Math.round(bytes / 1000)) });
  return gettext("%(number)s MB", { number: points.format(bytes / 1_000_000) });
}
