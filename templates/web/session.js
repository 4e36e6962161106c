// The token and what the address asked for. A fragment is never sent to a server; here it leaves the address bar too.

const TOKEN = "signtally.token";
const WANTED = "signtally.wanted";

export function takeFragment() {
  const given = new URLSearchParams(location.hash.slice(1));
  const token = given.get("token");
  const wanted = { report: given.get("report"), format: given.get("format"), version: given.get("version") };
  if (token) sessionStorage.setItem(TOKEN, token);
  if (wanted.report && wanted.format) sessionStorage.setItem(WANTED, JSON.stringify(wanted));
  if (token || wanted.report) history.replaceState(null, "", location.pathname + location.search);
  return Boolean(token || wanted.report);
}

export const token = () => sessionStorage.getItem(TOKEN);
export const keepToken = (text) => sessionStorage.setItem(TOKEN, text);
export const forgetToken = () => sessionStorage.removeItem(TOKEN);

// The file that an emailed link led here for; it waits until somebody is signed in.
export const wanted = () => JSON.parse(sessionStorage.getItem(WANTED) ?? "null");
export const forgetWanted = () => sessionStorage.removeItem(WANTED);
