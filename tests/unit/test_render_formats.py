"""Numbers, dates, periods, colours and axes, as people read them."""

import datetime as dt
import itertools

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.periods import parse_period, period_between
from signtally.domain.tenants import TenantProfile
from signtally.render.chart import axis
from signtally.render.csv_text import marked
from signtally.render.formats import Formats
from signtally.render.period_names import period_in_text, period_title
from signtally.render.theme import DARK, READABLE_CONTRAST, VISIBLE_CONTRAST, Theme, contrast
from signtally.render.visible_text import one_line, visible

_TODAY = dt.date(2026, 10, 17)
_NOON = dt.datetime(2026, 10, 17, 12, 0, tzinfo=dt.UTC)


def _formats(locale: str = "en", timezone: str = "UTC") -> Formats:
    return Formats.of(TenantProfile(tenant_id="acme", locale=locale, timezone=timezone))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2026-10-03", "Saturday, 3 October 2026"),
        ("2026-10-17", "Saturday, 17 October 2026 (to date)"),
        ("2026-W41", "Week of 5–11 Oct 2026"),
        ("2026-09", "September 2026"),
        ("2026-10", "October 2026 (to date)"),
        ("2026-Q3", "Q3 2026"),
        ("2026-Q4", "Q4 2026 (to date)"),
        ("2025", "Year 2025"),
    ],
)
def test_a_period_is_called_by_its_name(text: str, label: str) -> None:
    assert period_title(parse_period(text).clip(_TODAY), _formats(), today=_TODAY) == label


@pytest.mark.parametrize(
    ("locale", "day", "quarter"),
    [
        ("en-US", "Saturday, October 3, 2026", "Q3 2026"),
        ("fr", "Samedi 3 octobre 2026", "T3 2026"),
        ("es", "Sábado, 3 de octubre de 2026", "T3 2026"),
        ("ja", "2026年10月3日土曜日", "2026年第3四半期"),
    ],
)
def test_titles_are_whole_words_and_begin_with_a_capital(locale: str, day: str, quarter: str) -> None:
    formats = _formats(locale)
    assert period_title(parse_period("2026-10-03"), formats, today=_TODAY) == day
    assert period_title(parse_period("2026-Q3"), formats, today=_TODAY) == quarter
    in_text = period_in_text(parse_period("2026-10-03"), formats, today=_TODAY)
    assert in_text[0] == (day[0].lower() if locale in {"fr", "es"} else day[0])


def test_months_are_those_of_the_language_whatever_was_written_before() -> None:
    """Babel's locales share data: after a Japanese tenant's CSV file, an Arabic tenant's chart had Japanese months."""
    frame, names = pl.DataFrame({"name": ["Ann"]}), {}
    for locale in ("ja", "ar", "en-US", "ja"):
        frame.select(marked("name", locale=locale))  # asks for months by all their names
        names[locale] = _formats(locale).month_name(_TODAY)
        assert _formats(locale).words.locale.months["stand-alone"]["abbreviated"][_TODAY.month] == names[locale]
    assert names == {"ja": "10月", "ar": "أكتوبر", "en-US": "Oct"}


def test_a_quarter_is_written_out_in_japanese() -> None:
    formats, day = _formats("ja"), dt.date(2026, 7, 1)
    assert (formats.quarter(day), formats.quarter_name(day)) == ("2026年第3四半期", "第3四半期")


@pytest.mark.parametrize(
    ("locale", "week", "year", "hour"),
    [
        ("en-US", "Week of Sep 28\u2009–\u2009Oct 4, 2026", "Year 2025", "12\u2009–\u20091\u202fPM"),
        ("de", "Woche vom 28. Sept. bis 4. Okt. 2026", "Jahr 2025", "12:00–13:00 Uhr"),
        ("fr", "Semaine du 28 sept. au 4 oct. 2026", "Année 2025", "12:00–13:00"),
        ("es", "Semana del 28 sept al 4 oct 2026", "Año 2025", "12:00–13:00"),
        ("ja", "2026年9月28日～10月4日の週", "2025年", "12:00～13:00"),
        ("ar", "أسبوع 28 سبتمبر – 4 أكتوبر 2026", "عام 2025", "12–1\u202fم"),
    ],
)
def test_weeks_years_and_hours_are_named_as_natives_do(locale: str, week: str, year: str, hour: str) -> None:
    formats = _formats(locale)
    assert period_title(parse_period("2026-W40"), formats, today=_TODAY) == week
    assert period_title(parse_period("2025"), formats, today=_TODAY) == year
    assert formats.hour(12) == hour


def test_a_range_is_called_by_its_dates() -> None:
    period = period_between(dt.date(2026, 10, 3), dt.date(2026, 10, 9))
    assert period_title(period, _formats(), today=_TODAY) == "3–9 Oct 2026"
    assert period_title(period, _formats("en-US"), today=_TODAY) == "Oct 3\u2009–\u20099, 2026"


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        (112, 100, "+12%"),
        (90, 100, "−10%"),
        (100, 100, "±0%"),
        (9, 8, "+13%"),
        (7, 8, "−13%"),
        (5, 0, "—"),
        (0, 0, "—"),
        (0, 5, "−100%"),
        (1001, 1000, "±0%"),
        (1099, 100, "+999%"),
        (1100, 100, "×11"),
        (455, 6, "×76"),
    ],
)
def test_a_change_is_signed(now: int, before: int, change: str) -> None:
    """Half a percent is rounded away from zero, as Excel does."""
    assert _formats().change(now, before) == change


def test_a_sign_stays_before_its_number_in_arabic() -> None:
    """`×11` was printed as `11×`, and `<0.1%` as `0.1%>`."""
    arabic = _formats("ar")
    shown = [arabic.change(1100, 100), arabic.below(0.001), arabic.difference(2, 3)]
    assert [text[0] + text[1] + text[-1] for text in shown] == [f"\u2066{sign}\u2069" for sign in "×<−"]
    assert _formats().below(0.001) == "<0.1%"


@pytest.mark.parametrize(
    ("locale", "number", "percent"),
    [
        ("en", "1,234,567", "61.3%"),
        ("de", "1.234.567", "61,3\xa0%"),
        ("fr-FR", "1\u202f234\u202f567", "61,3\xa0%"),
        ("hi", "12,34,567", "61.3%"),
        ("xx", "1,234,567", "61.3%"),
        ("../../etc/passwd", "1,234,567", "61.3%"),
    ],
)
def test_figures_follow_the_locale_and_fall_back_to_english(locale: str, number: str, percent: str) -> None:
    assert _formats(locale).number(1_234_567) == number
    assert _formats(locale).percent(0.6125) == percent


def test_an_undefined_rate_is_a_dash() -> None:
    assert _formats().percent(None) == _formats().points(0.5, None) == "—"
    assert _formats().points(0.715, 0.802) == "−8.7 pts"


@pytest.mark.parametrize(
    ("timezone", "text"),
    [
        ("UTC", "17 Oct 2026, 12:00 UTC"),
        ("Asia/Kathmandu", "17 Oct 2026, 17:45 UTC+05:45"),
        ("America/St_Johns", "17 Oct 2026, 09:30 UTC−02:30"),
        ("Pacific/Auckland", "18 Oct 2026, 01:00 UTC+13:00"),
    ],
)
def test_an_instant_is_told_on_the_tenants_clock(timezone: str, text: str) -> None:
    assert _formats(timezone=timezone).instant(_NOON) == text


def test_nothing_received_is_no_instant() -> None:
    assert _formats().instant_or_nothing(None) == "no data received yet"


@given(st.text(st.characters()))
def test_what_is_visible_can_be_written_anywhere(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text), "every character keeps a place"
    assert shown.encode().decode() == shown
    assert not any(character < " " and character not in "\t\r\n" for character in shown)


@given(st.text(st.characters()))
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
    assert not set(one_line(text)) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\r\n\t\0")


def test_one_line_keeps_the_joiners_that_scripts_need() -> None:
    assert one_line("می\u200cخواهم") == "می\u200cخواهم"


@given(st.from_regex(r"\A#[0-9a-fA-F]{6}\Z"))
def test_any_accent_can_be_read_and_seen(accent: str) -> None:
    for theme in (Theme().with_accent(accent), DARK.with_accent(accent)):
        assert contrast(theme.accent, theme.paper) >= READABLE_CONTRAST
        assert contrast(theme.fill, theme.paper) >= VISIBLE_CONTRAST


@pytest.mark.parametrize("theme", [Theme(), DARK])
def test_every_colour_can_be_read_or_seen(theme: Theme) -> None:
    for text in (theme.ink, theme.muted, theme.accent, theme.warning, theme.negative, theme.positive):
        assert contrast(text, theme.paper) >= READABLE_CONTRAST
        assert contrast(text, theme.surface) >= READABLE_CONTRAST


def test_an_accent_that_can_be_read_is_left_alone() -> None:
    assert Theme().with_accent("#2456C5") == Theme()
    assert Theme().with_accent(None) == Theme()


@given(st.integers(0, 10**12))
def test_an_axis_is_short_even_and_high_enough(highest: int) -> None:
    steps = axis(highest)
    assert steps[0] == 0
    assert steps[-1] >= highest
    assert 2 <= len(steps) <= 6
    assert len({later - earlier for earlier, later in itertools.pairwise(steps)}) == 1


@pytest.mark.parametrize(
    ("locale", "listed"),
    [("en", "a, b, c"), ("es", "a, b, c"), ("es-MX", "a, b, c"), ("ja", "a、b、c"), ("ar", "a، b، c")],
)
def test_things_are_listed_in_every_language(locale: str, listed: str) -> None:
    """Babel has no complete patterns for some of them."""
    assert _formats(locale).listed("a", "b", "c") == listed
