// Languages and weekdays by their names, in the language of the page.

import { language } from "./words.js";

const LOCALES = ["en-GB", "en-US", "de-DE", "de-AT", "de-CH", "fr-FR", "fr-BE", "fr-CA", "fr-CH", "es-ES", "es-MX", "ja-JP", "ar", "ar-AE", "ar-EG", "ar-SA"];

// Those that reports are written in, and the one that is stored.
export function localeChoices(stored) {
  const known = !stored || LOCALES.includes(stored) ? LOCALES : [stored, ...LOCALES];
  return known.map((tag) => [tag, languageName(tag)]);
}

export function languageName(tag) {
  try {
    return new Intl.DisplayNames(language(), { type: "language", languageDisplay: "standard" }).of(tag.replaceAll("_", "-"));
  } catch {
    return tag;
  }
}

// Monday is 0.
export const weekdayName = (place) => new Intl.DateTimeFormat(language(), { weekday: "long", timeZone: "UTC" }).format(new Date(Date.UTC(2026, 0, 5 + place)));
