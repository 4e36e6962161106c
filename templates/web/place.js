// What the page shows is in its address, behind the #: `#view=documents&period=2026-10&status=open`. A fragment is sent to no server.

const FOREIGN = ["token", "format", "version"]; // what leads into the page, and is taken out of the address at once
const PERIOD = ["period", "from", "to"];
let listener = () => {};

// Everything the address says, by name.
export function place() {
  const said = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  for (const name of FOREIGN) delete said[name];
  return said;
}

// The address of another view, on the same period unless another is given.
export function linkTo(view, changes = {}) {
  const here = place();
  const period = Object.fromEntries(PERIOD.filter((name) => here[name]).map((name) => [name, here[name]]));
  return fragment({ view, ...period, ...changes });
}

// The address of this view with changes; what becomes null is left out.
export const linkHere = (changes) => fragment({ ...place(), ...changes });

// Go there: a step of the browser's history, unless it replaces the one that stands.
export function go(link, { replace = false, quietly = false } = {}) {
  if (link === location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", link);
  if (!quietly) listener();
}

export function listenToPlace(changed) {
  listener = changed;
  addEventListener("hashchange", () => listener());
}

function fragment(said) {
  const { view, ...rest } = said;
  const period = PERIOD.map((name) => [name, rest[name]]);
  const others = Object.entries(rest).filter(([name]) => !PERIOD.includes(name));
  const given = [["view", view], ...period, ...others].filter(([, value]) => value != null && value !== "");
  return `#${new URLSearchParams(given)}`;
}
