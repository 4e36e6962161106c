"""The Jinja2 templates of the reports and emails: everything is escaped, nothing undefined passes."""

import functools
import html

from babel import Locale
from jinja2 import Environment, PackageLoader, StrictUndefined

from signtally.render.formats import visible
from signtally.render.translation import Translation


def environment(words: Translation | None = None) -> Environment:
    """Templates by their path below `templates/`, whose texts are in the language of *words*, English unless given."""
    return _environment(words.language if words else "en")


@functools.cache
def _environment(language: str) -> Environment:
    """One environment a language, because a macro of another file sees what is global alone."""
    templates = Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
        extensions=["jinja2.ext.i18n"],
    )
    templates.policies["ext.i18n.trimmed"] = True
    words = Translation.of(Locale.parse(language))
    templates.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext, npgettext=words.npgettext
    )
    return templates


def _finalize(value: object) -> object:
    """No template can let a character through that HTML, XML or UTF-8 cannot hold."""
    return visible(value) if type(value) is str else value


def plain_text(template: str, *, words: Translation, **values: object) -> str:
    """A template's text without markup: escaped like every other, then read back as a browser would."""
    return html.unescape(environment(words).get_template(template).render(**values))
