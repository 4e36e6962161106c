// Beyond counts: turnaround, open documents, the busiest hours, the allowance. They come after the counts, and never hold them up.

import { address, call } from "./client.js";
import { drawnCard } from "./cards.js";
import { UNKNOWN, byId, el, svg } from "./dom.js";
import { linkTo } from "./place.js";
import { complain, settle } from "./notices.js";
import { gettext, ngettext } from "./words.js";
import { date, duration, hourRange, hourStart, listed, moment, monthOf, number, percent, pointsChange } from "./format.js";

const ABOUT = "insights";
const [WIDTH, HEIGHT] = [960, 110];
const meaning = (word) => document.querySelector(`[data-word="${word}"]`).nextElementSibling.textContent;

let asked = null; // { key, answer } of a request that is on its way

// Ask for them already, beside the figures.
export function askInsights(about, { signal }) {
  asked = { key: JSON.stringify(about), answer: call(address("v1/insights", about), { signal }) };
  asked.answer.catch(() => {});
}

function answerTo(about, signal) {
  const [before, key] = [asked, JSON.stringify(about)];
  asked = null;
  return before?.key === key ? before.answer : call(address("v1/insights", about), { signal });
}

export async function showInsights(about, { signal, isOver }) {
  const section = byId("insights-section");
  section.setAttribute("aria-busy", "true");
  try {
    const insights = await answerTo(about, signal);
    settle(ABOUT);
    draw(insights, isOver);
    section.hidden = false;
  } catch (error) {
    if (signal.aborted) return;
    section.hidden = true;
    byId("highlights").replaceChildren();
    byId("highlights").hidden = true;
    complain(error, { about: ABOUT, title: gettext("Documents and hours could not be read."), again: () => showInsights(about, { signal, isOver }), signal });
  }
  section.removeAttribute("aria-busy");
}

function draw(insights, isOver) {
  const { activity, allowance } = insights;
  const told = (sentence) => (sentence === insights.stuck ? el("a", { href: linkTo("documents", { status: "stuck" }) }, sentence) : sentence);
  byId("highlights").replaceChildren(...insights.highlights.map((sentence) => el("li", {}, told(sentence))));
  byId("highlights").hidden = !insights.highlights.length;
  byId("insights").replaceChildren(...cards(insights, isOver).map(drawnCard));
  byId("allowance").textContent = allowance && !insights.allowance_highlight ? allowanceWords(allowance, isOver) : "";
  byId("hours-box").hidden = activity.busiest_hour == null;
  if (activity.busiest_hour == null) return;
  byId("hours").replaceChildren(bars(activity));
  byId("hours-table").replaceChildren(table(activity));
  byId("span").textContent = gettext("First activity %(first)s; last activity %(last)s.", {
    first: moment(activity.first_at),
    last: moment(activity.last_at),
  });
}

function cards({ completion_rate: rate, previous_completion_rate: before, previous, cohort, turnaround, completed_documents: completed, open_documents: open, distinct_documents: distinct, activity, ...period }, isOver) {
  const busiest = activity.busiest_hour;
  return [
    {
      label: gettext("Completion rate"),
      meaning: meaning("completion rate"),
      figure: percent(rate),
      change: previous.comparable ? pointsChange(rate, before) : "",
      note: cohort.sent ? gettext("of %(sent)s sent in this period, %(open)s still open", { open: number(cohort.open), sent: number(cohort.sent) }) : gettext("no documents sent"),
    },
    {
      label: gettext("Median turnaround"),
      meaning: meaning("turnaround"),
      figure: turnaround ? duration(turnaround.median_seconds) : UNKNOWN,
      note: turnaround ? restsOn(turnaround, completed) : completed ? gettext("send dates not known") : gettext("no documents completed"),
    },
    {
      label: gettext("Open documents"),
      meaning: meaning("open"),
      figure: el("a", { href: linkTo("documents", { status: "open" }), title: gettext("Show the open documents") }, number(open)),
      note: isOver ? gettext("whenever sent, at the end of %(date)s", { date: date(period.to) }) : gettext("whenever sent, as of now"),
    },
    {
      label: gettext("Distinct documents"),
      meaning: meaning("distinct documents"),
      figure: number(distinct),
      note: gettext("with any activity"),
    },
    {
      label: gettext("Busiest hour"),
      meaning: meaning("busiest hour"),
      figure: busiest == null ? UNKNOWN : hourRange(busiest),
      note: busiest == null ? gettext("no activity") : busyWords(activity, period),
    },
  ];
}

function restsOn({ documents, mean_seconds: mean, p90_seconds: p90 }, completed) {
  return gettext("p90 %(p90)s · mean %(mean)s · %(documents)s", {
    p90: duration(p90),
    mean: duration(mean),
    documents: measured(documents, completed),
  });
}

function measured(documents, completed) {
  const count = number(completed);
  if (documents === completed) return ngettext("%(count)s document", "%(count)s documents", completed, { count });
  return ngettext("%(some)s of %(count)s document", "%(some)s of %(count)s documents", completed, { some: number(documents), count });
}

// By weekday, Monday first.
const mostOn = () => [
  gettext("most on Mondays"),
  gettext("most on Tuesdays"),
  gettext("most on Wednesdays"),
  gettext("most on Thursdays"),
  gettext("most on Fridays"),
  gettext("most on Saturdays"),
  gettext("most on Sundays"),
];

function busyWords({ busiest_hour: hour, hours, week }, { from, to }) {
  const events = ngettext("%(count)s event", "%(count)s events", hours[hour], { count: number(hours[hour]) });
  if (Date.parse(to) - Date.parse(from) < 7 * 86_400_000) return events;
  const days = Object.values(week).map((day) => day[hour]);
  return listed([events, mostOn()[days.indexOf(Math.max(...days))]]);
}

function allowanceWords({ month, used, documents_per_month: allowed, as_of: day, outlook, used_up_on: on, expected }, isOver) {
  const isRunning = !(isOver && isLastOfMonth(day));
  const ahead = {
    used_up: () => gettext("It was used up on %(date)s.", { date: date(on) }),
    runs_out: () => gettext("At the current pace it will run out on %(date)s.", { date: date(on) }),
    too_early: () => gettext("It is too early in the month for a forecast."),
    lasts: () => (isRunning ? gettext("At the current pace it will last the month.") : gettext("It lasted the month.")),
  };
  const soFar = ngettext(
    "Allowance for %(month)s: %(used)s of %(count)s document used by %(date)s.",
    "Allowance for %(month)s: %(used)s of %(count)s documents used by %(date)s.",
    allowed,
    { month: monthOf(month), used: number(used), count: number(allowed), date: date(day) },
  );
  const forecast = () =>
    ngettext("%(count)s document is expected by the end of the month.", "%(count)s documents are expected by the end of the month.", expected, {
      count: number(expected),
    });
  return [soFar, ahead[outlook](), expected != null && isRunning ? forecast() : ""].filter(Boolean).join(" ");
}

const isLastOfMonth = (day) => new Date(Date.parse(day) + 86_400_000).getUTCDate() === 1;

function bars({ hours, busiest_hour: busiest }) {
  const most = Math.max(...hours);
  const step = WIDTH / hours.length;
  const plot = HEIGHT - 1;
  const drawing = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": gettext("Events by hour of the day, most of them %(hour)s.", { hour: hourRange(busiest) }),
  });
  drawing.append(svg("line", { x1: 0, x2: WIDTH, y1: plot, y2: plot, class: "rule base" }));
  hours.forEach((events, hour) => {
    const height = (plot * events) / most;
    const box = { x: step * (hour + 0.18), y: plot - height, width: step * 0.64, height };
    const words = `${hourRange(hour)}: ${number(events)}`;
    drawing.append(svg("rect", { ...box, class: `bar ${hour === busiest ? "first" : "second"}` }, svg("title", {}, words)));
  });
  const marks = hours.map((_, hour) => el("span", {}, hour % 3 ? "" : hourStart(hour)));
  return el("div", {}, drawing, el("div", { class: "hour-marks", "aria-hidden": "true" }, ...marks));
}

function table({ hours }) {
  const head = el("tr", {}, el("th", { scope: "col" }, gettext("Hour")), el("th", { scope: "col" }, gettext("Events")));
  const rows = hours.map((events, hour) => el("tr", {}, el("th", { scope: "row" }, hourRange(hour)), el("td", {}, number(events))));
  return el("table", { class: "figures" }, el("thead", {}, head), el("tbody", {}, ...rows));
}
