// Dialogs above the page: the browser keeps the focus in them, Escape closes them, and the focus goes back where it was.

import { button, el } from "./dom.js";
import { gettext } from "./words.js";

let count = 0;

// Show a dialog of the children; returns it. `controls` stand at its foot, after the one that closes it.
export function openDialog(heading, children, { controls = [], close = gettext("Close"), wide = false } = {}) {
  const id = `dialog-${++count}`;
  const before = document.activeElement;
  const dialog = el("dialog", { class: wide ? "wide" : null, "aria-labelledby": id });
  const shut = button(close, { onclick: () => dialog.close() });
  dialog.append(el("h2", { id, tabindex: -1 }, heading), ...children, el("div", { class: "buttons foot" }, shut, ...controls));
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// Ask before something that cannot be undone; resolves to whether it is wanted.
export function confirmed(heading, text, label) {
  return new Promise((resolve) => {
    const yes = button(label, { class: "danger", onclick: () => (dialog.returnValue = "yes", dialog.close("yes")) });
    const dialog = openDialog(heading, [el("p", {}, text)], { controls: [yes], close: gettext("Cancel") });
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}

// A dialog whose form is sent by its main button; `send(form)` may fail, and then the dialog stays and says why.
export function openForm(heading, children, { label, send, wide }) {
  const problem = el("p", { class: "bad", role: "alert" });
  const submit = el("button", { class: "strong" }, label);
  const form = el("form", { method: "dialog" }, ...children, problem);
  const dialog = openDialog(heading, [form], { controls: [submit], close: gettext("Cancel"), wide });
  form.append(dialog.querySelector(".foot"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    submit.setAttribute("aria-busy", "true");
    try {
      await send(form);
      dialog.close();
    } catch (error) {
      problem.replaceChildren(...explained(error));
    }
    submit.removeAttribute("aria-busy");
  });
  return dialog;
}

function explained(error) {
  const parts = (error.parts ?? []).map((part) => part.detail);
  const request = error.request && el("span", { class: "note request" }, gettext("Request %(id)s", { id: error.request }));
  return [[error.message, ...parts].join(" "), ...(request ? [el("br"), request] : [])];
}
