// Which period is shown: the calendar's own by name, or any days from–to.

import { byId, el } from "./dom.js";
import { addDays, daysBetween, kindOf, month, periodInText, periodTitle, shortDates } from "./format.js";
import { gettext } from "./words.js";

const labels = () => ({
  today: gettext("Today"),
  this_week: gettext("This week"),
  this_month: gettext("This month"),
  last_month: gettext("Last month"),
  this_quarter: gettext("Quarter"),
  this_year: gettext("Year"),
});
const REMEMBERED = "signtally.period";

export function offerPeriods(me, show) {
  const titles = labels();
  const presets = Object.keys(titles).map((key) => me.periods.find((period) => period.key === key));
  const start = remembered(me, presets);
  byId("presets").replaceChildren(
    ...presets.map((period) => choice(period.key, titles[period.key], start.key)),
    choice("custom", gettext("Custom"), start.key),
  );
  const [from, to] = [byId("custom-from"), byId("custom-to")];
  from.max = to.max = me.today;
  from.min = to.min = "2000-01-01";
  from.value = start.from;
  to.value = start.to < me.today ? start.to : me.today;
  byId("custom").hidden = start.key !== "custom";

  byId("picker").onchange = ({ target }) => {
    if (target.name !== "period") return;
    byId("custom").hidden = target.value !== "custom";
    if (target.value === "custom") from.focus();
    else choose(presets.find((period) => period.key === target.value), show);
  };
  byId("picker").onsubmit = (event) => {
    event.preventDefault();
    const [first, last] = [from.value, to.value].sort();
    [from.value, to.value] = [first, last];
    choose(range(first, last), show);
  };
  show(start);
}

// What the API takes for a period.
export const parameters = (period) => (period.key === "custom" ? { from: period.from, to: period.to } : { period: period.period });

export const title = (period) => periodTitle(kindOf(period.period), period.from, period.to);
const previousTitle = (period) => periodTitle(kindOf(period.period), period.previous_from, period.previous_to);
export const previousInText = (period) => periodInText(kindOf(period.period), period.previous_from, period.previous_to);

// Whether a comparison ends before the whole previous period does.
export const isPart = (period, last) => last < period.previous_to;

// What the figures are compared with in few words, for a card.
export function previousShort(period, { from: first, to: last }) {
  const kind = kindOf(period.period);
  if (isPart(period, last)) return shortDates(first, last);
  if (kind === "month") return month(first);
  return kind === "week" || kind === "day" ? shortDates(first, last) : previousTitle(period);
}

function choice(value, label, chosen) {
  const input = el("input", { type: "radio", name: "period", value, checked: value === chosen });
  return el("label", {}, input, el("span", {}, label));
}

function choose(period, show) {
  sessionStorage.setItem(REMEMBERED, JSON.stringify({ key: period.key, from: period.from, to: period.to }));
  show(period);
}

function remembered(me, presets) {
  const kept = JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "null");
  if (kept?.key === "custom") return range(kept.from, kept.to);
  return presets.find((period) => period.key === kept?.key) ?? presets.find((period) => period.key === "this_month");
}

function range(from, to) {
  const before = addDays(from, -1);
  const previous_from = addDays(from, -daysBetween(from, to));
  return { key: "custom", period: `${from}_${to}`, from, to, previous_from, previous_to: before };
}
