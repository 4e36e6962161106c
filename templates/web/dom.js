// Elements made of text and attributes: nothing here ever parses a string as HTML.

export const UNKNOWN = "—";
const SVG = "http://www.w3.org/2000/svg";
// Characters that turn the text around them, up to the end of the line if they like.
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const OVERRIDING = /[\u202a-\u202e]/g;

export const byId = (id) => document.getElementById(id);

export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export const button = (label, attributes = {}) => el("button", { type: "button", class: "plain", ...attributes }, label);

// Do what a button is for: it says so while that takes time and keeps the focus; pressed meanwhile, it does nothing more.
export async function working(pressed, act) {
  if (pressed.hasAttribute("aria-busy")) return;
  pressed.setAttribute("aria-busy", "true");
  try {
    await act();
  } finally {
    pressed.removeAttribute("aria-busy");
  }
}

// What is being waited for, beside its words.
export const spinner = () => el("span", { class: "spinner", "aria-hidden": "true" });

// Text that somebody else wrote: kept apart, so that an Arabic name does not turn the line around, nor a trick itself.
export const foreign = (text, attributes = {}) => el("bdi", attributes, straight(text));
export const straight = (text) => String(text).replace(TURNING, "");

// The same where the text itself says how its parts run, such as an email's subject: only what overrides that is taken out.
export const directed = (text, attributes = {}) => el("bdi", attributes, String(text).replace(OVERRIDING, ""));

// Bring what is chosen of a row of choices into sight, where there is not room for all.
export function showChosen(row) {
  const chosen = row.querySelector(":checked")?.closest("label");
  if (!chosen || row.scrollWidth <= row.clientWidth) return;
  const [within, whole] = [chosen, row].map((element) => element.getBoundingClientRect());
  row.scrollLeft += within.left + within.width / 2 - (whole.left + whole.width / 2);
}

// A table of columns { title, start } and rows of cells; the first cell of each heads it.
export function table(columns, rows, attributes = {}) {
  const head = columns.map((column) => el("th", { scope: "col", class: column.start ? "start" : null }, column.title));
  const lines = rows.map(({ cells, ...about }) =>
    el("tr", about, ...cells.map((cell, place) => {
      const { title, start } = columns[place];
      const name = place ? "td" : "th";
      const kind = [start && "start", cell === UNKNOWN && "none"].filter(Boolean).join(" ");
      return el(name, { scope: place ? null : "row", class: kind || null, "data-label": title }, ...[cell].flat());
    })),
  );
  return el("table", attributes, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...lines));
}

// A field of a form with its label above and, below it, what to know about it.
export function field(label, control, { hint, inline = false } = {}) {
  const about = hint && el("span", { class: "note", id: `${control.id}-hint` }, hint);
  if (about) control.setAttribute("aria-describedby", about.id);
  return el("div", { class: inline ? "field inline" : "field" }, el("label", { for: control.id }, label), control, about);
}

export function select(id, choices, chosen) {
  const options = choices.map(([value, label]) => el("option", { value, selected: value === chosen }, label));
  return el("select", { id }, ...options);
}

// Some of a few choices, each a box to tick: `{ legend, name, choices: [[value, label]], chosen: [value] }`.
export function boxes({ legend, name, choices, chosen, type = "checkbox" }) {
  const ticks = choices.map(([value, label, hint]) => {
    const tick = el("input", { type, name, value, checked: chosen.includes(value) });
    return el("label", { class: "tick" }, tick, el("span", {}, label, hint && el("span", { class: "note" }, hint)));
  });
  return el("fieldset", { class: "ticks" }, el("legend", {}, legend), el("div", {}, ...ticks));
}

export const ticked = (form, name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map((box) => box.value);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== "" && child !== false));
  return element;
}
