// Notices in the page, at the top of what is seen of it: they push it down and cover nothing. What failed, and what can be
// undone, stays until it is dismissed or put right; what was done goes with the reader's next step, once it could be read.

import { byId, button, el } from "./dom.js";
import { messageOf, partWords, technical, titleOf } from "./problems.js";
import { gettext } from "./words.js";

const READ_MS = 6_000; // of a page that is looked at
const TICK_MS = 500;
const STEPS = ["click", "keyup", "scroll"];
let sessionEnded = () => {};

// What to do once the API no longer takes the token.
export function listenToSessionEnd(act) {
  sessionEnded = act;
}

// Show why something failed. `about` names what failed: another notice about the same replaces it, `settle` takes it away.
// With the `signal` of what was to be shown, so does its end: trying that again would be in vain. Whoever's session has ended
// is led to sign in, unless something `typed` would be lost.
export function complain(error, { about, title, again, signal, typed = false }) {
  if (error.name === "AbortError") return;
  if (error.status === 401 && !typed) return sessionEnded(error);
  const heading = title ?? titleOf(error);
  const parts = (error.parts ?? []).map((part) => el("li", {}, partWords(part)));
  const words = el("div", {}, el("strong", {}, heading), " ", messageOf(error), parts.length > 0 && el("ul", {}, ...parts), technical(error));
  const retry = again && button(gettext("Try again"), { onclick: () => (settle(about), again()) });
  const notice = show({ about, heading, words, kind: "error", role: "alert", controls: [retry] });
  signal?.addEventListener("abort", () => leave(notice), { once: true });
}

// Show what somebody must know, though nothing failed; `undo` takes it back.
export function tell(text, { about, undo }) {
  const back = undo && button(gettext("Undo"), { onclick: () => (settle(about), undo()) });
  const notice = show({ about, heading: text, words: el("div", {}, text), kind: "done", role: "status", controls: [back] });
  if (!undo) leaveOnceRead(notice);
}

function leaveOnceRead(notice) {
  let left = READ_MS;
  const clock = setInterval(() => {
    if (!document.hidden) left -= TICK_MS;
    if (left > 0 && notice.isConnected) return;
    clearInterval(clock);
    leaveWithNextStep(notice);
  }, TICK_MS);
}

// By itself it would move what is below it while that is read or pressed.
function leaveWithNextStep(notice) {
  const left = new AbortController();
  const step = ({ target }) => {
    if (notice.contains(target)) return;
    left.abort();
    leave(notice);
  };
  for (const name of STEPS) addEventListener(name, step, { signal: left.signal });
}

export function settle(about) {
  for (const notice of byId("notices").children) {
    if (notice.dataset.about === about) leave(notice);
  }
}

function show({ about, heading, words, kind, role, controls }) {
  settle(about);
  const close = button("×", {
    class: "close",
    "aria-label": gettext("Dismiss: %(notice)s", { notice: heading }),
    title: gettext("Dismiss"),
    onclick: () => leave(close.closest(".notice")),
  });
  const notice = el("div", { class: `notice ${kind}`, role, "data-about": about }, words, ...controls.filter(Boolean), close);
  byId("notices").append(notice);
  return notice;
}

// The focus goes on to the next notice, or to the figures.
function leave(notice) {
  const hadFocus = notice.contains(document.activeElement);
  const next = notice.nextElementSibling ?? notice.previousElementSibling;
  notice.remove();
  if (hadFocus) (next?.querySelector(".close") ?? byId("figures")).focus({ preventScroll: true });
}
