// The page: who is signed in, which view of which period is shown, and what happens when something goes wrong.

import { showActivity } from "./activity.js";
import { call } from "./client.js";
import { closeDialog, dialogsOf, showDialog } from "./dialogs.js";
import { askDocuments, showDocuments } from "./documents.js";
import { byId, el, foreign } from "./dom.js";
import { downloadFile } from "./files.js";
import { adopt, dayOf } from "./format.js";
import { showFreshness, showHeading, showHeadline } from "./headline.js";
import { askInsights } from "./insights.js";
import { complain, listenToSessionEnd, settle, tell } from "./notices.js";
import { listenToOverview, readDays, showOverview } from "./overview.js";
import { forgetPeople, readPeople, readSilent } from "./people.js";
import { choose, markPeriod, offerPeriods, parameters, placedParameters, placedPeriod, title } from "./periods.js";
import { go, linkHere, linkTo, listenToPlace, place } from "./place.js";
import { listenToDownloads } from "./quick.js";
import { listenToReports, showReports } from "./reports.js";
import { showSettings } from "./settings.js";
import { listenToSchedules, showSchedules } from "./schedules.js";
import * as session from "./session.js";
import { showSignIn } from "./signin.js";
import { SILENT, countUsers, listenToUsers, showUsers } from "./users.js";
import { gettext, language, readTexts } from "./words.js";

const STALE_MS = 60_000;
const TICK_MS = 20_000;
const FIGURES = "figures";
const OF_PERIODS = ["overview", "documents", "users"];
const titles = () => ({
  overview: gettext("Overview"),
  documents: gettext("Documents"),
  users: me.role === "member" ? gettext("Your activity") : gettext("Users"),
  reports: gettext("Reports"),
  ...(me.role === "member" ? {} : { schedules: gettext("Schedules"), settings: gettext("Settings"), activity: gettext("Activity") }),
});

let terms = new Map(); // the measures, by their names in the API
let me = null;
let metOn = ""; // the day on which that was asked, as the tenant's calendar has it
let shown = null; // { period, view, usage, at } of the figures on screen
let shownPlace = null; // its address without a dialog
let turn = new AbortController(); // what is being read belongs to it

// The first figures are asked for beside the question who asks, by the address alone.
async function start() {
  byId("signed-out").hidden = true;
  if (!session.token() && !(await session.askTabs())) return signedOut();
  const early = askEarly(viewOf());
  try {
    me = await call("v1/me");
  } catch (error) {
    const isRefused = error.status === 401 || error.status === 403; // such as one whose organization is suspended
    return isRefused ? signedOut(error) : complain(error, { about: FIGURES, again: start });
  }
  settle(FIGURES);
  await meet({ early });
  downloadWanted();
}

// What a view needs first, by what it is; null where it is not known yet.
function askEarly(view) {
  if (!["overview", "documents"].includes(view)) return null;
  const about = placedParameters();
  const early = { usage: readDays(about, {}), documents: view === "documents" ? askDocuments(about) : null };
  early.usage.catch(() => {});
  return early;
}

// What is known of the user and the tenant anew, after a change of it.
async function learn() {
  me = await call("v1/me");
  await meet();
}

async function meet(options) {
  await speak(me.language);
  adopt(me);
  metOn = dayOf(new Date());
  introduce();
  byId("page").hidden = false;
  await show(options);
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
  document.documentElement.style.setProperty("--tenant-accent", me.accent);
  const name = foreign(me.tenant_name, { class: "brand-name" });
  byId("brand").replaceChildren(...(me.logo ? [el("img", { src: me.logo, alt: me.tenant_name })] : [name]));
  byId("basis").textContent =
    gettext("Activity basis: each event counts on the date it happened, in the time zone %(zone)s.", { zone: me.timezone }) +
    (me.role === "member" ? ` ${gettext("Only your own activity is shown.")}` : "");
  offerPeriods(me);
}

const viewOf = () => place().view ?? "overview";

// Show what the address says. What is on screen stays, dimmed, until the new figures are there.
async function show({ early = null, anew = false } = {}) {
  turn.abort();
  turn = new AbortController();
  for (const waiting of byId("figures").querySelectorAll("[aria-busy]")) waiting.removeAttribute("aria-busy"); // in vain
  shownPlace = linkHere({ dialog: null, of: null });
  const named = titles();
  const view = named[viewOf()] ? viewOf() : "overview";
  dialogsOf(view);
  showNavigation(named, view);
  const isOfPeriod = OF_PERIODS.includes(view);
  for (const part of document.querySelectorAll("[data-view]")) part.hidden = part.dataset.view !== view;
  for (const part of document.querySelectorAll("[data-of-period]")) part.hidden = !isOfPeriod;
  if (document.activeElement.closest("[hidden]")) beginAtTop();
  byId("users-csv").hidden = view === "documents"; // there, CSV is the list of documents
  document.title = gettext("%(view)s – %(tenant)s: usage reports", { view: named[view], tenant: me.tenant_name });
  const { signal } = turn;
  if (!place().dialog) closeDialog();
  if (isOfPeriod) await showPeriod(view, { early, anew, signal });
  else byId("title").textContent = named[view];
  if (view === "reports") await showReports({ me, signal });
  if (view === "schedules") await showSchedules({ me, signal });
  if (view === "settings") await showSettings({ signal, changed: learn });
  if (view === "activity") await showActivity({ signal });
  if (!signal.aborted) await showDialog();
}

// The link that was followed is hidden now: reader and focus go on where the view begins.
function beginAtTop() {
  byId("figures").focus({ preventScroll: true });
  scrollTo(0, 0);
}

// Where only the dialog in the address is another, what is below it stays.
async function follow() {
  const here = linkHere({ dialog: null, of: null });
  if (here !== shownPlace) return show();
  await showDialog();
}

function showNavigation(named, view) {
  const links = Object.entries(named).map(([key, title]) => [key, title, linkTo(key)]);
  const nav = byId("views");
  if (nav.children.length !== links.length) nav.replaceChildren(...links.map(([key]) => el("a", { "data-key": key })));
  links.forEach(([key, title, link], place) => {
    const anchor = nav.children[place];
    anchor.textContent = title;
    anchor.setAttribute("href", link);
    if (key === view) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  });
}

async function showPeriod(view, { early, anew, signal }) {
  const period = placedPeriod();
  choose(period, { replace: true, quietly: true });
  showNavigation(titles(), view);
  markPeriod(period);
  showHeading(period, { to: period.to < me.today ? period.to : me.today, me });
  const figures = byId("figures");
  figures.setAttribute("aria-busy", "true");
  if (anew) forgetPeople();
  if (view === "overview") askInsights(parameters(period), { signal });
  const documents = view === "documents" ? (early?.documents ?? askDocuments(parameters(period), { signal })) : null;
  try {
    const usage = await read(view, period, { early: early?.usage, anew, signal });
    signal.throwIfAborted();
    shown = { period, view, usage, at: Date.now() };
    settle(FIGURES);
    showHeadline(period, usage, me);
    draw(view, { period, usage, documents, signal });
  } catch (error) {
    if (signal.aborted) return;
    if (error.status === 401) return signedOut(error);
    refused(error, { period, view, anew });
  }
  figures.removeAttribute("aria-busy");
}

async function read(view, period, { early, anew, signal }) {
  const about = parameters(period);
  const isOfSilent = place().who === SILENT && me.role !== "member";
  if (view === "users" && isOfSilent) return readSilent(about, { from: period.from, anew, signal, progress: countUsers });
  if (view === "users") return readPeople(about, { anew, signal, progress: countUsers });
  const answer = early && (await early.catch(() => null));
  return answer ?? readDays(about, { signal });
}

function draw(view, { period, usage, documents, signal }) {
  if (view === "overview") showOverview({ period, usage, terms, signal, me });
  if (view === "users") showUsers(usage, { terms, me });
  if (view === "documents") showDocuments({ period, asked: documents, me, signal });
}

// The figures of before stay, and so do their heading and the choice above them: all three say the same.
function refused(error, { period, view, anew }) {
  const again = () => {
    choose(period, { quietly: true });
    show({ anew });
  };
  complain(error, { about: FIGURES, title: gettext("%(period)s could not be shown.", { period: title(period) }), again });
  if (shown?.view !== view) return showNothing(view);
  choose(shown.period, { replace: true, quietly: true });
  markPeriod(shown.period);
  showNavigation(titles(), view);
  showHeadline(shown.period, shown.usage, me);
}

// There never were any figures: an empty frame would look like none.
function showNothing(view) {
  byId("dates").replaceChildren();
  document.querySelector(`#figures > [data-view="${view}"]`).hidden = true;
}

async function downloadWanted() {
  const wish = session.wanted();
  if (!wish) return;
  session.forgetWanted();
  try {
    await downloadFile(wish.report, wish);
    go(linkHere({ view: "reports", report: wish.report }), { replace: true });
    tell(gettext("The report from your email has been downloaded."), { about: "wish" });
  } catch (error) {
    const isHidden = error.status === 404 && me.role === "member";
    if (isHidden) Object.assign(error, { kind: "", message: gettext("It may have been deleted, or it is about the whole organization, which only an administrator may see.") });
    complain(error, { about: "wish", title: gettext("The report from your email could not be downloaded.") });
  }
}

function signedOut(error, { left = false } = {}) {
  const hadFocus = document.activeElement !== document.body;
  closeDialog();
  byId("page").hidden = true;
  byId("notices").replaceChildren();
  turn.abort();
  shown = null;
  showSignIn(error, start, { left });
  if (hadFocus) byId("signed-out").querySelector("h1").focus();
}

// Not the settings: what is being typed there would be lost. On another day, "today" and what is counted from it are others.
async function refresh() {
  if (!me || byId("page").hidden || viewOf() === "settings") return;
  if (dayOf(new Date()) === metOn) return show({ anew: true });
  forgetPeople();
  await learn().catch((error) => complain(error, { about: FIGURES, again: refresh }));
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
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address behind the # is the page's own
    byId("figures").focus();
  });
  byId("refresh").addEventListener("click", refresh);
  byId("sign-out").addEventListener("click", () => {
    session.signOut();
    signedOut(null, { left: true });
  });
  listenToDownloads(() => parameters(placedPeriod()));
  listenToOverview(terms);
  listenToReports();
  listenToSchedules();
  listenToUsers();
}

function listen() {
  listenToPlace(() => {
    const brought = session.takeFragment();
    if (brought || !me || byId("page").hidden) start();
    else follow();
  });
  listenToSessionEnd(signedOut);
  session.listenToTabs({ onend: () => signedOut(null, { left: true }), onbegin: start });
  addEventListener("online", refresh);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && shown && Date.now() - shown.at > STALE_MS) refresh();
  });
  setInterval(() => shown && OF_PERIODS.includes(viewOf()) && showFreshness(shown.usage), TICK_MS);
}

session.takeFragment();
prepare();
listen();
start();
