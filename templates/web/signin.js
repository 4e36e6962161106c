// What somebody sees who is not signed in: why, and the way to the portal and back to the very same place.

import { byId, el } from "./dom.js";
import { messageOf } from "./problems.js";
import { forgetToken, keepToken, wanted } from "./session.js";
import { gettext } from "./words.js";

// `error` is the refusal that ended the session, if one did; `retry` starts the page again with a new token.
export function showSignIn(error, retry, { left = false } = {}) {
  forgetToken();
  const portal = document.documentElement.dataset.portal;
  const [heading, advice] = words(error, { left, portal });
  const waiting = wanted() ? ` ${gettext("The report from your email will download once you are signed in.")}` : "";
  const way = portal && el("p", {}, el("a", { class: "strong", href: returning(portal) }, gettext("Go to your portal")));
  const development = "development" in document.documentElement.dataset ? tokenForm(retry) : [];
  byId("signed-out").replaceChildren(el("h1", { tabindex: -1 }, heading), el("p", {}, advice + waiting), ...(way ? [way] : []), ...development);
  byId("signed-out").hidden = false;
}

function words(error, { left, portal }) {
  const back = portal ? gettext("Sign in at your portal to come back to this page.") : gettext("Return to your portal and open Usage Reports again.");
  if (left) return [gettext("You have signed out"), back];
  if (!error) return [gettext("Sign in to see your usage"), portal ? back : gettext("Open Usage Reports from your portal to sign in.")];
  if (error.status === 403) return [gettext("You have no access"), messageOf(error)];
  if (error.expired) return [gettext("Your session has ended"), back];
  return [gettext("You are not signed in"), back];
}

// The portal's address with the one to come back to, which names what is shown or the file that was asked for.
function returning(portal) {
  const wish = wanted();
  const here = new URL(location.href);
  if (wish) here.hash = new URLSearchParams(Object.entries(wish).filter(([, value]) => value)).toString();
  const there = new URL(portal);
  there.searchParams.set("return_to", here.href);
  return there.href;
}

// Only on a machine that trusts its development key.
function tokenForm(retry) {
  const input = el("input", { type: "text", id: "token", required: true, autocomplete: "off", spellcheck: "false" });
  const form = el("form", { class: "token" }, el("label", { for: "token" }, "Token"), input, el("button", { class: "strong" }, "Sign in"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keepToken(input.value.trim());
    retry();
  });
  return [
    el("h2", {}, "On this development machine"),
    el("p", {}, "Make a token, then paste it here, or add ", el("code", {}, "#token=…"), " to this page’s address."),
    el("pre", { tabindex: 0 }, ".venv/bin/signtally token --tenant acme --user u_1 --role tenant_admin"),
    form,
  ];
}
