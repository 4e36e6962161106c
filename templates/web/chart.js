// The usage chart: bars over time as an SVG that mouse, finger and keyboard can read, and the same figures as a table.

import { dates, month, number, shortDate, weekdayDate } from "./format.js";
import { el, svg } from "./dom.js";
import { gettext, isRightToLeft } from "./words.js";

const HEIGHT = 220;
const [LEFT, TOP, BOTTOM] = [44, 10, 24];
const NARROW = 600;
const WEEK = 7;
const OUTLINE = 1.6; // of a hollow bar, as `page.css` draws it
const EDGE = 24; // closer to it, half a label would stand outside

// Days become weeks or months where a bar each would be thinner than the eye tells apart.
export function stepsOf(days, width) {
  const most = width < NARROW ? 31 : 93;
  if (days.length <= most) return { step: "day", bars: days.map((day) => gathered([day])) };
  const weekly = days.length <= Math.min(most, 106) * WEEK;
  const key = weekly ? (_, index) => Math.floor(index / WEEK) : ({ day }) => day.slice(0, 7);
  const groups = new Map();
  days.forEach((day, index) => groups.set(key(day, index), [...(groups.get(key(day, index)) ?? []), day]));
  return { step: weekly ? "week" : "month", bars: [...groups.values()].map(gathered) };
}

export function drawChart(box, legend, { days, series, terms, today }) {
  const { step, bars } = stepsOf(days, widthOf(box));
  const headings = series.map((key) => terms.get(key).heading);
  const shown = bars.map((bar) => ({ ...bar, label: label(bar, step), tick: step === "month" ? month(bar.first) : shortDate(bar.first), isPartial: bar.last >= today }));
  drawBars(box, legend, { bars: shown, series, headings, title: chartTitle(step, headings) });
  return step;
}

// Bars { label, tick, isPartial, …figures } side by side, a group of them for each step.
export function drawBars(box, legend, { bars, series, headings, title }) {
  const width = widthOf(box);
  const marks = axis(Math.max(0, ...bars.flatMap((bar) => series.map((key) => bar[key]))));
  const tip = el("div", { class: "tip", role: "status", hidden: true });
  const plot = svg("svg", {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    tabindex: 0,
    role: "application",
    "aria-roledescription": gettext("bar chart"),
    "aria-label": `${title}. ${gettext("Arrow keys go from bar to bar.")}`,
  });
  const scale = scaleOf(width, bars.length, marks.at(-1));
  plot.append(...axisLines(marks, scale), ...columns(bars, { series, scale }));
  makeReadable(plot, tip, { bars, series, headings, scale });
  legend.replaceChildren(...(series.length > 1 ? headings.map(entry) : []));
  box.replaceChildren(plot, tip);
}

const widthOf = (box) => Math.max(box.clientWidth, 280);

// Why the last bar is hollow.
export function notOver(step) {
  if (step === "day") return gettext("The last day is not over.");
  return step === "week" ? gettext("The last week is not over.") : gettext("The last month is not over.");
}

// `Sent and completed per week`.
export function chartTitle(step, headings) {
  const measure = headings.length > 1 ? gettext("%(first)s and %(second)s", { first: headings[0], second: headings[1] }) : headings[0];
  if (step === "day") return gettext("%(measure)s per day", { measure });
  return step === "week" ? gettext("%(measure)s per week", { measure }) : gettext("%(measure)s per month", { measure });
}

export function chartTable(days, width, { series, terms }) {
  const { step, bars } = stepsOf(days, width);
  const head = el("tr", {}, el("th", { scope: "col" }, step === "day" ? gettext("Day") : gettext("Days")));
  head.append(...series.map((key) => el("th", { scope: "col" }, terms.get(key).heading)));
  const rows = bars.map((bar) =>
    el("tr", {}, el("th", { scope: "row" }, label(bar, step)), ...series.map((key) => el("td", {}, number(bar[key])))),
  );
  return el("table", { class: "figures" }, el("thead", {}, head), el("tbody", {}, ...rows));
}

function gathered(days) {
  const total = { first: days[0].day, last: days.at(-1).day };
  for (const [key, value] of days.flatMap((day) => Object.entries(day))) {
    if (typeof value === "number") total[key] = (total[key] ?? 0) + value;
  }
  return total;
}

// 0 and a few round steps up to or above the highest: 0, 5, 10, 15 for 13.
function axis(highest) {
  const rough = Math.max(highest, 1) / 4;
  const magnitude = rough >= 1 ? 10 ** Math.floor(Math.log10(rough)) : 1;
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((size) => size >= rough);
  return Array.from({ length: Math.ceil(Math.max(highest, 1) / step) + 1 }, (_, index) => index * step);
}

function scaleOf(width, count, top) {
  const column = (width - LEFT) / count;
  const plotHeight = HEIGHT - TOP - BOTTOM;
  const mirrored = isRightToLeft();
  const across = (x) => (mirrored ? width - x : x);
  return {
    width,
    column,
    across,
    forwards: mirrored ? -1 : 1,
    middle: (index) => across(LEFT + column * (index + 0.5)),
    height: (value) => (plotHeight * value) / top,
    y: (value) => TOP + plotHeight * (1 - value / top),
    at: (x) => Math.min(count - 1, Math.max(0, Math.floor((across(x) - LEFT) / column))),
  };
}

function axisLines(marks, scale) {
  return marks.flatMap((mark) => [
    svg("line", { x1: scale.across(LEFT), x2: scale.across(scale.width), y1: scale.y(mark), y2: scale.y(mark), class: mark ? "rule" : "rule base" }),
    svg("text", { x: scale.across(LEFT - 8), y: scale.y(mark) + 4, "text-anchor": scale.forwards > 0 ? "end" : "start" }, number(mark)),
  ]);
}

function columns(bars, { series, scale }) {
  // Few steps have wide bars, and yet more room between them.
  const group = Math.min(scale.column * 0.72, 20 + scale.column * 0.2);
  const gap = series.length > 1 ? Math.max(1, group * 0.04) : 0;
  const thick = Math.max(1, (group - gap) / series.length);
  const every = Math.ceil(bars.length / Math.max(2, Math.floor((scale.width - LEFT) / 72)));
  return bars.flatMap((bar, index) => {
    const start = scale.middle(index) - (thick * series.length + gap * (series.length - 1)) / 2;
    const drawn = series.map((key, order) => {
      const slot = scale.forwards > 0 ? order : series.length - 1 - order;
      const high = bar[key] && Math.max(1, scale.height(bar[key])); // one document is seen beside thousands
      const isHollow = bar.isPartial && Math.min(thick, high) > 2 * OUTLINE;
      const inset = isHollow ? OUTLINE / 2 : 0; // outlines stay within their bars
      return svg("rect", {
        x: start + slot * (thick + gap) + inset,
        y: scale.y(0) - high + inset,
        width: thick - 2 * inset,
        height: high - 2 * inset,
        class: `bar ${order ? "second" : "first"}${isHollow ? " hollow" : ""}`,
        "data-index": index,
      });
    });
    if (index % every === 0) {
      const atEdge = scale.width - scale.across(scale.middle(index)) < EDGE;
      const [x, anchor] = atEdge ? [scale.across(scale.width), scale.forwards > 0 ? "end" : "start"] : [scale.middle(index), "middle"];
      drawn.push(svg("text", { x, y: HEIGHT - 6, "text-anchor": anchor }, bar.tick));
    }
    return drawn;
  });
}

function label(bar, step) {
  if (step === "day") return weekdayDate(bar.first);
  return dates(bar.first, bar.last);
}

function entry(heading, order) {
  return el("span", {}, el("i", { class: order ? "second" : "first" }), heading);
}

function makeReadable(plot, tip, { bars, series, headings, scale }) {
  let current = null;
  const show = (index) => {
    current = index;
    for (const bar of plot.querySelectorAll(".bar")) bar.classList.toggle("lit", Number(bar.dataset.index) === index);
    tip.hidden = index == null;
    if (index == null) return;
    const values = series.map((key, order) => el("span", {}, `${headings[order]} `, el("b", {}, number(bars[index][key]))));
    tip.replaceChildren(el("span", { class: "tip-day" }, bars[index].label), ...values);
    // Kept inside the plot on both sides.
    const room = scale.width - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(room, scale.middle(index) - tip.offsetWidth / 2))}px`;
  };
  plot.addEventListener("pointermove", (event) => show(scale.at(event.clientX - plot.getBoundingClientRect().left)));
  plot.addEventListener("pointerleave", () => show(null));
  plot.addEventListener("focus", () => current ?? show(bars.length - 1));
  plot.addEventListener("blur", () => show(null));
  plot.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: -scale.forwards, ArrowRight: scale.forwards, Home: -bars.length, End: bars.length };
    if (!(event.key in moves)) return;
    event.preventDefault();
    show(Math.min(bars.length - 1, Math.max(0, (current ?? bars.length - 1) + moves[event.key])));
  });
}
