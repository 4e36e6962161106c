// Notices above the page, wherever the reader is in it. What failed stays until it is dismissed or put right; what was
// done goes by itself, once the reader has had time to read it.

import { byId, button, el } from "./dom.js";
import { messageOf, partWords, technical, titleOf } from "./problems.js";
import { gettext } from "./words.js";

const READ_MS = 12_000; // of a page that is looked at
const TICK_MS = 500;

// Show why something failed. `about` names what failed: another notice about the same replaces it, `settle` takes it away.
// With the `signal` of what was to be shown, so does its end: trying that again would be in vain.
export function complain(error, { about, title, again, signal }) {
  if (error.name === "AbortError") return;
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
  let left = undo ? 3 * READ_MS : READ_MS;
  const clock = setInterval(() => {
    if (!notice.isConnected) return clearInterval(clock);
    if (!document.hidden && !notice.matches(":hover, :focus-within")) left -= TICK_MS;
    if (left <= 0) leave(notice);
  }, TICK_MS);
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
