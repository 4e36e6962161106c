// The downloads beside a period's heading: order a file, say how far it is, hand it over.

import { byId, spinner } from "./dom.js";
import { FORMATS, downloadFile, orderReport, progressWords, whenReady } from "./files.js";
import { size } from "./format.js";
import { complain, settle } from "./notices.js";
import { gettext } from "./words.js";

const ABOUT = "download";
let latest = 0;

export function listenToDownloads(parameters) {
  for (const pressed of document.querySelectorAll("[data-format]")) {
    pressed.addEventListener("click", () => download(parameters(), pressed.dataset.format));
  }
}

async function download(period, format) {
  const mine = ++latest;
  const say = (...words) => mine === latest && byId("progress").replaceChildren(...words);
  const busy = (words) => say(spinner(), words);
  busy(gettext("Preparing the %(format)s file…", { format: FORMATS[format] }));
  byId("downloads").setAttribute("aria-busy", "true");
  try {
    const ordered = await orderReport({ ...period, formats: [format] });
    const report = await whenReady(ordered, { progress: (state) => busy(progressWords(state)) });
    const file = await downloadFile(report.report_id, { format });
    settle(ABOUT);
    say(gettext("%(format)s file downloaded, %(size)s.", { format: FORMATS[format], size: size(file.bytes) }));
  } catch (error) {
    say();
    complain(error, { about: ABOUT, again: () => download(period, format) });
  }
  if (mine === latest) byId("downloads").removeAttribute("aria-busy");
}
