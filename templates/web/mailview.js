// An email as it will look, apart from the page: its elements are made anew, and only such as can do nothing.

import { el } from "./dom.js";

const ELEMENTS = new Set("a b bdi br div em h1 h2 h3 img li p span strong table tbody td tfoot th thead tr ul".split(" "));
const ATTRIBUTES = "align alt bgcolor border cellpadding cellspacing class colspan dir height lang role rowspan scope valign width".split(" ");

const STYLE = /<style[^>]*>([^]*?)<\/style>/gi;

// The page's content security policy forbids styles that are parsed; it allows those that a script sets.
export function mailView(html, label) {
  const parsed = new DOMParser().parseFromString(html.replace(STYLE, "").replace(/\sstyle=/gi, " data-style="), "text/html");
  const { lang, dir } = parsed.documentElement;
  const host = el("div", { class: "mail", role: "region", "aria-label": label, tabindex: 0, lang: lang || null, dir: dir || null });
  const shadow = host.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [...html.matchAll(STYLE)].map(([, text]) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  shadow.append(copied(parsed.body, "div"));
  return host;
}

function copied(element, name = element.localName) {
  const copy = document.createElement(name);
  for (const attribute of ATTRIBUTES) {
    if (element.hasAttribute(attribute)) copy.setAttribute(attribute, element.getAttribute(attribute));
  }
  copy.style.cssText = element.dataset.style ?? "";
  if (name === "img" && element.getAttribute("src")?.startsWith("data:image/")) copy.src = element.getAttribute("src");
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) copy.append(child.data);
    else if (ELEMENTS.has(child.localName)) copy.append(copied(child));
  }
  return copy;
}
