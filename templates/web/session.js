// The token, and what an emailed link asked for. A fragment is never sent to a server; here the token leaves the address too.
//
// A tab keeps its token in its own sessionStorage: never on disk, gone with the tab. A new tab asks the others of this
// origin for theirs, so that a link from an email opens beside a signed-in tab (docs/decisions, "tabs share a token").

const [TOKEN, WANTED, WHOSE] = ["signtally.token", "signtally.wanted", "signtally.whose"];
const TIMEOUT_MS = 300;
const tabs = new BroadcastChannel("signtally.session");
let [ended, began] = [() => {}, () => {}];
let asking = false;

export const token = () => sessionStorage.getItem(TOKEN);

export function keepToken(text) {
  sessionStorage.setItem(TOKEN, text);
  sessionStorage.setItem(WHOSE, owner(text));
  tabs.postMessage({ token: text });
}

export const forgetToken = () => sessionStorage.removeItem(TOKEN);

// Take what the address brings; true when it brought a token or the wish for a file.
export function takeFragment() {
  const given = new URLSearchParams(location.hash.slice(1));
  const text = given.get("token");
  const isWish = given.has("report") && given.has("format");
  if (isWish) {
    const wish = { report: given.get("report"), format: given.get("format"), version: given.get("version") };
    sessionStorage.setItem(WANTED, JSON.stringify(wish));
    for (const name of ["report", "format", "version"]) given.delete(name);
    given.set("view", "reports");
  }
  if (text) given.delete("token");
  if (text || isWish) history.replaceState(null, "", `${location.pathname}${location.search}${given.size ? `#${given}` : ""}`);
  if (text) {
    sessionStorage.removeItem(WHOSE);
    keepToken(text);
  }
  return Boolean(text || isWish);
}

// The file that an emailed link led here for; it waits until somebody is signed in.
export const wanted = () => JSON.parse(sessionStorage.getItem(WANTED) ?? "null");
export const forgetWanted = () => sessionStorage.removeItem(WANTED);

// Ask the other tabs for a token other than the one that was refused; true when this tab has one now.
export function askTabs() {
  const refused = token();
  asking = true;
  return new Promise((resolve) => {
    const finish = () => {
      asking = false;
      tabs.removeEventListener("message", hear);
      clearTimeout(timeout);
      resolve(token() !== refused && token() !== null);
    };
    const hear = ({ data }) => adopt(data.token, refused) && finish();
    const timeout = setTimeout(finish, TIMEOUT_MS);
    tabs.addEventListener("message", hear);
    tabs.postMessage({ ask: true });
  });
}

// End the session here and in every other tab.
export function signOut() {
  tabs.postMessage({ end: true });
  sessionStorage.clear();
}

export function listenToTabs({ onend, onbegin }) {
  [ended, began] = [onend, onbegin];
}

tabs.addEventListener("message", ({ data }) => {
  if (data.ask && token() && !isOver(token())) tabs.postMessage({ token: token() });
  if (data.end) {
    sessionStorage.clear();
    ended();
  }
  if (data.token && !asking && !token() && adopt(data.token, null)) began();
});

// Only the same person takes the place of one whose session has ended in this tab.
function adopt(text, refused) {
  const before = sessionStorage.getItem(WHOSE);
  if (!text || text === refused || isOver(text) || (before && before !== owner(text))) return false;
  sessionStorage.setItem(TOKEN, text);
  sessionStorage.setItem(WHOSE, owner(text));
  return true;
}

const owner = (text) => JSON.stringify([claims(text).tenant_id, claims(text).sub]);
const isOver = (text) => !(claims(text).exp * 1000 > Date.now());

// Read, not checked: the API does that.
function claims(text) {
  try {
    return JSON.parse(atob(text.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return {};
  }
}
