// Time zones, found by a city, by any part of their name, or by what the reader's language calls their time.

import { button, el } from "./dom.js";
import { plain } from "./people.js";
import { gettext, language } from "./words.js";

// Names of today that browsers still call by earlier ones.
const RENAMED = "Asia/Kolkata Asia/Kathmandu Asia/Yangon Asia/Ho_Chi_Minh Europe/Kyiv Atlantic/Faroe America/Nuuk Africa/Asmara Pacific/Chuuk Pacific/Pohnpei";
const ZONES = [...new Set([...Intl.supportedValuesOf("timeZone"), ...RENAMED.split(" "), "UTC"])].sort();
const MOST_OFFERED = 6;
const LEAST_LETTERS = 2;
const wordsOf = (text) => plain(text).replace(/[_/]+/g, " ").trim();
const cityOf = (zone) => wordsOf(zone.split("/").at(-1));
let localNames = null; // `日本標準時` by zone; a moment's work, so only when nothing else is found

export const isZone = (text) => ZONES.includes(text);
export const zoneOptions = () => ZONES.map((value) => el("option", { value }, value.split("/").at(-1).replaceAll("_", " ")));

// The zone that a text can only mean: `berlin` is Europe/Berlin. Other text stays as it is.
export function meantZone(text) {
  const said = text.trim();
  const same = ZONES.find((zone) => zone.toLowerCase() === said.toLowerCase());
  const cities = ZONES.filter((zone) => cityOf(zone) === wordsOf(said));
  return same ?? (cities.length === 1 ? cities[0] : said);
}

export function zonesLike(text) {
  const said = wordsOf(text);
  if (said.length < LEAST_LETTERS && !/[^\p{ASCII}]/u.test(said)) return [];
  const begin = ZONES.filter((zone) => cityOf(zone).startsWith(said));
  const within = ZONES.filter((zone) => !begin.includes(zone) && wordsOf(zone).includes(said));
  const found = [...begin, ...within];
  return (found.length ? found : ZONES.filter((zone) => localName(zone).includes(said))).slice(0, MOST_OFFERED);
}

function localName(zone) {
  localNames ??= new Map();
  if (!localNames.has(zone)) localNames.set(zone, plain(nameIn(zone)));
  return localNames.get(zone);
}

function nameIn(timeZone) {
  const parts = new Intl.DateTimeFormat(language(), { timeZone, timeZoneName: "long" }).formatToParts(0);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

// What somebody may mean who types a zone in `input`, below it: each can be chosen.
export function zoneSuggestions(input) {
  const box = el("div", { class: "suggestions", role: "group", "aria-label": gettext("Time zones that you may mean"), hidden: true });
  const take = (zone) => {
    input.value = zone;
    box.hidden = true;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  };
  const offer = () => {
    const zones = isZone(input.value) ? [] : zonesLike(input.value);
    box.replaceChildren(...zones.map((zone) => button(zone, { class: "link", dir: "ltr", onclick: () => take(zone) })));
    box.hidden = !zones.length;
  };
  input.addEventListener("input", offer);
  return box;
}
