// Report groups: reports that differ in their formats alone; which of their files is the newest, and what they are called.

import { FORMATS, isMaking } from "./files.js";
import { extent, kindOf, listed, number, periodTitle } from "./format.js";
import { languageName } from "./languages.js";
import { nameOf } from "./people.js";
import { gettext, ngettext } from "./words.js";

const NAMED = 3;

// What there is to show of a group: the report ordered last, what is in work, and the newest file of each format.
export function outlook({ reports }) {
  const [latest] = reports;
  const ready = reports.filter(({ status }) => status === "ready").sort(laterFirst);
  const [newest] = ready;
  const files = [];
  for (const report of ready) {
    for (const { format } of report.files) {
      const isOlder = report.content !== newest.content;
      if (!files.some((each) => each.format === format)) files.push({ report, format, isOlder });
    }
  }
  files.sort((one, other) => place(one) - place(other));
  const gone = newest?.gone.filter((format) => !files.some((each) => each.format === format && !each.isOlder)) ?? [];
  const failed = latest.status === "failed" ? latest : null;
  return { latest, newest, files, gone, failed, making: reports.filter(isMaking), older: files.filter(({ isOlder }) => isOlder) };
}

export const laterFirst = (one, other) => (one.made_at === other.made_at ? other.version - one.version : one.made_at < other.made_at ? 1 : -1);

const place = ({ format, isOlder }) => Object.keys(FORMATS).indexOf(format) + (isOlder ? 100 : 0);

export const formatNames = (formats) => listed(Object.keys(FORMATS).filter((each) => formats.includes(each)).map((each) => FORMATS[each]));

export const titleOf = (report) => periodTitle(kindOf(report.period), report.from, report.to);

// What orders the same report once more.
export function orderOf({ period, formats, filters, locale }) {
  const [from, to] = period.split("_");
  const about = kindOf(period) === "range" ? { from, to } : { period };
  return { ...about, formats, ...(filters ? { filters } : {}), ...(locale ? { locale } : {}) };
}

// What tells a group from others in a line: `October 2026, Ann Ash, cohort basis`.
export function nameOfGroup(report) {
  const isOfMany = report.filters?.user_ids?.length > NAMED;
  return listed([titleOf(report), ...narrowed(report), ...(isOfMany ? [`#${report.group.slice(-4)}`] : [])]);
}

// The same, with its dates, for a line of its own.
export const scope = (report) => [extent(titleOf(report), report.from, report.to), ...narrowed(report)].filter(Boolean).join(" · ");

function narrowed({ filters, locale }) {
  const words = [];
  if (filters?.user_ids) words.push(namesOf(filters.user_ids));
  if (filters?.basis === "cohort") words.push(gettext("cohort basis"));
  if (filters?.all_users) words.push(gettext("all users listed"));
  if (locale) words.push(languageName(locale));
  return words;
}

// The first few by name, and how many more.
export function namesOf(userIds) {
  const shown = listed(userIds.slice(0, NAMED).map(nameOf));
  const more = userIds.length - NAMED;
  return more > 0 ? ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", more, { names: shown, count: number(more) }) : shown;
}
