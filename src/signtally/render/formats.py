"""Figures, dates and periods as a tenant reads them: in its locale, on its calendar, in its time zone."""

import dataclasses
import datetime as dt
import functools
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from typing import Self
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent

from signtally.domain.periods import Period, PeriodKind
from signtally.domain.tenants import TenantProfile
from signtally.domain.wording import translatable
from signtally.render.translation import Translation

UNDEFINED = "—"
_NUMBERS_REMEMBERED = 10_000
_MOST_AS_PERCENT = 10  # times what there was before; beyond, a percentage is no longer read
MINUS = "\N{MINUS SIGN}"
_TIED = "\N{NO-BREAK SPACE}"
_QUARTERS = (
    translatable("Q1 %(year)s"),
    translatable("Q2 %(year)s"),
    translatable("Q3 %(year)s"),
    translatable("Q4 %(year)s"),
)
_MONTHS_A_QUARTER = 3
_BETWEEN_DATES = re.compile("\\s*–\\s*")
_LEFT_TO_RIGHT, _END = "\N{LEFT-TO-RIGHT ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400  # seconds
# "en" alone reads as American in CLDR; day before month and a 24-hour clock are understood everywhere.
_PLAIN_ENGLISH = "en_GB"
# What XML 1.0 forbids, and the C1 controls, which it only discourages.
_NOT_TEXT = re.compile("[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\x7F-\\x9F\\uD800-\\uDFFF\\uFFFE\\uFFFF]")
_C0_CONTROLS = range(0x20)
_CONTROL_PICTURES = 0x2400  # where Unicode shows them: ␀ ␁ …
_DELETE = 0x7F
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


@functools.cache
def locale_of(name: str) -> Locale:
    """The locale of a name such as `de-CH` or `pt_BR`; English when it is not supported."""
    if name.strip().lower() == "en":
        return Locale.parse(_PLAIN_ENGLISH)
    try:
        return Locale.parse(name.strip().replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale.parse(_PLAIN_ENGLISH)


@functools.lru_cache(_NUMBERS_REMEMBERED)
def _number(value: int, locale: Locale) -> str:
    """Babel takes 20 µs, and most figures of a report are small and come again."""
    return format_decimal(value, locale=locale)


def visible(text: str) -> str:
    """The text with what XML forbids made visible: NUL becomes ␀, a lone surrogate �; tab and line breaks stay."""
    return text if text.isprintable() else _NOT_TEXT.sub(_picture, text)


def one_line(text: str) -> str:
    """The text fit for a header or a title: on one line, without control characters, unable to turn its surroundings.

    The joiners stay, because Persian, the scripts of India and emoji are misspelt without them.
    """
    if text.isprintable():  # nearly every name: nothing in it needs taming
        return " ".join(text.split())
    return " ".join("".join(map(_tamed, visible(text))).split())


def shortened(text: str, most_characters: int, *, keeps_end: bool = False) -> str:
    """The text, or its beginning and an ellipsis; of an id its end, too: that is where it differs from its like."""
    if len(text) <= most_characters:
        return text
    end = text[-(most_characters // 2) :] if keeps_end else ""
    return f"{text[: most_characters - len(end) - 1].rstrip()}…{end}"


def _tamed(character: str) -> str:
    if character in JOINERS:
        return character
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp" | "Zs":
            return " "
        case "Cf":  # U+202E and its like, which would write the rest of a subject backwards
            return ""
        case _:
            return character


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < len(_C0_CONTROLS):
        return chr(_CONTROL_PICTURES + code)
    return "\N{SYMBOL FOR DELETE}" if code == _DELETE else "\N{REPLACEMENT CHARACTER}"


@dataclasses.dataclass(frozen=True, slots=True)
class Formats:
    """One tenant's way of writing.

    Figures follow the tenant's locale. Dates are words: they are written in the language of all the other words, in the
    locale's kind of it (`en-US`: month first, 12 hours); without a catalogue of that language, in English.
    """

    locale: Locale
    words: Translation
    zone: ZoneInfo

    @classmethod
    def of(cls, tenant: TenantProfile) -> Self:
        locale = locale_of(tenant.locale)
        return cls(locale, Translation.of(locale), tenant.zone)

    @property
    def language_tag(self) -> str:
        """BCP 47, for `lang` attributes."""
        return self.words.language_tag

    def number(self, value: int) -> str:
        return _number(value, self.locale)

    def percent(self, share: float | None) -> str:
        """A share of 0–1 with one decimal; an undefined one is a dash, never 0 %."""
        if share is None:
            return UNDEFINED
        pattern = self.locale.percent_formats[None].pattern.replace("#,##0", "#,##0.0")
        return format_percent(rounded(share, 3), pattern, locale=self.locale)

    def change(self, now: int, before: int) -> str:
        """`+12%`, `−3%`, `±0%`, `×76` from tenfold growth on; a dash where there was nothing before."""
        if not before:
            return UNDEFINED
        if now - before >= _MOST_AS_PERCENT * before:
            return f"×{self.number(int(rounded(now / before, 0)))}"
        share = rounded((now - before) / before, 2)
        return self._signed(format_percent(abs(share), locale=self.locale), share)

    def difference(self, now: int, before: int) -> str:
        """The signed difference in units."""
        return self._signed(self.number(abs(now - before)), now - before)

    def points(self, now: float | None, before: float | None) -> str:
        """The change of a rate in percentage points; a dash when either is undefined."""
        if now is None or before is None:
            return UNDEFINED
        points = rounded((now - before) * 100, 1)
        signed = self._signed(format_decimal(abs(points), "#,##0.0", locale=self.locale), points)
        return self.words.gettext("%(points)s pts", points=signed)

    def date(self, day: dt.date) -> str:
        return str(format_skeleton("yMMMd", day, locale=self.words.locale))

    def weekday_date(self, day: dt.date) -> str:
        return str(format_skeleton("yMMMEd", day, locale=self.words.locale))

    def short_date(self, day: dt.date) -> str:
        """Without the year, for axes."""
        return str(format_skeleton("MMMd", day, locale=self.words.locale))

    def month_name(self, day: dt.date) -> str:
        """Without the year, for axes: `Oct`."""
        return str(format_skeleton("MMM", day, locale=self.words.locale))

    def quarter_name(self, day: dt.date) -> str:
        """Without the year, for axes: `Q4`."""
        return format_date(day, "QQQ", locale=self.words.locale)

    def quarter(self, day: dt.date) -> str:
        return str(format_skeleton("yQQQ", day, locale=self.words.locale))

    def month(self, day: dt.date) -> str:
        return str(format_skeleton("yMMM", day, locale=self.words.locale))

    def dates(self, first: dt.date, last: dt.date) -> str:
        """`1–31 Oct 2026`, both included."""
        return (
            self.date(first) if first == last else str(format_interval(first, last, "yMMMd", locale=self.words.locale))
        )

    def instant(self, instant: dt.datetime) -> str:
        """The tenant's wall clock with its offset: `1 Nov 2026, 00:05 UTC+01:00`."""
        local = instant.astimezone(self.zone)
        clock = self._clock(local)
        return self._date_and_clock(local.date(), f"{clock} {utc_offset(local)}")

    def clock(self, instant: dt.datetime) -> str:
        """The tenant's wall clock without its offset, for what lies within a period."""
        local = instant.astimezone(self.zone)
        return self._date_and_clock(local.date(), self._clock(local))

    def listed(self, *texts: str) -> str:
        """`1–31 Oct 2026, 31 days`."""
        return self.words.pgettext("between two of a list", ", ").join(texts)

    def clock_time(self, instant: dt.datetime) -> str:
        """The tenant's wall clock without the date: `14:05`."""
        return self._clock(instant.astimezone(self.zone))

    def hour(self, hour: int) -> str:
        """The hour that begins then: `10:00–11:00`, `12–1 PM`."""
        begins, ends = dt.time(hour), dt.time((hour + 1) % 24)
        if self._has_half_days:
            return str(format_interval(begins, ends, "h", locale=self.words.locale))
        clocks = {"begins": self._clock(begins), "ends": self._clock(ends)}
        return self.words.pgettext("an hour of the day", "%(begins)s–%(ends)s", **clocks)

    def hour_begins(self, hour: int) -> str:
        """When it begins, for axes: `10:00`, `12 PM`."""
        begins = dt.time(hour)
        return (
            str(format_skeleton("h", begins, locale=self.words.locale)) if self._has_half_days else self._clock(begins)
        )

    def weekday(self, weekday: int) -> str:
        """The name of a weekday; Monday is 0."""
        return str(self.words.locale.days["format"]["wide"][weekday])

    def duration(self, duration: dt.timedelta) -> str:
        """In two units at most, rounded to the smaller: `2 d 3 h`, `3 h 20 min`, `12 min`, `45 s`."""
        seconds = duration // dt.timedelta(seconds=1)
        if seconds < _MINUTE:
            return self._units(seconds=seconds)
        minutes = _nearest(seconds, _MINUTE)
        if minutes < _HOUR // _MINUTE:
            return self._units(minutes=minutes)
        if minutes < _DAY // _MINUTE:
            hours, rest = divmod(minutes, 60)
            return self._units(hours=hours, minutes=rest)
        days, rest = divmod(_nearest(seconds, _HOUR), 24)
        return self._units(days=days, hours=rest)

    def instant_or_nothing(self, data_through: dt.datetime | None) -> str:
        if data_through is None:
            return self.words.gettext("no data received yet")
        return self.instant(data_through)

    def period(self, period: Period, *, today: dt.date) -> str:
        """`October 2026`, `Week of 5–11 Oct 2026`, `Q4 2026 (to date)` when *today* is among its days.

        A part of a period that is over is named by its dates: `1–27 Oct 2026`. It begins with a capital, as titles do.
        """
        name = self._period_name(period) if period.is_whole or today <= period.last else self._range(period)
        title = name[:1].upper() + name[1:]
        return self.words.gettext("%(period)s (to date)", period=title) if today <= period.last else title

    def period_in_text(self, period: Period, *, today: dt.date) -> str:
        """The period within a sentence: `the week of 5–11 Oct 2026`, `October 2026`, `2026`."""
        if not (period.is_whole or today <= period.last):
            return self._range(period)
        match period.kind:
            case PeriodKind.WEEK:
                name = self.words.gettext("the week of %(dates)s", dates=self._week(period))
            case PeriodKind.YEAR:
                name = self._year(period)
            case _:
                name = self._period_name(period)
        return self.words.gettext("%(period)s (to date)", period=name) if today <= period.last else name

    def _period_name(self, period: Period) -> str:
        match period.kind:
            case PeriodKind.DAY:
                return format_date(period.first, "full", locale=self.words.locale)
            case PeriodKind.WEEK:
                return self.words.gettext("Week of %(dates)s", dates=self._week(period))
            case PeriodKind.MONTH:
                return str(format_skeleton("yMMMM", period.first, locale=self.words.locale))
            case PeriodKind.QUARTER:
                quarter = _QUARTERS[(period.first.month - 1) // _MONTHS_A_QUARTER]
                return self.words.gettext(quarter, year=f"{period.first.year:04}")
            case PeriodKind.YEAR:
                return self.words.gettext("Year %(year)s", year=self._year(period))
            case PeriodKind.RANGE:
                return self._range(period)

    @property
    def _has_half_days(self) -> bool:
        """Whether clocks show twelve hours twice a day."""
        return "h" in self.words.locale.time_formats["short"].pattern

    def _range(self, period: Period) -> str:
        return self.dates(period.first, period.last)

    def _week(self, period: Period) -> str:
        """`5–11 Oct 2026`; `5 au 11 oct. 2026` where a week's days are named in words."""
        between = self.words.pgettext("between the first and the last day of a week", "–")
        dates = self._range(period)
        return dates if between == "–" else _BETWEEN_DATES.sub(between, dates)

    def _year(self, period: Period) -> str:
        return str(format_skeleton("y", period.first, locale=self.words.locale))

    def _date_and_clock(self, day: dt.date, clock: str) -> str:
        return self.words.gettext("%(date)s, %(time)s", date=self.date(day), time=clock)

    def _clock(self, time: dt.datetime | dt.time) -> str:
        return format_time(time, "short", locale=self.words.locale)

    def _units(self, **counts: int) -> str:
        """`2 d 3 h` of the parts that are not zero; the first is always shown."""
        shown = [(unit, self.number(count)) for index, (unit, count) in enumerate(counts.items()) if count or not index]
        return _TIED.join(self._unit(unit, number).replace(" ", _TIED) for unit, number in shown)

    def _unit(self, unit: str, number: str) -> str:
        match unit:
            case "days":
                return self.words.pgettext("duration", "%(count)s d", count=number)
            case "hours":
                return self.words.pgettext("duration", "%(count)s h", count=number)
            case "minutes":
                return self.words.pgettext("duration", "%(count)s min", count=number)
            case _:
                return self.words.pgettext("duration", "%(count)s s", count=number)

    def _signed(self, magnitude: str, value: Decimal | int) -> str:
        sign = "+" if value > 0 else MINUS if value < 0 else "±"
        # Between words that run to the left, a sign would move to the other end of its number.
        return f"{_LEFT_TO_RIGHT}{sign}{magnitude}{_END}" if self.words.direction == "rtl" else f"{sign}{magnitude}"


def _nearest(seconds: int, unit: int) -> int:
    """Whole units, half of one counting as one."""
    return (2 * seconds + unit) // (2 * unit)


def rounded(value: float, digits: int) -> Decimal:
    """Half away from zero, as spreadsheets and readers do: 12.5 % is 13 %, in the PDF as in Excel."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def utc_offset(local: dt.datetime) -> str:
    """`UTC`, `UTC+05:45`, `UTC−03:30` of an aware instant on its own wall clock."""
    offset = local.utcoffset() or dt.timedelta()
    if not offset:
        return "UTC"
    minutes = abs(offset) // dt.timedelta(minutes=1)
    return f"UTC{'+' if offset > dt.timedelta() else MINUS}{minutes // 60:02}:{minutes % 60:02}"
