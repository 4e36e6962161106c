// The texts of the page in its language: `index.html` brings them with it; what is missing is shown in English.

const APART = /\u2068[^\u2068\u2069]*\u2069/g;
let texts = {};
let plurals = new Intl.PluralRules("en");
const LEFTWARD = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u;
const RIGHTWARD = /(?![\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}])\p{L}/u;
let foreign = LEFTWARD;

export const language = () => document.documentElement.lang;
export const isRightToLeft = () => document.documentElement.dir === "rtl";

// Take the texts that the document carries now.
export function readTexts() {
  texts = JSON.parse(document.getElementById("texts").textContent);
  plurals = new Intl.PluralRules(language());
  foreign = isRightToLeft() ? RIGHTWARD : LEFTWARD;
}

// The text translated; each `%(name)s` is replaced by the value of that name.
export const gettext = (text, values) => filled(texts[text] ?? text, values);

// The same in the plural form for `count`, which is shown only where it is among the values.
export function ngettext(one, many, count, values) {
  const forms = texts[one];
  const form = forms ? (forms[plurals.select(count)] ?? forms.other) : count === 1 ? one : many;
  return filled(form, values);
}

// The same for a text whose translation depends on where it stands.
export const pgettext = (context, text, values) => filled(texts[`${context}\u0004${text}`] ?? text, values);

// A value that runs against the language is kept apart from its surroundings by Unicode's invisible isolates.
function filled(text, values) {
  if (!values) return text;
  return text.replace(/%\((\w+)\)s/g, (_, name) => {
    return apart(String(values[name]));
  });
}

// The same for a text that stands beside others. What is made of such parts alone runs as the language does.
export const apart = (text) => (foreign.test(text.replace(APART, "")) ? `\u2068${text}\u2069` : text);
