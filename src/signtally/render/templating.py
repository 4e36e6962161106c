"""The Jinja2 templates of the reports and emails: everything is escaped, nothing undefined passes."""

import functools
import html
from collections.abc import Callable

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from signtally.render.locale_data import own_locale
from signtally.render.translation import Translation
from signtally.render.visible_text import visible


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
    words = Translation.of(own_locale(language))
    templates.newstyle_gettext = True  # type: ignore[attr-defined]  # added by the extension
    for text in (words.gettext, words.ngettext, words.pgettext, words.npgettext):
        templates.globals[text.__name__] = _escaping(text)
    return templates


def _escaping(text: Callable[..., str]) -> Callable[..., Markup]:
    """A text of the catalogue is markup already; the values in it are not."""

    def escaped(*arguments: object, **values: object) -> Markup:
        shown = {name: escape(_finalize(value)) for name, value in values.items()}
        return Markup(text(*arguments, **shown))  # noqa: S704 -- every value is escaped

    return escaped


def _finalize(value: object) -> object:
    """No template can let a character through that HTML, XML or UTF-8 cannot hold."""
    return visible(value) if type(value) is str else value


def plain_text(template: str, *, words: Translation, **values: object) -> str:
    """A template's text without markup: escaped like every other, then read back as a browser would."""
    return html.unescape(environment(words).get_template(template).render(**values))
