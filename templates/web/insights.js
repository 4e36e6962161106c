// Beyond counts: turnaround, open documents, the busiest hours, the allowance. They come after the counts, and never hold them up.

import { address, call } from "./client.js";
import { drawnCard } from "./cards.js";
import { byId, el, svg } from "./dom.js";
import { UNDEFINED, date, duration, hourRange, hourStart, moment, monthOf, number, weekday } from "./format.js";

const [WIDTH, HEIGHT] = [960, 110];
const meaning = (word) => document.querySelector(`[data-word="${word}"]`).nextElementSibling.textContent;

export async function showInsights(about, { signal, isOver }) {
  const section = byId("insights-section");
  section.setAttribute("aria-busy", "true");
  try {
    const insights = await call(address("v1/insights", about), { signal });
    draw(insights, isOver);
    section.hidden = false;
  } catch (error) {
    if (signal.aborted) return;
    section.hidden = false;
    byId("hours-box").hidden = true;
    byId("insights").replaceChildren();
    byId("allowance").textContent = `${error.title}: ${error.message}`;
  }
  section.removeAttribute("aria-busy");
}

function draw(insights, isOver) {
  const { activity, allowance } = insights;
  byId("insights").replaceChildren(...cards(insights, isOver).map(drawnCard));
  byId("allowance").textContent = allowance ? `${allowanceWords(allowance, isOver)}.` : "";
  byId("hours-box").hidden = activity.busiest_hour == null;
  if (activity.busiest_hour == null) return;
  byId("hours").replaceChildren(bars(activity));
  byId("hours-table").replaceChildren(table(activity));
  byId("span").textContent = `First activity ${moment(activity.first_at)}; last activity ${moment(activity.last_at)}.`;
}

function cards({ turnaround, completed_documents: completed, open_documents: open, distinct_documents: distinct, activity, ...period }, isOver) {
  const busiest = activity.busiest_hour;
  return [
    {
      label: "Median turnaround",
      meaning: meaning("turnaround"),
      figure: turnaround ? duration(turnaround.median_seconds) : UNDEFINED,
      note: turnaround ? restsOn(turnaround, completed) : completed ? "send dates not known" : "no documents completed",
    },
    {
      label: "Open documents",
      meaning: meaning("open"),
      figure: number(open),
      note: isOver ? `at the end of ${date(period.to)}` : "as of now",
    },
    { label: "Distinct documents", meaning: meaning("distinct documents"), figure: number(distinct), note: "with any activity" },
    {
      label: "Busiest hour",
      meaning: meaning("busiest hour"),
      figure: busiest == null ? UNDEFINED : hourRange(busiest),
      note: busiest == null ? "no activity" : busyWords(activity, period),
    },
  ];
}

function restsOn({ documents, mean_seconds: mean, p90_seconds: p90 }, completed) {
  const of = documents < completed ? ` of ${number(completed)}` : "";
  return `p90 ${duration(p90)} · mean ${duration(mean)} · ${number(documents)}${of} ${completed === 1 ? "document" : "documents"}`;
}

function busyWords({ busiest_hour: hour, hours, week }, { from, to }) {
  const events = `${number(hours[hour])} ${hours[hour] === 1 ? "event" : "events"}`;
  if (Date.parse(to) - Date.parse(from) < 7 * 86_400_000) return events;
  const days = Object.values(week).map((day) => day[hour]);
  return `${events}, most on ${weekday(days.indexOf(Math.max(...days)))}s`;
}

function allowanceWords({ month, used, documents_per_month: allowed, as_of: day, outlook, used_up_on: on }, isOver) {
  const ahead = {
    used_up: () => `it was used up on ${date(on)}`,
    runs_out: () => `at the current pace it will run out on ${date(on)}`,
    too_early: () => "too early in the month for a forecast",
    lasts: () => (isOver && isLastOfMonth(day) ? "it lasted the month" : "at the current pace it will last the month"),
  };
  return `Allowance for ${monthOf(month)}: ${number(used)} of ${number(allowed)} documents used by ${date(day)}; ${ahead[outlook]()}`;
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
    "aria-label": `Events by hour of the day, most of them ${hourRange(busiest)}.`,
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
  const head = el("tr", {}, el("th", { scope: "col" }, "Hour"), el("th", { scope: "col" }, "Events"));
  const rows = hours.map((events, hour) => el("tr", {}, el("th", { scope: "row" }, hourRange(hour)), el("td", {}, number(events))));
  return el("table", { class: "figures" }, el("thead", {}, head), el("tbody", {}, ...rows));
}
