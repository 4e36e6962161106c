"""The texts of every language: where they come from, and how values get into them."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from signtally.api.page import preferred_language
from signtally.domain.periods import parse_period, period_between
from signtally.render.contents import Contents
from signtally.render.formats import locale_of
from signtally.render.locale_data import own_locale
from signtally.render.translation import LANGUAGES, Translation, filled
from tests.support.report_samples import ACME, snapshot, user


@pytest.mark.parametrize(
    ("locale", "tag"), [("de-CH", "de-CH"), ("en", "en-GB"), ("pt_BR", "en-GB"), ("xx", "en-GB"), ("ar", "ar")]
)
def test_words_are_in_the_locales_language_or_in_english(locale: str, tag: str) -> None:
    assert Translation.of(locale_of(locale)).language_tag == tag


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_no_catalogue_has_is_shown_as_it_stands(language: str) -> None:
    words = Translation.of(own_locale(language))
    assert words.gettext("A text of %(count)s", count=3) == "A text of 3"
    assert words.pgettext("nowhere", "A text") == "A text"
    assert words.npgettext("nowhere", "%(count)s ×", "%(count)s ××", 2, count=2) == "2 ××"


def test_arabic_runs_from_right_to_left() -> None:
    assert [Translation.of(own_locale(language)).direction for language in LANGUAGES] == ["ltr"] * 5 + ["rtl"]


def _english(text: str, **values: object) -> str:
    return filled(text, values, direction="ltr")


def test_a_value_is_taken_as_it_is() -> None:
    assert _english("%(name)s sent 3", name="100 %(x)s") == "100 %(x)s sent 3"


def test_a_value_does_not_turn_its_surroundings() -> None:
    """Between the invisible isolates, whatever runs the other way stays among itself."""
    assert _english("%(name)s (3)", name="شركة") == "\u2068شركة\u2069 (3)"
    assert filled("(3) %(name)s", {"name": "Acme Inc."}, direction="rtl") == "(3) \u2068Acme Inc.\u2069"
    assert filled("%(name)s", {"name": "2026"}, direction="rtl") == "2026"


def test_a_sentence_ends_in_one_full_stop() -> None:
    assert _english("Last at %(time)s.", time="8:58 p.m.") == "Last at 8:58 p.m."
    assert _english("%(time)s, at last", time="8:58 p.m.") == "8:58 p.m., at last"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("pt-BR,pt;q=0.9,fr;q=0.4,ja;q=0.5", "ja"),
        ("en-US,de;q=0.9", "en"),
        ("de;q=0,sv", "en"),
        ("de;q=much", "en"),
        ("de;q=nan, fr;q=0.1", "fr"),
        ("fr-CH; q=0.9, de ; Q=0.8", "fr"),
        ("ja ;q=0.1,\tes;q=1.000", "es"),
        ("*", "en"),
        ("", "en"),
    ],
)
def test_the_browser_chooses_the_language_until_somebody_signs_in(header: str, language: str) -> None:
    assert preferred_language(header) == language


@pytest.mark.parametrize("number", [0, 1, 2, 3, 11, 100, 103, 111])
@pytest.mark.parametrize("language", LANGUAGES)
def test_scripts_get_the_same_plural_forms(language: str, number: int) -> None:
    """The page chooses a form by Unicode's rules, gettext by its formula: they must mean the same."""
    words = Translation.of(own_locale(language))
    forms = words.texts_of("templates/web/", ending=".js")["%(count)s day"]
    form = own_locale(language).plural_form(number)
    assert isinstance(forms, dict)
    assert forms[form] == words.ngettext("%(count)s day", "%(count)s days", number)


def test_arabic_forms_stand_in_the_order_of_the_catalogue() -> None:
    """Eleven to ninety-nine end in -an, hundreds do not; other tools order the two the other way round."""
    texts = Translation.of(own_locale("ar")).texts_of("", ending="")
    counted = [forms for forms in texts.values() if isinstance(forms, dict)]
    assert len(counted) > 20
    assert [forms for forms in counted if forms["other"].count("ًا") > forms["many"].count("ًا")] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", ["2026-10-14", "2026-W41", "2026-10", "2026-Q3", "2025"])
def test_cards_speak_of_every_kind_of_period(language: str, period: str) -> None:
    """A report of one day could not be made in Japanese: a singular was taken for a text of its own."""
    tenant = ACME.model_copy(update={"locale": language})
    cards = Contents(snapshot((user(1),), period=parse_period(period), tenant=tenant)).cards
    assert all(card.note and "%(" not in card.note for card in cards)


@pytest.mark.parametrize("days", [1, 2, 3, 11, 100])
@pytest.mark.parametrize("language", LANGUAGES)
def test_cards_speak_of_as_many_days_as_before(language: str, days: int) -> None:
    last = dt.date(2026, 10, 20)
    report = snapshot((user(1),), period=period_between(last - dt.timedelta(days=days - 1), last))
    tenant = ACME.model_copy(update={"locale": language})
    assert "%(" not in Contents(dataclasses.replace(report, tenant=tenant)).cards[0].note


def test_french_signs_stay_on_the_line_of_their_words() -> None:
    """Before a colon and within guillemets stands a space at which no line ends."""
    words = Translation.of(own_locale("fr"))
    assert words.gettext("%(figure)s in %(previous)s", figure="9", previous="octobre") == "octobre\N{NO-BREAK SPACE}: 9"
    assert words.gettext("Stop these emails?").endswith("\N{NO-BREAK SPACE}?")


def test_translators_are_told_the_terms_that_the_catalogues_have() -> None:
    table = (Path(__file__).parents[2] / "docs/languages.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    words = [Translation.of(own_locale(language)) for language in LANGUAGES]
    assert rows == [[each.gettext(row[0]) for each in words] for row in rows]
