// Everybody who gets emails, of whichever schedules, and the way to stop that at once.

import { allRows, call, exchange, pathOf } from "./client.js";
import { asking, openQuestion } from "./dialogs.js";
import { byId, button, el, foreign, straight } from "./dom.js";
import { listed } from "./format.js";
import { gettext } from "./words.js";

const FOLDED_ABOVE = 10;

// `withheld` says by address why somebody gets nothing all the same.
export function showReaders(schedules, withheld) {
  const readers = new Map(); // schedules by address
  for (const schedule of schedules) {
    for (const { email } of schedule.recipients) readers.set(email, [...(readers.get(email) ?? []), schedule]);
  }
  const lines = [...readers].sort(([one], [other]) => one.localeCompare(other)).map(([email, theirs]) => line(email, theirs, withheld.get(email.toLowerCase())));
  byId("readers-section").hidden = !lines.length;
  byId("readers-box").open ||= lines.length <= FOLDED_ABOVE;
  byId("readers").replaceChildren(...lines);
}

function line(email, schedules, why) {
  const stop = button(gettext("Stop"), { class: "link", "aria-label": gettext("Stop emails to %(email)s", { email }), onclick: asking("stop", email) });
  const names = el("span", { class: "note" }, listed(schedules.map(called)));
  return el("li", {}, foreign(email), " · ", names, ...(why ? [" ", el("span", { class: "state withheld" }, why)] : []), " ", stop);
}

const called = ({ name, paused }) => (paused ? gettext("%(text)s (%(detail)s)", { text: straight(name), detail: gettext("Paused") }) : straight(name));

const gets = ({ recipients }, email) => recipients.some((each) => each.email === email);

// What the dialog shows that takes an address out of all schedules.
export async function stopping(email, { stopped }) {
  const { rows } = await allRows("v1/schedules", {}, { limit: 1000 });
  const names = rows.filter((each) => gets(each, email)).map(({ name }) => name);
  if (!names.length) throw new Error(gettext("%(email)s gets no scheduled emails.", { email }));
  const alone = rows.filter((each) => gets(each, email) && each.recipients.length + each.destinations.length === 1).map(({ name }) => name);
  const text = [gettext("%(email)s will be removed from: %(schedules)s.", { email, schedules: listed(names) }), alone.length && lonely(alone)].filter(Boolean).join(" ");
  const act = async () => {
    const before = [];
    for (const name of names) before.push([name, await withdraw(name, email)]);
    return () => stopped(() => giveBack(before, email));
  };
  return () => openQuestion(gettext("Stop these emails?"), text, { label: gettext("Stop"), act });
}

export const lonely = (names) => gettext("Nobody else gets %(schedules)s. After this, no one will.", { schedules: listed(names) });

// Each edit rests on what was read: nobody else's is undone.
async function withdraw(name, email) {
  const { document: schedule, tag } = await exchange(pathOf("schedules", name));
  if (!gets(schedule, email)) return null;
  const recipients = schedule.recipients.filter((each) => each.email !== email);
  await call(pathOf("schedules", name), { method: "PUT", body: { ...schedule, recipients }, tag });
  return schedule.recipients.find((each) => each.email === email);
}

// Undo: the address gets again what it got before.
async function giveBack(before, email) {
  for (const [name, recipient] of before) {
    const { document: schedule, tag } = await exchange(pathOf("schedules", name));
    if (recipient && !gets(schedule, email)) await call(pathOf("schedules", name), { method: "PUT", body: { ...schedule, recipients: [...schedule.recipients, recipient] }, tag });
  }
}
