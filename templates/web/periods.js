// Which period is shown: the calendar's own by name, the last days, or any days from–to; and the steps from one to the next.

import { byId, el, showChosen } from "./dom.js";
import { addDays, daysBetween, kindOf, month, periodInText, periodTitle, shortDates, toDay, toText } from "./format.js";
import { go, linkHere, place } from "./place.js";
import { gettext } from "./words.js";

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const EARLIEST = "2000-01-01";
let me = null;

export const periodLabels = () => ({
  today: gettext("Today"),
  yesterday: gettext("Yesterday"),
  this_week: gettext("This week"),
  last_week: gettext("Last week"),
  this_month: gettext("This month"),
  last_month: gettext("Last month"),
  this_quarter: gettext("This quarter"),
  last_quarter: gettext("Last quarter"),
  this_year: gettext("This year"),
  last_year: gettext("Last year"),
  last_7_days: gettext("7 days"),
  last_30_days: gettext("30 days"),
  last_90_days: gettext("90 days"),
});

// The period that the address names, as the API takes it; nothing means the current month.
export function placedParameters() {
  const { period, from, to } = place();
  return from && to ? { from, to } : period ? { period } : {};
}

// The period that the address names with its days; the current month when it names none or nonsense.
export function placedPeriod() {
  const { period, from, to } = placedParameters();
  if (isDate(from) && isDate(to) && from <= to) return ranged(from, to);
  return (period && named(period)) || { ...preset("this_month") };
}

export function offerPeriods(myself) {
  me = myself;
  const titles = periodLabels();
  byId("presets").replaceChildren(
    ...Object.entries(titles).map(([key, title]) => choice(key, title)),
    choice("custom", gettext("Custom")),
  );
  const [from, to] = [byId("custom-from"), byId("custom-to")];
  Object.assign(from, { min: EARLIEST, max: me.today });
  Object.assign(to, { min: EARLIEST, max: me.today });
  byId("picker").onchange = ({ target }) => {
    if (target.name !== "period") return;
    byId("custom").hidden = target.value !== "custom";
    if (target.value === "custom") from.focus();
    else choose(preset(target.value));
  };
  byId("presets").onkeydown = typed;
  byId("picker").onsubmit = (event) => {
    event.preventDefault();
    const [first, last] = [from.value, to.value].sort();
    choose(ranged(first, last));
  };
}

// Let the choices say which period this is; they say nothing else than the heading.
export function markPeriod(period) {
  const known = me.periods.find((offered) => offered.from === period.from && offered.to === period.to && isSameKind(offered, period));
  byId("presets").querySelector(`[value="${known?.key ?? "custom"}"]`).checked = true;
  showChosen(byId("presets"));
  byId("custom").hidden = Boolean(known);
  byId("custom-from").value = period.from;
  byId("custom-to").value = period.to < me.today ? period.to : me.today;
}

export const choose = (period, options) => go(linkHere({ period: null, from: null, to: null, ...parameters(period) }), options);

// What the API takes for a period.
export const parameters = (period) => (kindOf(period.period) === "range" ? { from: period.from, to: period.to } : { period: period.period });

// The period before (-1) or after (1), of the same kind; null where it has not begun.
export function beside(period, by) {
  const kind = kindOf(period.period);
  const length = daysBetween(period.from, period.to);
  const from = by > 0 ? addDays(period.to, 1) : addDays(period.from, -1);
  const next = kind === "range" ? shifted(period, by * length) : named(nameOf(kind, from));
  return next.from > me.today || next.from < EARLIEST ? null : next;
}

const shifted = ({ from, to }, days) => ranged(addDays(from, days), addDays(to, days));

export const title = (period) => periodTitle(kindOf(period.period), period.from, period.to);
export const previousInText = (period, first, last) => periodInText(kindOf(period.period), first, wholeUntil(period, first, last));

// Whether a comparison ends before the whole previous period does.
export const isPart = (period, first, last) => last < wholeUntil(period, first, last);

// What the figures are compared with in few words, for a card.
export function previousShort(period, { from: first, to: last }) {
  const kind = kindOf(period.period);
  if (isPart(period, first, last)) return shortDates(first, last);
  if (kind === "month") return month(first);
  return kind === "week" || kind === "day" ? shortDates(first, last) : periodInText(kind, first, last);
}

// The last day of the previous period as a whole.
function wholeUntil(period, first, last) {
  const kind = kindOf(period.period);
  return kind === "range" ? addDays(first, daysBetween(period.from, period.to) - 1) : (named(nameOf(kind, first))?.to ?? last);
}

export const preset = (key) => me.periods.find((period) => period.key === key);

const isDate = (text) => /^\d{4}-\d\d-\d\d$/.test(text ?? "") && !Number.isNaN(toDay(text).getTime());
const isSameKind = (one, other) => kindOf(one.period) === kindOf(other.period);
const ranged = (from, to) => ({ period: `${from}_${to}`, from, to });

// A period by its name, also the days between two calendars of a schedule; null for nonsense.
export function named(name) {
  const kind = kindOf(name);
  const period = daysOf(kind, name);
  return period && (kind === "range" || nameOf(kind, period.from) === name) ? period : null; // 2026-99 is a month of no year
}

function daysOf(kind, name) {
  const [year, part] = [Number(name.slice(0, 4)), Number(name.slice(-2).replace("Q", ""))];
  const day = (monthIndex, date) => toText(new Date(Date.UTC(year, monthIndex, date)));
  switch (kind) {
    case "year":
      return { period: name, from: day(0, 1), to: day(11, 31) };
    case "quarter":
      return { period: name, from: day(part * 3 - 3, 1), to: day(part * 3, 0) };
    case "month":
      return { period: name, from: day(part - 1, 1), to: day(part, 0) };
    case "day":
      return isDate(name) ? { period: name, from: name, to: name } : null;
    case "week": {
      const from = weekStart(addDays(mondayOfFirstWeek(year), 7 * (part - 1) + 3));
      return { period: name, from, to: addDays(from, 6) };
    }
    default: {
      const [from, to, more] = name.split("_");
      return isDate(from) && isDate(to) && from <= to && more === undefined ? ranged(from, to) : null;
    }
  }
}

// The name of the period of a kind that holds the day. A week is called after the ISO week of its Thursday.
function nameOf(kind, day) {
  const [year, monthNumber] = [day.slice(0, 4), Number(day.slice(5, 7))];
  if (kind === "year") return year;
  if (kind === "quarter") return `${year}-Q${Math.ceil(monthNumber / 3)}`;
  if (kind === "month") return day.slice(0, 7);
  if (kind === "day") return day;
  const start = weekStart(day);
  const thursday = [0, 1, 2, 3, 4, 5, 6].map((days) => addDays(start, days)).find((each) => toDay(each).getUTCDay() === 4);
  const isoYear = Number(thursday.slice(0, 4));
  const week = Math.ceil(daysBetween(mondayOfFirstWeek(isoYear), thursday) / 7);
  return `${isoYear}-W${String(week).padStart(2, "0")}`;
}

// The first day of the tenant's week that holds the day.
function weekStart(day) {
  const first = WEEKDAYS.indexOf(me?.week_starts_on ?? "monday");
  return addDays(day, -((toDay(day).getUTCDay() - first + 7) % 7));
}

// The ISO week 1 holds the 4th of January.
function mondayOfFirstWeek(year) {
  const fourth = `${year}-01-04`;
  return addDays(fourth, -((toDay(fourth).getUTCDay() + 6) % 7));
}

function choice(value, label) {
  const input = el("input", { type: "radio", name: "period", value });
  return el("label", {}, input, el("span", {}, label));
}

// With the focus on the choices, a letter or digit goes to the next one that begins with it.
function typed(event) {
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return;
  const inputs = [...byId("presets").querySelectorAll("input")];
  const current = inputs.indexOf(document.activeElement);
  const ordered = [...inputs.slice(current + 1), ...inputs.slice(0, current + 1)];
  const found = ordered.find((input) => input.parentElement.textContent.toLowerCase().startsWith(event.key.toLowerCase()));
  found?.focus();
  found?.click();
}
