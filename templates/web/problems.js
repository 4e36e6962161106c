// What went wrong, in the reader's words: by the kind of a problem, and by the code of each part of a form that is wrong.

import { el } from "./dom.js";
import { listed, number } from "./format.js";
import { gettext, language } from "./words.js";

const UNEXPECTED = 500;

const ENDED = () => [gettext("Your session has ended"), gettext("Sign in at your portal in another tab, then try again here.")];

// By the kinds that the API documents; what the page says itself has none.
const KINDS = {
  "missing-token": ENDED,
  "expired-token": ENDED,
  "bad-token": ENDED,
  conflict: () => [gettext("Not saved"), gettext("Somebody else has changed it in the meantime. Open it again, then decide.")],
  "precondition-failed": () => [gettext("Not saved"), gettext("Somebody else has changed it in the meantime. Open it again, then decide.")],
  forbidden: () => [gettext("Not allowed"), gettext("Ask an administrator of your organization.")],
  "not-found": () => [gettext("Not found"), gettext("It may have been deleted or renamed.")],
  "not-ready": () => [gettext("Not ready yet"), gettext("The report is still being made, or could not be made.")],
  "too-large": () => [gettext("Too large"), gettext("Send less at a time.")],
  "too-many-requests": () => [gettext("Too much at once"), gettext("Wait a moment, then try again.")],
  "bad-period": () => [gettext("This period cannot be shown"), gettext("Choose another one.")],
  "future-period": () => [gettext("This period has not begun"), gettext("It has not begun yet.")],
  "internal-error": () => [gettext("Something went wrong"), gettext("Try again in a moment. If it keeps happening, tell whoever operates this service.")],
  unavailable: () => [gettext("The service is not available"), gettext("Try again in a minute.")],
  "keys-unavailable": () => [gettext("The service is not available"), gettext("Try again in a minute.")],
  "no-report-queue": () => [gettext("Reports cannot be ordered at the moment"), gettext("Nothing was ordered. Try again in a minute.")],
};

const TOLD_IN_ENGLISH = ["forbidden", "not-found"]; // the API says which it is, to who reads English

function wordsOf(error) {
  const known = KINDS[error.kind]?.();
  if (!known) return [error.title ?? gettext("Something went wrong"), capital(error.message)];
  return TOLD_IN_ENGLISH.includes(error.kind) && language().startsWith("en") ? [known[0], capital(error.message)] : known;
}

export const titleOf = (error) => wordsOf(error)[0];

// One sentence; nothing where each wrong part has its own.
export const messageOf = (error) => (error.parts?.length ? "" : wordsOf(error)[1]);

// For whoever looks into what nobody expected: what the API said, and under which request the log has it.
export function technical(error) {
  if (!(error.status >= UNEXPECTED) || !error.request) return null;
  const request = el("p", {}, gettext("Request %(id)s", { id: error.request }));
  return details(...(error.kind ? [english(error.message)] : []), request);
}

// What is said in English alone, by us or by others: folded away where the page is in another language.
export function inEnglish(...sentences) {
  if (language().startsWith("en")) return sentences.map((sentence) => el("bdi", { class: "detail", lang: "en" }, ` ${sentence}`));
  return [details(...sentences.map(english))];
}

const english = (sentence) => el("p", { lang: "en", dir: "ltr" }, sentence);
const details = (...said) => el("details", { class: "note technical" }, el("summary", {}, gettext("Details for support")), ...said);

const HTTPS = "https://";
const TOO_MUCH = (limit) => gettext("At most %(limit)s.", { limit: number(limit) });
const EMPTY = () => gettext("Please fill this in.");
const NOT_DRAWN = () => gettext("This picture cannot be shown. Choose a PNG or JPEG, or a simpler SVG.");
const CODES = {
  required: EMPTY,
  "name-missing": EMPTY,
  "too-long": ({ limit }) => gettext("This is too long: at most %(limit)s characters.", { limit: number(limit) }),
  "too-great": ({ limit }) => TOO_MUCH(limit),
  "too-small": ({ limit }) => gettext("At least %(limit)s.", { limit: number(limit) }),
  "name-too-long": ({ limit }) => gettext("A name has at most %(limit)s characters.", { limit: number(limit) }),
  "name-begins-wrongly": () => gettext("A name begins with a letter or a digit."),
  "name-character": ({ character }) => gettext("A name cannot contain “%(character)s”.", { character }),
  "name-taken": ({ name }) => gettext("“%(name)s” already exists. Choose another name.", { name }),
  email: ({ address }) => gettext("“%(address)s” is not an email address.", { address }),
  "email-domain": ({ domain, domains }) => gettext("Reports are not sent to addresses at %(domain)s, only to those at: %(domains)s.", { domain, domains: listed(domains) }),
  "too-many-recipients": ({ limit }) => gettext("There are too many recipients: at most %(limit)s. Use a mailing list for more.", { limit: number(limit) }),
  "too-many-schedules": ({ limit }) => gettext("You have reached the limit of %(limit)s schedules.", { limit: number(limit) }),
  zone: ({ zone, suggestions = [] }) =>
    suggestions.length ? gettext("There is no time zone “%(zone)s”. Do you mean %(suggestions)s?", { zone, suggestions: listed(suggestions) }) : gettext("There is no time zone “%(zone)s”. Choose a city near you from the list.", { zone }),
  time: ({ time }) => gettext("“%(time)s” is not a time of day.", { time }),
  "sending-day": () => gettext("Such a report cannot be sent on that day."),
  url: () => gettext("This is not a web address. It must begin with %(start)s.", { start: HTTPS }),
  "url-shortened": () => gettext("This address is shortened. Enter it in full."),
  "url-not-https": () => gettext("The address must begin with %(start)s.", { start: HTTPS }),
  "url-credentials": () => gettext("The address may contain no user name, no password and no #."),
  "url-not-public": () => gettext("This address cannot be reached from the internet."),
  "url-host": ({ host, hosts }) =>
    hosts.length ? gettext("Reports are not posted to %(host)s, only to: %(hosts)s.", { host, hosts: listed(hosts) }) : gettext("Reports are not posted to %(host)s.", { host }),
  logo: NOT_DRAWN,
  "logo-not-drawn": NOT_DRAWN,
  "logo-unreadable": () => gettext("This file cannot be read as a PNG, JPEG or SVG."),
  "logo-invisible": () => gettext("Nothing of this picture can be seen on white paper. Choose a darker one."),
  "logo-pixels": ({ width, height, limit }) =>
    gettext("This picture has %(width)s × %(height)s pixels; at most %(limit)s in all can be read. Choose a smaller one.", { width: number(width), height: number(height), limit: number(limit) }),
  "logo-entities": () => gettext("This SVG declares entities, which are not read. Save it as a plain SVG or as a PNG."),
  "logo-refers": ({ reference }) => gettext("This SVG refers to “%(reference)s”, and nothing is fetched. Embed that in the picture, or save it as a PNG.", { reference }),
  "logo-complex": () => gettext("This picture takes too long to draw. Simplify it, or save it as a PNG."),
  "logo-busy": () => gettext("The picture was not drawn in time. Save it again in a moment."),
};

export const partWords = (part) => part.words ?? CODES[part.code]?.(part.values ?? {}) ?? gettext("This cannot be saved as it is.");

// A mistake that the page finds itself, in the field of this name.
export class Mistake extends Error {
  constructor(name, words) {
    super(words);
    this.parts = [{ location: `body.${name}`, words }];
  }
}

// Say beside each field (`data-part`) what is wrong with it, and go to the first; returns the parts that have no field.
export function markParts(form, { parts = [] }) {
  unmark(form);
  const rest = [];
  const marked = [];
  for (const part of parts) {
    const control = controlOf(form, part.location);
    if (!control) rest.push(part);
    else if (mark(control, partWords(part))) marked.push(control);
  }
  const first = marked[0];
  if (first?.closest("details")) first.closest("details").open = true;
  (isControl(first) ? first : first?.querySelector("input"))?.focus();
  return rest;
}

export function unmark(form) {
  for (const problem of form.querySelectorAll(".field-problem")) clear(problem);
}

function controlOf(form, location) {
  const steps = location.split(".").slice(1);
  for (let length = steps.length; length; length -= 1) {
    const control = form.querySelector(`[data-part="${CSS.escape(steps.slice(0, length).join("."))}"]`);
    if (control) return control;
  }
  return null;
}

let count = 0;
const isControl = (element) => element?.matches("input, select, textarea") ?? false;

// Whether it is the first problem of this control; another one is said below it.
function mark(control, words) {
  const holder = control.closest(".field") ?? control;
  const known = holder.querySelector(".field-problem");
  if (known) {
    if (!known.textContent.includes(words)) known.append(el("br"), words);
    return false;
  }
  const problem = el("p", { class: "bad field-problem", id: `problem-${++count}` }, words);
  if (isControl(control)) control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", [control.getAttribute("aria-describedby"), problem.id].filter(Boolean).join(" "));
  holder.append(problem);
  const watched = isControl(control) ? holder : control.closest("form"); // a choice may depend on what stands beside it
  watched.addEventListener("input", () => clear(problem), { once: true });
  return true;
}

function clear(problem) {
  const control = problem.parentElement?.querySelector("[aria-invalid]") ?? problem.parentElement;
  if (!control) return;
  const rest = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id !== problem.id);
  if (rest.length) control.setAttribute("aria-describedby", rest.join(" "));
  else control.removeAttribute("aria-describedby");
  control.removeAttribute("aria-invalid");
  problem.remove();
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
