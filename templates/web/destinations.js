// Where a schedule posts beside its emails: channels of Slack and Teams, and programs that take webhooks.

import { openDialog } from "./dialogs.js";
import { button, el, field, select } from "./dom.js";
import { listed } from "./format.js";
import { gettext } from "./words.js";

const KINDS = { slack: "Slack", teams: "Teams", webhook: "Webhook" };
const MOST = 10;
let count = 0;

export const destinationLabel = ({ kind, name }) => `${KINDS[kind]}: ${name}`;

// Whether a recipient in the ledger is a destination, `slack:board`, and no address.
export const isDestination = (recipient) => /^(?:slack|teams|webhook):/.test(recipient);

// Where alone reports may be sent, of these domains or hosts; empty where that is anywhere.
export const onlyAt = (domains) => domains.length && gettext("Only addresses at: %(domains)s.", { domains: listed(domains) });

// The fields for them; `value()` is what the API takes. A shortened address stays what it is.
export function destinationChoice(before, { webhook_hosts: hosts }) {
  const list = el("div", {});
  const add = button(gettext("Add a channel or webhook"), { class: "link" });
  const rows = [];
  const changed = () => list.dispatchEvent(new Event("change", { bubbles: true }));
  const remember = (destination, hasFocus = false) => {
    const row = fields(destination, () => {
      rows.splice(rows.indexOf(row), 1);
      row.element.remove();
      add.hidden = false;
      add.focus();
      changed();
    });
    rows.push(row);
    list.append(row.element);
    add.hidden = rows.length === MOST;
    if (hasFocus) row.element.querySelector("select").focus();
  };
  add.addEventListener("click", () => (remember({ kind: "slack", name: "", url: "" }, true), changed()));
  before.forEach((destination) => remember(destination));
  const about = gettext("The figures are posted there too: to an incoming webhook of Slack or Teams, or to a program of yours.");
  const hint = el("p", { class: "note" }, [about, onlyAt(hosts)].filter(Boolean).join(" "));
  return { element: el("fieldset", { class: "ticks destinations", "data-part": "destinations" }, el("legend", {}, gettext("Channels and webhooks")), hint, list, add), value: () => rows.map(({ value }, place) => value(place)) };
}

function fields(destination, remove) {
  const id = `destination-${++count}`;
  const kind = select(`${id}-kind`, Object.entries(KINDS), destination.kind);
  const name = el("input", { type: "text", id: `${id}-name`, value: destination.name, required: true, maxlength: 64, autocomplete: "off", dir: "auto" });
  const url = el("input", { type: "url", dir: "ltr", id: `${id}-url`, value: destination.url, required: true, maxlength: 2000, placeholder: "https://", autocomplete: "off", spellcheck: "false" });
  const away = button(gettext("Remove"), { class: "link", onclick: remove });
  const say = () => away.setAttribute("aria-label", gettext("Remove: %(name)s", { name: `${KINDS[kind.value]} ${name.value}`.trim() }));
  say();
  for (const control of [kind, name]) control.addEventListener("input", say);
  const element = el("div", { class: "destination", role: "group" }, el("div", { class: "row" }, field(gettext("Kind"), kind), field(gettext("Label"), name)), field(gettext("Address"), url), away);
  const value = (place) => {
    for (const [part, control] of Object.entries({ kind, name, url })) control.setAttribute("data-part", `destinations.${place}.${part}`);
    return { kind: kind.value, name: name.value.normalize("NFC").trim(), url: url.value.trim() };
  };
  return { element, value };
}

// The secrets of new webhooks, which the API says once. They are in no address.
export function showSecrets({ destinations = [] }) {
  const told = destinations.filter(({ secret }) => secret);
  if (!told.length) return;
  const shown = told.map(({ name, secret }, place) =>
    field(name, el("input", { type: "text", id: `secret-${place}`, value: secret, readonly: true, onfocus: ({ target }) => target.select() })),
  );
  const text = gettext("Your program uses it to check that a message comes from here. Copy it now: it is not shown again.");
  openDialog(gettext("The webhook’s secret"), [el("p", { class: "lead" }, text), ...shown]);
}
