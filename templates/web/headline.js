// The head of the views of a period: which it is, how fresh its figures are, and the steps to the period before and after.

import { byId } from "./dom.js";
import { ago, clock, date, dates, described, extent, listed, timeOfDay } from "./format.js";
import { isUnknown } from "./cards.js";
import { beside, choose, isPart, previousInText, title } from "./periods.js";
import { gettext } from "./words.js";

// Before the figures have come, the heading already says the period.
export function showHeading(period, { to, me }) {
  const isOver = to < me.today;
  byId("title").textContent = isOver ? title(period) : gettext("%(period)s (to date)", { period: title(period) });
  for (const [id, by] of [["earlier", -1], ["later", 1]]) {
    const next = beside(period, by);
    byId(id).setAttribute("aria-disabled", String(!next)); // a button that is disabled would lose the focus
    byId(id).onclick = () => next && choose(next);
    byId(id).title = next ? title(next) : "";
  }
}

export function showHeadline(period, usage, me) {
  showHeading(period, { to: usage.to, me });
  byId("dates").textContent = [extent(title(period), usage.from, usage.to), usage.timezone].filter(Boolean).join(" · ");
  showFreshness(usage);
}

export function showFreshness({ data_through: text, provisional, notice }) {
  const through = text && new Date(text);
  byId("fresh").textContent = through
    ? listed([gettext("Data through %(instant)s", { instant: clock(through) }), ago(through)])
    : gettext("No data received yet");
  const caveats = [notice, provisional && provisionalWords(provisional)].filter(Boolean);
  byId("provisional").hidden = !caveats.length;
  byId("provisional").textContent = caveats.join(" ");
}

const provisionalWords = ({ from, to }) =>
  gettext("Provisional: some events of %(dates)s have not been counted yet.", { dates: dates(from, to) });

// That nothing happened in a period, as far as anybody knows; empty where something did.
export function emptiness({ totals, previous, to }) {
  if (Object.values(totals).some((value) => value !== 0)) return "";
  const begins = previous.figures_from;
  return isUnknown(previous, totals, to) && begins ? gettext("There are no data before %(date)s.", { date: date(begins) }) : gettext("No activity in this period.");
}

// Whether the tenant has any figures at all, in whichever period.
export const hasFigures = ({ previous: { figures_from: begins, comparable } }) => Boolean(begins) || comparable;

// What the changes are measured against.
export function comparison(period, { from, to, until, figures_from: begins, comparable }) {
  const days = isPart(period, from, to) ? dates(from, to) : described(previousInText(period, from, to), from, to);
  const previous = until ? gettext("%(day)s, until %(time)s", { day: days, time: timeOfDay(new Date(until)) }) : days;
  if (!begins && comparable) return gettext("Compared with %(previous)s.", { previous });
  if (!begins) return gettext("There are no figures for %(previous)s to compare with.", { previous });
  const day = date(begins);
  if (begins > to) return gettext("There are no figures for %(previous)s to compare with; figures begin on %(day)s.", { previous, day });
  return comparable
    ? gettext("Compared with %(previous)s; figures begin on %(day)s.", { previous, day })
    : gettext("No changes are shown, because figures for %(previous)s begin on %(day)s.", { previous, day });
}
