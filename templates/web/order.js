// A new report: which period, which users, counted how, as which files; ordered as one action.

import { openForm } from "./dialogs.js";
import { boxes, el, field, select, ticked } from "./dom.js";
import { FORMATS, orderReport } from "./files.js";
import { number } from "./format.js";
import { localeChoices } from "./languages.js";
import { markOf, matches, plain, readPeople } from "./people.js";
import { parameters, periodLabels, placedPeriod, preset, title } from "./periods.js";
import { Mistake, messageOf } from "./problems.js";
import { gettext, language, ngettext } from "./words.js";

const [SHOWN, CUSTOM] = ["shown", "custom"];
const MOST_LISTED = 200;

// Let somebody order a report, at first of the users that match `query`, if there is one; `ordered` hears what the API answers.
export function openOrder({ me, ordered, query = "" }) {
  const shown = placedPeriod();
  const period = select("order-period", [[SHOWN, title(shown)], ...Object.entries(periodLabels()), [CUSTOM, gettext("Custom")]], SHOWN);
  const limits = { type: "date", required: true, disabled: true, max: me.today, min: "2000-01-01" };
  const from = el("input", { ...limits, id: "order-from", value: shown.from });
  const to = el("input", { ...limits, id: "order-to", value: shown.to < me.today ? shown.to : me.today });
  const days = el("div", { class: "row", hidden: true }, field(gettext("From"), from), field(gettext("To"), to));
  period.addEventListener("change", () => (days.hidden = from.disabled = to.disabled = period.value !== CUSTOM));
  const chosen = () => {
    const [first, last] = [from.value, to.value].sort();
    if (period.value === CUSTOM) return { from: first, to: last };
    return parameters(period.value === SHOWN ? shown : preset(period.value));
  };
  const users = me.role === "member" ? null : userChoice(chosen, query);
  const basis = boxes({ legend: gettext("Counted"), name: "basis", type: "radio", chosen: ["activity"], choices: basisChoices() });
  const formats = boxes({ legend: gettext("Files"), name: "formats", chosen: ["pdf", "xlsx"], choices: Object.entries(FORMATS) });
  const every = boxes({ legend: gettext("In the PDF"), name: "all_users", chosen: [], choices: [["yes", gettext("Print every user, however many there are")]] });
  formats.setAttribute("data-part", "formats");
  const languages = localeChoices().filter(([tag]) => tag !== me.locale);
  const locale = select("order-locale", [["", gettext("As in the settings")], ...languages], "");
  locale.setAttribute("data-part", "locale");
  const parts = [field(gettext("Period"), period), days, users?.element, basis, formats, field(gettext("Language"), locale), me.role === "member" ? null : every].filter(Boolean);
  return openForm(gettext("New report"), parts, {
    label: gettext("Order report"),
    send: async (form) => {
      const names = ticked(form, "formats");
      if (!names.length) throw new Mistake("formats", gettext("Choose at least one kind of file."));
      const user_ids = users?.chosen() ?? null;
      if (user_ids && !user_ids.length) throw new Mistake("filters.user_ids", gettext("Choose at least one user, or all of them."));
      const filters = { user_ids, basis: ticked(form, "basis")[0], all_users: ticked(form, "all_users").length > 0 };
      const answer = await orderReport({ ...chosen(), formats: names, filters, locale: locale.value || null });
      return () => ordered(answer);
    },
  });
}

const basisChoices = () => [
  ["activity", gettext("By activity"), gettext("Each event counts on its own date.")],
  ["cohort", gettext("By documents sent"), gettext("The documents sent in the period, followed to their outcome.")],
];

// All users, or those that are ticked in a list that can be searched: at first those that match `query`.
function userChoice(chosenPeriod, query) {
  const wanted = new Set();
  const search = el("input", { type: "search", id: "order-search", autocomplete: "off", value: query });
  const list = el("div", { class: "picks scroll", role: "group", "aria-label": gettext("Users to choose from"), tabindex: 0 });
  const status = el("p", { class: "note", role: "status" });
  const some = el("div", { hidden: true }, field(gettext("Search name, email or id"), search), list, status);
  const which = boxes({
    legend: gettext("Users"),
    name: "whose",
    type: "radio",
    chosen: [query ? "some" : "all"],
    choices: [["all", gettext("All users")], ["some", gettext("Some users")]],
  });
  let people = [];
  let toTick = query;
  const say = () => {
    status.textContent = ngettext("%(count)s user chosen", "%(count)s users chosen", wanted.size, { count: number(wanted.size) });
  };
  const draw = () => {
    const found = people.filter(({ said }) => matches(said, search.value)).slice(0, MOST_LISTED);
    list.replaceChildren(...found.map((person) => pick(person, wanted, say)));
    say();
  };
  const read = async () => {
    some.hidden = ticked(which, "whose")[0] !== "some";
    if (some.hidden) return;
    status.textContent = gettext("Loading users…");
    try {
      const { rows } = await readPeople(chosenPeriod());
      people = rows.map((row) => ({ ...row, said: plain([row.user_name, row.user_email, row.user_id].filter(Boolean).join(" ")) }));
      people.sort((one, other) => one.name.localeCompare(other.name, language(), { numeric: true }));
      if (toTick) for (const { user_id: id, said } of people) if (matches(said, toTick)) wanted.add(id);
      toTick = "";
      draw();
    } catch (error) {
      status.textContent = messageOf(error);
    }
  };
  which.addEventListener("change", read);
  search.addEventListener("input", draw);
  which.setAttribute("data-part", "filters.user_ids");
  if (query) read();
  return { element: el("div", {}, which, some), chosen: () => (some.hidden ? null : [...wanted]) };
}

function pick(person, wanted, say) {
  const { user_id: id, user_name: isNamed, name } = person;
  const tick = el("input", { type: "checkbox", checked: wanted.has(id) });
  tick.addEventListener("change", () => {
    wanted[tick.checked ? "add" : "delete"](id);
    say();
  });
  return el("label", { class: "tick" }, tick, el("span", {}, el("bdi", {}, name), ...(isNamed ? [" ", el("bdi", { class: "note" }, markOf(person))] : [])));
}
