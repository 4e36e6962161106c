// Languages by their own names, weekdays in the language of the page.

import { language } from "./words.js";

const LOCALES = ["en-GB", "en-US", "de-DE", "de-AT", "de-CH", "fr-FR", "fr-BE", "fr-CA", "fr-CH", "es-ES", "es-MX", "ja-JP", "ar", "ar-AE", "ar-EG", "ar-SA"];
const WRITTEN = new Set(LOCALES.map((tag) => tag.slice(0, 2)));

// Those that reports are written in, and the one that is stored.
export function localeChoices(stored) {
  const known = !stored || LOCALES.includes(stored) ? LOCALES : [stored, ...LOCALES];
  return known.map((tag) => [tag, languageName(tag)]);
}

// `Deutsch (Schweiz)`: whoever looks for a language knows its own name, whatever the page is written in. `English (tlh)`
// where there are no words of a language: what is made in it is in English.
export function languageName(tag) {
  try {
    const own = tag.trim().replaceAll("_", "-");
    if (!WRITTEN.has(new Intl.Locale(own).language)) return `${languageName("en")} (${own})`;
    const name = new Intl.DisplayNames(own, { type: "language", languageDisplay: "standard" }).of(own);
    return name.charAt(0).toLocaleUpperCase(own) + name.slice(1);
  } catch {
    return tag;
  }
}

export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

// Monday is 0.
export const weekdayName = (place) => new Intl.DateTimeFormat(language(), { weekday: "long", timeZone: "UTC" }).format(new Date(Date.UTC(2026, 0, 5 + place)));
