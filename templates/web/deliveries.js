// What became of each recipient's email, and the addresses that get none any more.

import { allRows, address, call, pathOf } from "./client.js";
import { isDestination } from "./destinations.js";
import { byId, button, el, foreign, table, working } from "./dom.js";
import { kindOf, moment, periodTitle } from "./format.js";
import { complain, settle, tell } from "./notices.js";
import { named } from "./periods.js";
import { inEnglish } from "./problems.js";
import { gettext } from "./words.js";

const ABOUT = "deliveries";
const PAGE = 100;

const stateLabels = () => ({
  sent: gettext("Accepted by the mail service"),
  deferred: gettext("Not accepted yet; will be tried again"),
  refused: gettext("Refused"),
  bounced: gettext("Came back"),
  complained: gettext("Reported as spam"),
  suppressed: gettext("Not sent"),
  unsubscribed: gettext("Not sent: unsubscribed"),
  in_doubt: gettext("May have been sent"),
  gave_up: gettext("Given up"),
});

export async function showDeliveries(name, panel, { signal }) {
  panel.setAttribute("aria-busy", "true");
  try {
    const { rows, passed_over: passed, next_cursor: more } = await call(address(pathOf("schedules", name, "deliveries"), { limit: PAGE }), { signal });
    settle(ABOUT);
    const again = () => showDeliveries(name, panel, { signal });
    const shown = table(columns(), rows.map((row) => line(row, name, again)), { class: "figures deliveries" });
    const notes = [];
    if (!rows.length) notes.push(el("p", { class: "note" }, gettext("Nothing has been sent yet.")));
    notes.push(...passed.map((each) => el("p", { class: "note" }, passedWords(each))));
    if (more) notes.push(el("p", { class: "note" }, gettext("The latest %(count)s are shown.", { count: PAGE })));
    panel.replaceChildren(el("h3", {}, gettext("Deliveries")), ...(rows.length ? [el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": gettext("Deliveries of %(schedule)s", { schedule: name }) }, shown)] : []), ...notes);
  } catch (error) {
    if (signal.aborted) return;
    complain(error, { about: ABOUT, title: gettext("The deliveries could not be read.") });
  }
  panel.removeAttribute("aria-busy");
}

function passedWords({ period, occurrences, why }) {
  const values = { period: titleOf(period), count: occurrences };
  if (why === "empty") return gettext("%(period)s: not sent, because nothing happened in it.", values);
  if (why === "not_needed") return gettext("%(period)s: not sent, because its condition was not met.", values);
  if (why === "suspended") {
    return occurrences > 1
      ? gettext("%(period)s: not sent, because your organization was suspended (periods: %(count)s).", values)
      : gettext("%(period)s: not sent, because your organization was suspended.", values);
  }
  if (why === "too_old") return gettext("%(period)s: not sent, because it is too old to be caught up (periods: %(count)s).", values);
  if (occurrences > 1) return gettext("%(period)s: not sent, because it was missed in an outage (periods: %(count)s).", values);
  return gettext("%(period)s: not sent, because it was missed in an outage.", values);
}

const columns = () => [
  { title: gettext("Recipient"), start: true },
  { title: gettext("Period"), start: true },
  { title: gettext("State"), start: true },
  { title: gettext("When"), start: true },
  { title: gettext("Again"), start: true },
];

function line({ period, recipient, correction, state, at, detail }, name, again) {
  const resend = button(gettext("Send again"), { class: "link", "aria-label": gettext("Send again: %(period)s to %(recipient)s", { period: titleOf(period), recipient }) });
  resend.addEventListener("click", () => working(resend, () => sendAgain({ period, recipient, name, resend, again })));
  return {
    cells: [
      foreign(recipient),
      correction ? gettext("%(period)s, corrected", { period: titleOf(period) }) : titleOf(period),
      [el("span", { class: `state ${state}`, title: state === "sent" ? detail : null }, stateLabels()[state] ?? state), ...(state === "sent" || !detail ? [] : inEnglish(detail))],
      el("time", { datetime: at }, moment(at)),
      resend,
    ],
  };
}

function titleOf(period) {
  const known = named(period);
  return known ? periodTitle(kindOf(period), known.from, known.to) : period;
}

async function sendAgain({ period, recipient, name, resend, again }) {
  try {
    const readers = isDestination(recipient) ? { destinations: [recipient] } : { recipients: [recipient] };
    const body = { ...readers, ...(named(period) ? { period } : {}) };
    const { deliveries } = await call(pathOf("schedules", name, "send-now"), { method: "POST", body });
    const label = resend.getAttribute("aria-label");
    await again();
    document.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus();
    const state = deliveries.find((one) => one.recipient === recipient)?.state;
    tell(gettext("%(recipient)s: %(state)s", { recipient, state: stateLabels()[state] ?? gettext("being sent") }), { about: ABOUT });
  } catch (error) {
    complain(error, { about: ABOUT, title: gettext("The email was not sent.") });
  }
}

const reasonLabels = () => ({
  unsubscribed: gettext("has unsubscribed"),
  bounced: gettext("mail came back"),
  complained: gettext("reported as spam"),
  gone: gettext("its host says it no longer exists"),
});

export const readSuppressions = async (options) => (await allRows("v1/suppressions", {}, { ...options, limit: 500 })).rows;

// By address in small letters, why it gets nothing; a destination that is gone may have another web address by now.
export const reasonsOf = (suppressions) =>
  new Map(suppressions.filter(({ email }) => !isDestination(email)).map(({ email, reason }) => [email.toLowerCase(), reasonLabels()[reason] ?? reason]));

// Whoever unsubscribed, or whose mail came back, and the way to send to them again; `lifted` hears that one does.
export function showSuppressions(rows, { lifted }) {
  byId("suppressions-section").hidden = !rows.length;
  byId("suppressions").replaceChildren(...rows.map((row) => suppression(row, lifted)));
}

function suppression({ email, reason, at }, lifted) {
  const label = gettext("Resume sending");
  const allow = button(label, { class: "link", "aria-label": gettext("%(action)s: %(what)s", { action: label, what: email }) });
  const lift = async () => {
    try {
      await call(pathOf("suppressions", email), { method: "DELETE" });
      await lifted();
      tell(gettext("%(email)s gets reports again from the next period on.", { email }), { about: ABOUT });
      (byId("suppressions").querySelector("button") ?? byId("new-schedule")).focus();
    } catch (error) {
      complain(error, { about: ABOUT });
    }
  };
  allow.addEventListener("click", () => working(allow, lift));
  return el("li", {}, foreign(email), ` · ${reasonLabels()[reason] ?? reason} · ${moment(at)} `, allow);
}
