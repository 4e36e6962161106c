// Files of reports: ordering one, following how it is made, and handing it to the browser.

import { Problem, address, allRows, answered, call, pathOf, received } from "./client.js";
import { el } from "./dom.js";
import { number } from "./format.js";
import { gettext, ngettext } from "./words.js";

export const FORMATS = { pdf: "PDF", xlsx: "Excel", csv: "CSV", zip: "ZIP", json: "JSON" };
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [250, 2000];
const TIMEOUT_MS = 15 * 60_000;

// A link is signed when a file is wanted, so that the audit trail says who downloaded it.
const UNSIGNED = { urls: false };

export const readReport = (reportId, options) => call(address(pathOf("reports", reportId), UNSIGNED), options);
export const readGroups = (about, options) => call(address("v1/report-groups", { ...about, ...UNSIGNED }), options);
export const readGroup = (group, options) => call(address(pathOf("report-groups", group), UNSIGNED), options);
export const readHistory = (group, options) => allRows(pathOf("report-groups", group, "versions"), UNSIGNED, { ...options, limit: 100 });
export const orderReport = (body) => call(address("v1/reports", UNSIGNED), { method: "POST", body });

export const isMaking = ({ status }) => status === "pending" || status === "running";

// The report that was ordered once it is ready or has failed; `progress` hears each state on the way.
export async function whenMade(ordered, { signal, progress = () => {} } = {}) {
  if (!isMaking(ordered)) return ordered;
  await listened(ordered, { signal, progress }).catch((error) => {
    if (signal?.aborted) throw error; // else it is asked again and again
  });
  return asked(ordered.report_id, { signal, progress });
}

// The same; raises the reason where it has failed.
export async function whenReady(ordered, options) {
  const report = await whenMade(ordered, options);
  if (report.status === "failed") throw unavailable(failureWords(report));
  return report;
}

// By server-sent events, as long as they come.
async function listened({ links }, { signal, progress }) {
  if (!links.events) return;
  const answer = await answered(address(links.events, UNSIGNED), { signal, accept: "text/event-stream" });
  if (!answer.ok || !answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value;
    const events = text.split(/\r?\n\r?\n/);
    text = events.pop();
    for (const event of events) {
      const data = event.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
      if (data) progress(JSON.parse(data));
    }
  }
}

async function asked(reportId, { signal, progress }) {
  const started = Date.now();
  let wait = FIRST_WAIT_MS;
  for (;;) {
    const report = await readReport(reportId, { signal });
    if (!isMaking(report)) return report;
    if (Date.now() - started > TIMEOUT_MS) throw unavailable(gettext("It is taking longer than usual. You will find it under Reports when it is ready."));
    progress(report);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 1.3, LONGEST_WAIT_MS);
  }
}

// Download a list that the API streams, under the name that it gives it.
export async function downloadList(path, { signal } = {}) {
  const answer = await received(path, { signal, accept: "text/csv" });
  const [, name] = /filename\*=UTF-8''([^;]*)/.exec(answer.headers.get("Content-Disposition")) ?? [];
  const url = URL.createObjectURL(await answer.blob().catch(() => Promise.reject(unavailable(gettext("The download was interrupted. Try again.")))));
  el("a", { href: url, download: decodeURIComponent(name ?? "") }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const FAILURES = {
  failed: () => gettext("The report could not be made. The operators of this service can see why."),
  "gave-up": () => gettext("The report could not be made, though it was tried several times. The operators of this service can see why."),
  "service-away": () => gettext("A service that the report needs did not answer."),
  "not-begun": () => gettext("Its period has not begun."),
  "too-slow": ({ format, limit }) => ngettext("The %(format)s file took more than %(limit)s second to make. Order a shorter period or fewer users.", "The %(format)s file took more than %(limit)s seconds to make. Order a shorter period or fewer users.", limit, { format: nameOf(format), limit: number(limit) }),
  "too-large": ({ format, limit }) => gettext("The %(format)s file took more than %(limit)s MiB of memory to make. Order a shorter period or fewer users.", { format: nameOf(format), limit: number(limit) }),
  "not-in-time": () => gettext("It was not made within an hour."),
  unreadable: () => gettext("What was made can no longer be read."),
};
const nameOf = (format) => FORMATS[format.toLowerCase()] ?? format;

// Why a report has failed.
export const failureWords = ({ failure, failure_reason: reason }) => FAILURES[reason?.code]?.(reason.values) ?? failure;

// How far the making of a report is, in words.
export function progressWords({ status, orders_ahead: ahead }) {
  if (status === "running") return gettext("Being made…");
  if (ahead > 0) return gettext("Waiting; reports before this one: %(count)s", { count: number(ahead) });
  return gettext("Waiting to be made…");
}

// Download a file of a report, by a link signed this moment; returns the file. The API records who it was.
export async function downloadFile(reportId, { version, format }) {
  const file = await call(address(pathOf("reports", reportId, "files", format), { version, redirect: false })).catch((error) => {
    if (error.kind === "gone") throw unavailable(goneWords(format));
    throw error;
  });
  save(file.url);
  return file;
}

export const goneWords = (format) => gettext("%(format)s: no longer stored. Make the report again to get it.", { format: FORMATS[format] ?? format });

const unavailable = (detail) => new Problem(0, { title: gettext("The report is not available"), detail });

// The link answers with an attachment, so the browser downloads it and stays on this page.
function save(url) {
  if (!/^https?:/.test(url)) throw unavailable(gettext("The download link cannot be opened."));
  el("a", { href: url, download: "", rel: "noreferrer" }).click();
}
