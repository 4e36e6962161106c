"""The texts that customers read, in their language: the gettext catalogues below `signtally/locales`.

In Python, `contents.words` (or `formats.words`) translates a whole sentence at a time, never pieces of one, with named
placeholders that a translator may move:

    words.gettext("Usage for %(period)s", period=title)
    words.ngettext("%(count)s user", "%(count)s users", len(users), count=formats.number(len(users)))
    words.pgettext("measure", "Open")   # a context, where one English text has several meanings

A constant is marked with `domain.wording.translatable("…")` and translated where it is shown: `words.gettext(LABEL)`.
Templates say `{{ _("Totals") }}` or `{% trans period=… %}Usage for {{ period }}{% endtrans %}`; scripts of the page
import `gettext` and `ngettext` from `words.js`. A literal percent sign stands in no text.

`make messages` brings what is new into every `.po` file, `make check` names what is not translated. The files are read
as they are: nothing is compiled. What a catalogue lacks is shown in English.
"""

import functools
import gettext
import importlib.resources
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Self

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from signtally.render.locale_data import own_locale

LANGUAGES = ("en", "de", "fr", "es", "ja", "ar")
_PLAIN_ENGLISH = "en_GB"
_ISOLATE, _END_OF_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
# The names of the forms in the order in which gettext numbers them, by how many a language has.
_PLURAL_FORMS = {1: ("other",), 2: ("one", "other"), 6: ("zero", "one", "two", "few", "other", "many")}
_TIES_SIGNS = {"fr"}  # translators write an ordinary space before a colon and within guillemets
_BESIDE_SIGNS = re.compile(r" (?=[:;?!»])|(?<=«) ")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


class Translation:
    """The words of one locale; *locale* is also that of dates, so that no sentence mixes two languages."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale
        self._catalogue = _catalogue(locale.language)

    @classmethod
    def of(cls, locale: Locale) -> Self:
        """The locale's own language where there is a catalogue of it, else English."""
        return cls(locale if locale.language in LANGUAGES else own_locale(_PLAIN_ENGLISH))

    @property
    def language(self) -> str:
        """One of LANGUAGES."""
        return self.locale.language

    @property
    def language_tag(self) -> str:
        """BCP 47, for `lang` attributes."""
        return str(self.locale).replace("_", "-")

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, for `dir` attributes."""
        return self.locale.text_direction

    def gettext(self, text: str, /, **values: object) -> str:
        """The text translated, each `%(name)s` replaced by the value of that name."""
        return filled(self._catalogue.gettext(text), values, direction=self.direction)

    def pgettext(self, context: str, text: str, /, **values: object) -> str:
        """Like gettext, for a text whose translation depends on where it stands."""
        return filled(self._catalogue.pgettext(context, text), values, direction=self.direction)

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """Like gettext, in the plural form for *number*, which is shown only where it is among the values."""
        return filled(self._catalogue.ngettext(one, many, number), values, direction=self.direction)

    def npgettext(self, context: str, one: str, many: str, number: int, /, **values: object) -> str:
        """Like ngettext, with a context."""
        return filled(self._catalogue.npgettext(context, one, many, number), values, direction=self.direction)

    def texts_of(self, folder: str, *, ending: str) -> dict[str, str | dict[str, str]]:
        """What the sources in a folder say, by its English, for programs that are not written in Python.

        A text with a context stands under the context, U+0004 and the text; one with plural forms is an object of the
        forms by their names in Unicode: `one`, `few`, `other` …
        """
        texts: dict[str, str | dict[str, str]] = {}
        for message in _messages(self.language):
            sources = [name for name, _ in message.locations if name.startswith(folder) and name.endswith(ending)]
            if sources and message.string and all(message.string):
                texts[_key(message)] = _text_or_forms(message)
        return texts


def _key(message: Message) -> str:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return f"{message.context}\u0004{text}" if message.context else text


def _text_or_forms(message: Message) -> str | dict[str, str]:
    if isinstance(message.string, str):
        return message.string
    forms = tuple(message.string or ())
    return dict(zip(_PLURAL_FORMS[len(forms)], forms, strict=True))


def filled(text: str, values: Mapping[str, object], *, direction: str) -> str:
    """The text with the values in their places; a value that ends in a full stop ends the sentence: no `p.m..`.

    A value with letters that run against the language (`direction`) is kept apart from what surrounds it, by Unicode's
    invisible isolates, so that its brackets and full stops stay where they belong.
    """
    if not values:
        return text

    def value(match: re.Match[str]) -> str:
        shown = str(values[match[1]])
        if shown.endswith(".") and text.startswith(".", match.end()):
            shown = shown[:-1]
        return f"{_ISOLATE}{shown}{_END_OF_ISOLATE}" if _runs_against(direction, shown) else shown

    return _PLACEHOLDER.sub(value, text)


def _runs_against(direction: str, text: str) -> bool:
    if text.isascii() and direction == "ltr":
        return False
    against = {"L"} if direction == "rtl" else {"R", "AL"}
    return any(unicodedata.bidirectional(character) in against for character in text)


@functools.cache
def _messages(language: str) -> Catalog:
    path = importlib.resources.files("signtally").joinpath("locales", language, "LC_MESSAGES", "signtally.po")
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    if language in _TIES_SIGNS:
        for message in catalogue:
            message.string = _tied(message.string or "")
    return catalogue


def _tied(text: str | Sequence[str]) -> str | tuple[str, ...]:
    """A text, or each plural form of one, with spaces beside its signs at which no line ends."""
    return (
        _BESIDE_SIGNS.sub("\N{NO-BREAK SPACE}", text)
        if isinstance(text, str)
        else tuple(str(_tied(one)) for one in text)
    )


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """One language's texts; reading them takes about 20 ms, once in a process."""
    compiled = io.BytesIO()
    write_mo(compiled, _messages(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
