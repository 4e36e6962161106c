// The tenant's own settings: its name, calendar, look and files; what a change sets off is said before it is made.

import { exchange } from "./client.js";
import { boxes, byId, button, el, field, select, ticked } from "./dom.js";
import { number } from "./format.js";
import { DAYS, localeChoices, weekdayName } from "./languages.js";
import { complain, settle, tell } from "./notices.js";
import { inEnglish, markParts } from "./problems.js";
import { gettext } from "./words.js";
import { isZone, meantZone, zoneOptions, zoneSuggestions } from "./zones.js";

const ABOUT = "settings";
const LARGEST_LOGO_CHARACTERS = 200_000;
const DEFAULT_ACCENT = () => getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();

// Show the form; `changed` hears that the profile is another now.
export async function showSettings({ signal, changed }) {
  const box = byId("settings");
  box.setAttribute("aria-busy", "true");
  try {
    const { document: profile, tag } = await exchange("v1/profile", { signal });
    settle(ABOUT);
    box.replaceChildren(form(profile, { tag, signal, changed }));
  } catch (error) {
    if (signal.aborted) return;
    complain(error, { about: ABOUT, title: gettext("The settings could not be read."), again: () => showSettings({ signal, changed }), signal });
  }
  box.removeAttribute("aria-busy");
}

function form(profile, { tag, signal, changed }) {
  const name = el("input", { type: "text", id: "settings-name", value: profile.name, maxlength: 200, placeholder: profile.tenant_id, autocomplete: "organization" });
  const zone = el("input", { type: "text", dir: "ltr", id: "settings-zone", value: profile.timezone, list: "settings-zones", required: true, autocomplete: "off", spellcheck: "false" });
  const zones = el("datalist", { id: "settings-zones" }, ...zoneOptions());
  const suggestions = zoneSuggestions(zone);
  const zoneField = field(gettext("Time zone"), zone, { hint: gettext("Decides when your days begin and end. Type a city.") });
  zoneField.append(suggestions);
  const recount = el("p", { class: "note caveat recount", role: "status" });
  // While it is typed, not when it is left: what comes then would push away the button that is being pressed.
  zone.addEventListener("input", () => {
    const wanted = meantZone(zone.value);
    recount.textContent = wanted !== profile.timezone && isZone(wanted) ? recountWords(wanted) : "";
  });
  const locale = select("settings-locale", localeChoices(profile.locale), profile.locale);
  const weekday = select("settings-weekday", DAYS.map((day, place) => [day, weekdayName(place)]), profile.week_starts_on);
  const csv = select("settings-csv", csvChoices(), profile.csv ?? "");
  const look = { logo: logoChoice(profile.branding.logo), accent: accentChoice(profile.branding.accent) };
  const unread = gettext("Some settings are stored in a form that cannot be read. Their defaults apply until you save them again.");
  const invalid = profile.invalid.length ? [el("div", { class: "note caveat" }, el("p", {}, unread), ...inEnglish(...profile.invalid.map((sentence) => `${sentence}.`)))] : [];
  const allowed = profile.allowance.documents_per_month;
  const save = el("button", { class: "strong" }, gettext("Save"));
  const fields = { name, timezone: zone, locale, week_starts_on: weekday, csv };
  for (const [part, control] of Object.entries(fields)) control.setAttribute("data-part", part);
  const shown = el(
    "form",
    { class: "settings" },
    ...invalid,
    field(gettext("Name"), name, { hint: gettext("Shown at the top of this page, of reports and of emails.") }),
    el("div", { class: "row" }, zoneField, field(gettext("First day of the week"), weekday)),
    zones,
    recount,
    el("div", { class: "row" }, field(gettext("Language and country"), locale, { hint: gettext("For reports, emails and this page.") }), field(gettext("Separator in CSV files"), csv)),
    look.accent.element,
    look.logo.element,
    allowed == null ? null : el("p", { class: "note" }, gettext("Documents included a month: %(count)s. Only the operator of this service can change that.", { count: number(allowed) })),
    el("div", { class: "buttons" }, save),
  );
  shown.addEventListener("submit", async (event) => {
    event.preventDefault();
    zone.value = meantZone(zone.value);
    suggestions.hidden = true;
    const wanted = {
      name: name.value.trim() || null,
      timezone: zone.value,
      locale: locale.value,
      week_starts_on: weekday.value,
      csv: csv.value || null,
    };
    const change = Object.fromEntries(Object.entries(wanted).filter(([key, value]) => value !== profile[key]));
    const branding = Object.fromEntries(Object.entries(look).filter(([, part]) => part.isChanged()).map(([key, part]) => [key, part.value()]));
    if (Object.keys(branding).length) change.branding = branding;
    if (!Object.keys(change).length) return tell(gettext("Nothing was changed."), { about: ABOUT });
    await send(change, { tag, save, changed, again: () => showSettings({ signal, changed }) });
  });
  return shown;
}

async function send(change, { tag, save, changed, again }) {
  save.setAttribute("aria-busy", "true");
  byId("settings").inert = true; // the form is read anew, and what is typed until then would be lost
  try {
    const { document: profile } = await exchange("v1/profile", { method: "PATCH", body: change, tag });
    await changed();
    tell(profile.recount ? `${gettext("Saved.")} ${recountWords(profile.timezone)}` : gettext("Saved."), { about: ABOUT });
    byId("settings").inert = false;
    byId("settings").querySelector("button.strong")?.focus();
  } catch (error) {
    byId("settings").inert = false;
    save.focus();
    const isStale = error.status === 412;
    error.parts = markParts(byId("settings"), error);
    if (!error.parts.length && error.kind === "invalid-request") settle(ABOUT); // each is said beside its field
    else complain(error, { about: ABOUT, title: gettext("The settings were not saved."), again: isStale ? again : null, typed: true });
  }
  save.removeAttribute("aria-busy");
}

const recountWords = (zone) =>
  gettext("Every day is counted again, from midnight to midnight in %(zone)s. Until that is finished, figures are provisional; reports that were made already stay as they are; schedules follow the new zone.", { zone });

// The chosen picture is seen before it is saved.
function logoChoice(stored) {
  let chosen = stored;
  const problem = el("p", { class: "bad", role: "alert" });
  const picture = el("div", { class: "logo-preview" });
  const input = el("input", { type: "file", id: "settings-logo", "data-part": "branding.logo", accept: "image/png,image/jpeg,image/svg+xml" });
  const remove = button(gettext("Remove the logo"), { class: "link", onclick: () => (show(null), input.focus()) });
  const show = (logo) => {
    chosen = logo;
    problem.textContent = "";
    picture.replaceChildren(logo ? el("img", { src: logo, alt: gettext("The logo") }) : el("span", { class: "note" }, gettext("No logo: the name is shown.")));
    remove.hidden = !logo;
  };
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    const address = await dataAddress(file);
    if (address.length <= LARGEST_LOGO_CHARACTERS) return show(address);
    input.value = "";
    problem.textContent = gettext("This picture is too large: choose one of at most 140 kB.");
  });
  show(stored);
  const element = field(gettext("Logo"), input, { hint: gettext("PNG, JPEG or SVG. Shown on this page and in the PDF instead of the name.") });
  element.append(picture, remove, problem);
  return { element, value: () => chosen, isChanged: () => chosen !== stored };
}

function dataAddress(file) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(file);
  });
}

function accentChoice(stored) {
  const input = el("input", { type: "color", id: "settings-accent", value: stored ?? DEFAULT_ACCENT() });
  const own = boxes({ legend: gettext("Colour"), name: "accent", type: "radio", chosen: [stored ? "own" : "default"], choices: [["default", gettext("The default blue")], ["own", gettext("Your own:")]] });
  own.querySelector("div").append(input);
  input.setAttribute("aria-label", gettext("Your own colour"));
  input.addEventListener("input", () => (own.querySelector('[value="own"]').checked = true));
  const value = () => (ticked(own, "accent")[0] === "own" ? input.value : null);
  return { element: own, value, isChanged: () => (value() ?? "").toLowerCase() !== (stored ?? "").toLowerCase() };
}

export const csvLabels = () => ({ comma: gettext("Commas"), semicolon: gettext("Semicolons") });
const csvChoices = () => [["", gettext("As Excel expects in your country")], ...Object.entries(csvLabels())];
