// The totals: three headlines, then the other measures, each with its previous figure.

import { el } from "./dom.js";
import { change, number } from "./format.js";
import { gettext } from "./words.js";

const HEADLINES = ["sent", "completed"];
const headlineLabel = (key) => (key === "sent" ? gettext("Documents sent") : gettext("Documents completed"));
const inPrevious = (figure, previous) => gettext("%(figure)s in %(previous)s", { figure, previous });

export function showCards({ headlines, measures }, { usage, terms, previous }) {
  const { totals, previous_totals: before } = usage;
  const card = (key, label) =>
    drawnCard({
      label,
      meaning: terms.get(key).meaning,
      figure: number(totals[key]),
      change: usage.previous.comparable ? change(totals[key], before[key]) : "",
      note: isUnknown(usage.previous, before) ? null : inPrevious(number(before[key]), previous), // the note below says why
    });
  headlines.replaceChildren(...HEADLINES.map((key) => card(key, headlineLabel(key))));
  const others = [...terms.keys()].filter((key) => !HEADLINES.includes(key));
  measures.replaceChildren(...others.map((key) => card(key, terms.get(key).heading)));
}

// Whether the tenant's figures begin after these days, if ever: that nothing happened in them is not known.
export function isUnknown({ figures_from: begins, comparable, to }, totals, last = to) {
  const isLater = begins ? begins > last : !comparable;
  return isLater && Object.values(totals).every((value) => value === 0);
}

export function drawnCard({ label, meaning, figure, change: difference, note }) {
  const shown = el("p", { class: "card-figure" }, figure);
  if (difference) shown.append(" ", el("span", { class: "change" }, difference));
  return el("div", { class: "card" }, el("p", { class: "card-label", title: meaning }, label), shown, note && el("p", { class: "card-note" }, note));
}
