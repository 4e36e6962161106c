// The page: who is signed in, which period is shown, and what happens when something goes wrong.

import { allRows, call } from "./client.js";
import { showCards } from "./cards.js";
import { chartTable, chartTitle, drawChart } from "./chart.js";
import { byId, el, foreign } from "./dom.js";
import { download, downloadAgain } from "./downloads.js";
import { adopt, ago, clock, date, dates, described, extent, listed, timeOfDay } from "./format.js";
import { showHistory } from "./history.js";
import { isPart, offerPeriods, parameters, previousInText, previousShort, title } from "./periods.js";
import { showInsights } from "./insights.js";
import * as session from "./session.js";
import { showSignIn } from "./signin.js";
import { countUsers, listenToUsers, showUsers } from "./users.js";
import { gettext, language, readTexts } from "./words.js";

const STALE_MS = 60_000;
const TICK_MS = 20_000;
const PAIRS = { sent: ["sent", "completed"] };

let terms = new Map(); // the measures, by their names in the API
let me = null;
let chosen = null; // the period that was asked for
let shown = null; // { period, usage, days, at } of the one on screen
let loading = new AbortController();

async function start() {
  if (!session.token()) return signedOut();
  byId("signed-out").hidden = true;
  clearNotice();
  try {
    me = await call("v1/me");
  } catch (error) {
    return failed(error, start);
  }
  await speak(me.language);
  adopt(me);
  introduce();
  byId("reports").hidden = false;
  offerPeriods(me, show);
  showHistory({ failed });
  downloadWanted();
}

// Before anybody is known, the page comes in the browser's language; then it follows the tenant's, as the files do.
async function speak(wanted) {
  const [spoken, needed] = [language(), wanted].map((tag) => tag.split("-")[0]);
  if (spoken === needed) return;
  const answer = await fetch(`?language=${needed}`).catch(() => null);
  if (!answer?.ok) return;
  const { documentElement: translated } = new DOMParser().parseFromString(await answer.text(), "text/html");
  Object.assign(document.documentElement, { lang: translated.lang, dir: translated.dir });
  document.body.replaceWith(document.adoptNode(translated.querySelector("body")));
  prepare();
}

function introduce() {
  document.title = gettext("%(tenant)s: usage reports", { tenant: me.tenant_name });
  document.documentElement.style.setProperty("--tenant-accent", me.accent);
  const name = foreign(me.tenant_name, { class: "brand-name" });
  byId("brand").replaceChildren(...(me.logo ? [el("img", { src: me.logo, alt: me.tenant_name })] : [name]));
  byId("users-title").textContent = me.role === "member" ? gettext("Your activity") : gettext("Users");
  byId("search-box").hidden = me.role === "member";
  byId("basis").textContent =
    gettext("Activity basis: each event counts on the date it happened, in the time zone %(zone)s.", { zone: me.timezone }) +
    (me.role === "member" ? ` ${gettext("Only your own activity is shown.")}` : "");
}

// Read and show a period. What is on screen stays, dimmed, until the new figures are there.
async function show(period) {
  chosen = period;
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  const figures = byId("figures");
  figures.setAttribute("aria-busy", "true");
  try {
    const [days, users] = await read(period, signal);
    shown = { period, usage: users, days: days.rows, at: Date.now() };
    clearNotice();
    draw();
    figures.removeAttribute("aria-busy");
    showInsights(parameters(period), { signal, isOver: users.to < me.today });
  } catch (error) {
    if (signal.aborted) return;
    figures.removeAttribute("aria-busy");
    failed(error, () => show(period));
  }
}

// Days and users of the same figures: when new ones arrive between two answers, both are read once more.
async function read(period, signal) {
  const about = parameters(period);
  const once = () =>
    Promise.all([
      allRows("v1/usage", { ...about, group_by: "day" }, { signal }),
      allRows("v1/usage", { ...about, group_by: "user" }, { signal, progress: countUsers }),
    ]);
  const answers = await once();
  const [days, users] = answers.map((answer) => JSON.stringify(answer.totals));
  return days === users ? answers : once();
}

function draw() {
  const { period, usage } = shown;
  const isOver = usage.to < me.today;
  byId("period").textContent = isOver ? title(period) : gettext("%(period)s (to date)", { period: title(period) });
  byId("dates").textContent = [extent(title(period), usage.from, usage.to), usage.timezone].filter(Boolean).join(" · ");
  freshness();
  showCards({ headlines: byId("headlines"), measures: byId("measures") }, { usage, terms, previous: previousShort(period, usage.previous) });
  byId("comparison").textContent = comparison(period, usage.previous);
  const nothing = Object.values(usage.totals).every((value) => value === 0);
  byId("empty").hidden = !nothing;
  byId("empty").textContent = usage.data_through
    ? gettext("No activity in this period. Choose another period above.")
    : gettext("No activity in this period. Figures appear once the first documents are sent.");
  byId("chart-section").hidden = byId("users-section").hidden = nothing;
  if (nothing) return;
  drawSeries();
  showUsers(usage.rows, terms);
}

function comparison(period, { from, to, until, figures_from: begins, comparable }) {
  const days = isPart(period, to) ? dates(from, to) : described(previousInText(period), from, to);
  const previous = until ? gettext("%(day)s, until %(time)s", { day: days, time: timeOfDay(new Date(until)) }) : days;
  if (!begins && comparable) return gettext("Compared with %(previous)s.", { previous });
  if (!begins || begins > to) return gettext("There are no figures of %(previous)s to compare with.", { previous });
  const day = date(begins);
  return comparable
    ? gettext("Compared with %(previous)s; figures begin on %(day)s.", { previous, day })
    : gettext("No changes are shown: of %(previous)s, there are figures only from %(day)s on.", { previous, day });
}

function drawSeries() {
  const key = byId("series").value;
  const choice = { days: shown.days, series: PAIRS[key] ?? [key], terms };
  const box = byId("chart");
  const step = drawChart(box, byId("legend"), choice);
  byId("chart-title").textContent = chartTitle(step, [PAIRS[key] ? gettext("Documents") : terms.get(key).heading]);
  byId("chart-table").replaceChildren(chartTable(choice.days, box.clientWidth, choice));
}

function freshness() {
  const through = shown.usage.data_through && new Date(shown.usage.data_through);
  byId("fresh").textContent = through
    ? listed([gettext("Data through %(instant)s", { instant: clock(through) }), ago(through)])
    : gettext("No data received yet");
  const { provisional, notice } = shown.usage;
  const caveats = [notice, provisional && provisionalWords(provisional)].filter(Boolean);
  byId("provisional").hidden = !caveats.length;
  byId("provisional").textContent = caveats.join(" ");
}

const provisionalWords = ({ from, to }) =>
  gettext("Provisional: some events of %(dates)s have not been counted yet.", { dates: dates(from, to) });

async function downloadWanted() {
  const wanted = session.wanted();
  if (!wanted) return;
  session.forgetWanted();
  byId("progress").textContent = gettext("Downloading the report from your email…");
  try {
    await downloadAgain(wanted.report, wanted.version, wanted.format);
    byId("progress").textContent = gettext("The report from your email has been downloaded.");
  } catch (error) {
    byId("progress").textContent = "";
    failed(error);
  }
}

function failed(error, again) {
  if (error.status === 401) return signedOut(error);
  const retry = again && el("button", { type: "button", class: "plain", onclick: again }, gettext("Try again"));
  const words = el("p", {}, el("strong", {}, error.title ?? gettext("Something went wrong")), " ", capital(error.message));
  byId("notice").replaceChildren(words, ...(retry ? [retry] : []));
  byId("notice").hidden = false;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function clearNotice() {
  byId("notice").hidden = true;
}

function signedOut(error) {
  clearNotice();
  byId("reports").hidden = true;
  showSignIn(error, start);
}

// Once for each document body: its texts, and what its elements do.
function prepare() {
  readTexts();
  terms = new Map(
    [...document.querySelectorAll("[data-term]")].map((term) => [
      term.dataset.term,
      { heading: term.textContent, meaning: term.nextElementSibling.textContent },
    ]),
  );
  const choices = [...terms].filter(([key]) => key !== "completed");
  byId("series").append(
    ...choices.map(([key, { heading }]) => el("option", { value: key }, key === "sent" ? gettext("Sent and completed") : heading)),
  );
  byId("series").addEventListener("change", drawSeries);
  byId("refresh").addEventListener("click", () => show(chosen));
  byId("history-more").addEventListener("click", () => showHistory({ failed, more: true }));
  for (const button of document.querySelectorAll("[data-format]")) {
    button.addEventListener("click", () => {
      clearNotice();
      download(parameters(chosen), button.dataset.format, { failed, made: () => showHistory({ failed }) });
    });
  }
  listenToUsers();
  let width = byId("chart").clientWidth;
  new ResizeObserver(([{ contentRect }]) => {
    if (!shown || contentRect.width === width || byId("chart-section").hidden) return;
    width = contentRect.width;
    drawSeries();
  }).observe(byId("chart"));
}

function listen() {
  addEventListener("hashchange", () => session.takeFragment() && start());
  addEventListener("online", () => chosen && show(chosen));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && shown && Date.now() - shown.at > STALE_MS) show(chosen);
  });
  setInterval(() => shown && freshness(), TICK_MS);
}

session.takeFragment();
prepare();
listen();
start();
