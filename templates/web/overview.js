// The overview: totals, the chart of days, what a reader should know first, the trend, and what lies beyond counts.

import { address, call } from "./client.js";
import { showCards } from "./cards.js";
import { showChanged } from "./changed.js";
import { chartTable, chartTitle, drawBars, drawChart, notOver } from "./chart.js";
import { byId, el, table } from "./dom.js";
import { date, kindOf, month, number, percent, periodInText, periodTitle, shortDate } from "./format.js";
import { showInsights } from "./insights.js";
import { comparison, emptiness, hasFigures } from "./headline.js";
import { parameters, previousShort } from "./periods.js";
import { go, linkHere, place } from "./place.js";
import { gettext } from "./words.js";

const PAIRS = { sent: ["sent", "completed"] };
let shown = null; // { usage, terms, today } on screen
let trend = null; // its rows

export const readDays = (about, options) => call(address("v1/usage", { ...about, group_by: "day", limit: 10000 }), options);

export function showOverview({ period, usage, terms, signal, me }) {
  shown = { usage, terms, today: me.today };
  showCards({ headlines: byId("headlines"), measures: byId("measures") }, { usage, terms, previous: previousShort(period, usage.previous) });
  byId("comparison").textContent = comparison(period, usage.previous);
  const nothing = emptiness(usage);
  const advice = hasFigures(usage) ? gettext("Choose another period above.") : gettext("Figures appear once the first documents are sent.");
  byId("empty").hidden = !nothing;
  byId("empty").textContent = `${nothing} ${advice}`;
  byId("chart-section").hidden = nothing || usage.rows.length < 2;
  drawSeries();
  showInsights(parameters(period), { signal, isOver: usage.to < me.today });
  showTrend(period, { signal });
  showChanged({ period, usage, me, signal });
}

function drawSeries() {
  if (byId("chart-section").hidden) return;
  const { usage, terms, today } = shown;
  const { series: wanted } = place();
  const key = [...byId("series").options].some(({ value }) => value === wanted) ? wanted : "sent";
  byId("series").value = key;
  const choice = { days: usage.rows, series: PAIRS[key] ?? [key], terms, today };
  const box = byId("chart");
  const step = drawChart(box, byId("legend"), choice);
  byId("chart-note").textContent = usage.to < today ? "" : notOver(step);
  byId("chart-title").textContent = chartTitle(step, [PAIRS[key] ? gettext("Documents") : terms.get(key).heading]);
  byId("chart-table").replaceChildren(chartTable(choice.days, box.clientWidth, choice));
}

// The twelve periods before, and this one.
async function showTrend(period, { signal }) {
  const section = byId("trend-section");
  section.setAttribute("aria-busy", "true");
  try {
    ({ rows: trend } = await call(address("v1/trend", parameters(period)), { signal }));
    section.hidden = trend.length < 2;
    drawTrend();
  } catch (error) {
    if (signal.aborted) return;
    section.hidden = true;
  }
  section.removeAttribute("aria-busy");
}

function drawTrend() {
  if (!trend || byId("trend-section").hidden) return;
  const { terms } = shown;
  const series = ["sent", "completed"];
  const headings = series.map((key) => terms.get(key).heading);
  const bars = trend.map((row) => ({ ...row, label: titleOf(row), tick: tickOf(row) + mark(row), isPartial: mark(row) || !row.is_over }));
  drawBars(byId("trend"), byId("trend-legend"), { bars, series, headings, title: byId("trend-title").textContent });
  byId("trend-note").textContent = trendNote();
  const columns = [{ title: gettext("Period") }, ...[...terms.values()].map(({ heading }) => ({ title: heading })), { title: gettext("Completion rate") }];
  const rows = trend.map((row) => ({
    cells: [titleOf(row), ...[...terms.keys()].map((key) => number(row[key])), percent(row.completion_rate)],
  }));
  byId("trend-table").replaceChildren(table(columns, rows, { class: "figures" }));
}

// Why bars are hollow: figures begin within the first period, or the last one is not over.
function trendNote() {
  const begins = trend.find(({ figures_from }) => figures_from)?.figures_from;
  const notes = [
    begins && gettext("* Figures begin on %(day)s: this period is counted from that day on.", { day: date(begins) }),
    trend.at(-1).is_over ? "" : gettext("The last period is not over."),
  ];
  return notes.filter(Boolean).join(" ");
}

const mark = ({ figures_from: begins }) => (begins ? "*" : "");

function titleOf({ period, from, to, is_over: isOver, ...row }) {
  const title = periodTitle(kindOf(period), from, to);
  return (isOver ? title : gettext("%(period)s (to date)", { period: title })) + mark(row);
}

function tickOf({ period, from, to }) {
  const kind = kindOf(period);
  if (kind === "month") return month(from);
  return kind === "year" || kind === "quarter" ? periodInText(kind, from, to) : shortDate(from);
}

// Once for each document body.
export function listenToOverview(terms) {
  const choices = [...terms].filter(([key]) => key !== "completed");
  byId("series").append(
    ...choices.map(([key, { heading }]) => el("option", { value: key }, key === "sent" ? gettext("Sent and completed") : heading)),
  );
  byId("series").addEventListener("change", ({ target }) => {
    go(linkHere({ series: target.value === "sent" ? null : target.value }), { replace: true, quietly: true });
    drawSeries();
  });
  for (const [id, draw] of [["chart", drawSeries], ["trend", drawTrend]]) {
    let width = byId(id).clientWidth;
    new ResizeObserver(([{ contentRect }]) => {
      if (!shown || !contentRect.width || contentRect.width === width) return;
      width = contentRect.width;
      draw();
    }).observe(byId(id));
  }
}
