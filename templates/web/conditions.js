// When a schedule sends: for every period, or only for one in which something holds.

import { el, field, select } from "./dom.js";
import { number, wholePercent } from "./format.js";
import { gettext, ngettext } from "./words.js";

const ALWAYS = "always";
const KINDS = () => ({
  [ALWAYS]: { label: gettext("For every period") },
  allowance_used: { label: gettext("Only when much of the allowance is used"), part: "percent", most: 1000, usual: 80, of: gettext("Percent of the month’s allowance") },
  nothing_sent: { label: gettext("Only when nothing was sent"), part: "days", most: 366, usual: 7, of: gettext("Days without a document sent") },
  completion_rate_fell: { label: gettext("Only when the completion rate fell"), part: "points", most: 100, usual: 10, of: gettext("Percentage points") },
});

// The fields for it; `value()` is what the API takes, null for always.
export function conditionChoice(before) {
  const kinds = KINDS();
  const when = select("schedule-condition", Object.entries(kinds).map(([key, { label }]) => [key, label]), before?.when ?? ALWAYS);
  const amount = el("input", { type: "number", id: "schedule-amount", min: 1, required: true, "data-part": "condition" });
  const amountField = field("", amount);
  const offer = (given) => {
    const { part, most, usual, of: label } = kinds[when.value];
    amountField.hidden = amount.disabled = !part;
    amountField.querySelector("label").textContent = label ?? "";
    if (part) Object.assign(amount, { max: most, value: given?.[part] ?? usual });
  };
  offer(before);
  when.addEventListener("change", () => offer(null));
  const value = () => (when.value === ALWAYS ? null : { when: when.value, [kinds[when.value].part]: Number(amount.value) });
  return { element: el("div", { class: "row" }, field(gettext("When to send"), when), amountField), value };
}

// `only when nothing was sent for 7 days`
export function conditionWords({ when, percent, days, points }) {
  if (when === "allowance_used") return gettext("only when %(share)s of the month’s allowance is used", { share: wholePercent(percent) });
  if (when === "nothing_sent") return ngettext("only when nothing was sent for %(count)s day", "only when nothing was sent for %(count)s days", days, { count: number(days) });
  if (when === "completion_rate_fell") return ngettext("only when the completion rate fell by %(count)s point", "only when the completion rate fell by %(count)s points", points, { count: number(points) });
  throw new Error(`no words for the condition ${when}`);
}
