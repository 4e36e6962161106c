// Dialogs above the page: the browser keeps the focus in them, Escape closes them, and the focus goes back where it was.
// The address says which is open (`dialog=edit&of=Monthly`), so that a link leads into it and the way back out of it.

import { byId, button, el, working } from "./dom.js";
import { complain } from "./notices.js";
import { go, linkHere, place } from "./place.js";
import { markParts, messageOf, partWords, technical, unmark } from "./problems.js";
import { gettext } from "./words.js";

const offered = new Map(); // what opens a dialog, by its view and name
let count = 0;
let open = null; // { key, dialog } as the address names it
let below = null; // the view under it, whatever the address says

// What `dialog=name` in the address of a view opens: `opens` hears what it is about, reads that, and returns what shows it.
export const offerDialog = (view, name, opens) => offered.set(`${view} ${name}`, opens);

// What a button does that opens one that is offered, a step of the browser's history; the button says that it is being read.
export const asking = (name, about) => ({ currentTarget: pressed }) => {
  pressed.focus({ preventScroll: true }); // some browsers give no button the focus that a mouse presses
  go(linkHere({ dialog: name, of: about }), { quietly: true });
  return working(pressed, showDialog);
};

// From now on dialogs are those of a view; it may still be reading what it shows.
export function dialogsOf(view) {
  below = view;
}

// Show the dialog that the address names, if it is one of the view's, and no other.
export async function showDialog() {
  const { dialog: name, of: about } = place();
  const key = name && JSON.stringify([name, about]);
  if (open && open.key === key) return;
  closeDialog();
  if (!name) return;
  const opens = offered.get(`${below} ${name}`);
  if (!opens) return forget();
  open = { key, dialog: null };
  try {
    const show = await opens(about);
    if (open?.key === key) show();
  } catch (error) {
    complain(error, { about: "dialog" });
    if (open?.key === key) forget();
  }
}

// Close the one that is open; the address is somebody else's affair.
export function closeDialog() {
  const before = open;
  open = null;
  before?.dialog?.close();
}

function forget() {
  open = null;
  go(linkHere({ dialog: null, of: null }), { replace: true, quietly: true });
}

// Show a dialog of the children; returns it. `controls` stand at its foot, after the one that closes it.
export function openDialog(heading, children, { controls = [], close = gettext("Close"), wide = false } = {}) {
  const id = `dialog-${++count}`;
  const before = document.activeElement;
  const dialog = el("dialog", { class: wide ? "wide" : null, "aria-labelledby": id });
  const shut = button(close, { onclick: () => dialog.close() });
  dialog.append(el("h2", { id, tabindex: -1 }, heading), ...children, el("div", { class: "buttons foot" }, shut, ...controls));
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (open?.dialog === dialog) forget();
    (before?.isConnected && before !== document.body ? before : byId("figures")).focus({ preventScroll: true });
  });
  if (open) open.dialog = dialog;
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// Ask before something that cannot be undone; `act` does it, and fails as a form's `send` does.
export const openQuestion = (heading, text, { label, act }) => openForm(heading, [el("p", {}, text)], { label, send: act, kind: "danger" });

// A dialog whose form is sent by its main button; `send(form)` may fail, and then the dialog stays and says why.
export function openForm(heading, children, { label, send, wide, kind = "strong" }) {
  const problem = el("div", { class: "bad", role: "alert" });
  const submit = el("button", { class: kind }, label);
  const form = el("form", { method: "dialog" }, ...children, problem);
  const dialog = openDialog(heading, [form], { controls: [submit], close: gettext("Cancel"), wide });
  form.append(dialog.querySelector(".foot"));
  const explain = (error) => {
    const rest = markParts(form, error).map(partWords);
    const words = [messageOf(error), ...rest].filter(Boolean).join(" ");
    problem.replaceChildren(...[words, technical(error)].filter(Boolean));
    if (words) problem.scrollIntoView({ block: "nearest" });
  };
  form.addEventListener("input", () => problem.replaceChildren()); // what it said is no longer so
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.hasAttribute("aria-busy")) return; // pressed twice
    problem.textContent = "";
    unmark(form);
    submit.setAttribute("aria-busy", "true");
    try {
      const done = await send(form);
      dialog.close();
      done?.();
    } catch (error) {
      explain(error);
    }
    submit.removeAttribute("aria-busy");
  });
  return dialog;
}
