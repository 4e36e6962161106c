// Files: ordering one, waiting for it, and handing it to the browser.

import { call, Problem } from "./client.js";
import { size } from "./format.js";
import { byId, el } from "./dom.js";
import { gettext } from "./words.js";

export const FORMATS = { pdf: "PDF", xlsx: "Excel", csv: "CSV", zip: "ZIP", json: "JSON" };
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [250, 2000];
const PATIENCE_MS = 10 * 60_000;

let latest = 0;

// Order the file of a period and download it when it is ready; the progress is shown below the buttons.
export async function download(period, format, { failed, made }) {
  const mine = ++latest;
  const buttons = document.querySelectorAll("[data-format]");
  const say = (...words) => mine === latest && byId("progress").replaceChildren(...words);
  buttons.forEach((button) => (button.disabled = true));
  say(el("span", { class: "spinner", "aria-hidden": "true" }), gettext("Preparing the %(format)s file…", { format: FORMATS[format] }));
  try {
    const ordered = await call("v1/reports", { method: "POST", body: { ...period, formats: [format] } });
    const report = await whenReady(ordered, (seconds) =>
      say(el("span", { class: "spinner", "aria-hidden": "true" }), gettext("Preparing the %(format)s file… %(seconds)s s", { format: FORMATS[format], seconds })),
    );
    const file = fileOf(report, format);
    save(file.url);
    say(gettext("%(format)s file downloaded, %(size)s.", { format: FORMATS[format], size: size(file.bytes) }));
    made();
  } catch (error) {
    say();
    failed(error);
  } finally {
    buttons.forEach((button) => (button.disabled = false));
  }
}

// Download a file of a report that exists, by a link signed this moment.
export async function downloadAgain(reportId, version, format) {
  const address = `v1/reports/${encodeURIComponent(reportId)}`;
  const report = await call(version ? `${address}?version=${encodeURIComponent(version)}` : address);
  save(fileOf(report, format).url);
}

async function whenReady(report, waiting) {
  const started = Date.now();
  const address = `v1/reports/${encodeURIComponent(report.report_id)}`;
  let wait = FIRST_WAIT_MS;
  while (report.status === "pending" || report.status === "running") {
    const elapsed = Date.now() - started;
    if (elapsed > PATIENCE_MS) throw unfinished(gettext("It is taking longer than usual. You will find it under Earlier reports when it is ready."));
    if (elapsed > 1500) waiting(Math.round(elapsed / 1000));
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 1.3, LONGEST_WAIT_MS);
    report = await call(address);
  }
  return report;
}

function fileOf(report, format) {
  if (report.status === "failed") throw unfinished(report.failure);
  if (report.gone.includes(format)) throw unfinished(gettext("%(format)s: no longer stored. Download it above to make it again.", { format: FORMATS[format] }));
  const file = report.files.find((candidate) => candidate.format === format);
  if (!file) throw unfinished(gettext("This report has no %(format)s file.", { format: FORMATS[format] ?? format }));
  return file;
}

const unfinished = (detail) => new Problem(0, { title: gettext("The report is not available"), detail });

// The link answers with an attachment, so the browser downloads it and stays on this page.
function save(url) {
  if (!/^https?:/.test(url)) throw unfinished(gettext("The download link cannot be opened."));
  el("a", { href: url, download: "", rel: "noreferrer" }).click();
}
