// Whether the figures on screen are those of the period's newest report, and the way to what changed.

import { button, byId, el, working } from "./dom.js";
import { orderReport, readGroups, whenReady } from "./files.js";
import { dayOf, moment } from "./format.js";
import { laterFirst, orderOf } from "./groups.js";
import { complain } from "./notices.js";
import { parameters } from "./periods.js";
import { go, linkTo } from "./place.js";
import { changeWords, changesBetween } from "./versions.js";
import { gettext } from "./words.js";

const ABOUT = "changed";
const MOST = 20;

// Of a period that is over: while it runs, everybody knows that its figures grow.
export async function showChanged({ period, usage, me, signal }) {
  const box = byId("changed");
  box.hidden = true;
  if (usage.to >= me.today) return;
  const { rows } = await readGroups({ ...parameters(period), limit: MOST }, { signal }).catch(() => ({ rows: [] }));
  if (signal.aborted) return;
  const found = newestOf(rows.filter((group) => isOfSame(group, me)));
  const said = found && differences(found, usage);
  box.replaceChildren(...(said ?? []));
  box.hidden = !said;
}

// Whatever its language, and however many users it prints: by activity, of all users, or of the one who reads.
const isOfSame = ({ reports: [{ filters }] }, me) => filters?.basis !== "cohort" && (me.role === "member" || !filters?.user_ids);

function newestOf(groups) {
  const made = groups.flatMap((group) => group.reports.filter(({ status }) => status === "ready").map((report) => ({ ...report, earlier: group.earlier })));
  return made.sort(laterFirst)[0];
}

function differences(report, { totals, to }) {
  const since = changesBetween(report.totals, totals);
  if (since.length) return [words(report, since), " ", againButton(report)];
  const { earlier } = report;
  if (!earlier || dayOf(earlier.made_at) <= to) return null; // it was made before the period was over
  const before = changesBetween(earlier.totals, totals);
  return before.length ? [words(earlier, before), " ", el("a", { class: "link", href: whereItChanged(report) }, gettext("What changed"))] : null;
}

const words = ({ made_at: at }, changes) => gettext("These figures differ from the report of %(when)s: %(changes)s.", { when: moment(at), changes: changeWords(changes) });

const whereItChanged = ({ report_id: report }) => linkTo("reports", { report, changes: "newest" });

// Versions are compared: the figures of now become the next one.
function againButton(report) {
  const again = button(gettext("Make the report again and see what changed"), { class: "link" });
  const make = async () => {
    try {
      await whenReady(await orderReport(orderOf(report)));
      if (again.isConnected) go(whereItChanged(report));
    } catch (error) {
      complain(error, { about: ABOUT });
    }
  };
  again.addEventListener("click", () => working(again, make));
  return again;
}
