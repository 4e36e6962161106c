"""Figures and dates as a tenant reads them: in its locale, on its calendar, in its time zone."""

import dataclasses
import datetime as dt
import functools
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal, format_percent

from signtally.domain.tenants import TenantProfile
from signtally.render.date_formats import MINUS, DateFormats
from signtally.render.locale_data import own_locale
from signtally.render.translation import Translation

UNDEFINED = "—"
_NUMBERS_REMEMBERED = 10_000
_MOST_AS_PERCENT = 10  # times what there was before; beyond, a percentage is no longer read
_TIED = "\N{NO-BREAK SPACE}"
_LEFT_TO_RIGHT, _END = "\N{LEFT-TO-RIGHT ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400  # seconds
# "en" alone reads as American in CLDR; day before month and a 24-hour clock are understood everywhere.
_PLAIN_ENGLISH = "en_GB"


@functools.cache
def locale_of(name: str) -> Locale:
    """The locale of a name such as `de-CH` or `pt_BR`; English when it is not supported."""
    if name.strip().lower() == "en":
        return own_locale(_PLAIN_ENGLISH)
    try:
        return own_locale(name.strip().replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return own_locale(_PLAIN_ENGLISH)


@functools.lru_cache(_NUMBERS_REMEMBERED)
def _number(value: int, locale: Locale) -> str:
    """Babel takes 20 µs, and most figures of a report are small and come again."""
    return format_decimal(value, locale=locale)


@dataclasses.dataclass(frozen=True, slots=True)
class Formats(DateFormats):
    """One tenant's way of writing. Figures follow the tenant's locale, dates the language of the words."""

    locale: Locale

    @classmethod
    def of(cls, tenant: TenantProfile) -> Self:
        locale = locale_of(tenant.locale)
        return cls(Translation.of(locale), tenant.zone, locale)

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
            return self._to_the_right(f"×{self.number(int(rounded(now / before, 0)))}")
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

    def listed(self, *texts: str) -> str:
        """`1–31 Oct 2026, 31 days`."""
        return self.words.pgettext("between two of a list", ", ").join(texts)

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

    def below(self, share: float) -> str:
        """`<0.1%`."""
        return self._to_the_right(f"<{self.percent(share)}")

    def _signed(self, magnitude: str, value: Decimal | int) -> str:
        sign = "+" if value > 0 else MINUS if value < 0 else "±"
        return self._to_the_right(f"{sign}{magnitude}")

    def _to_the_right(self, text: str) -> str:
        """Between words that run to the left, a sign would move to the other end of its number."""
        return f"{_LEFT_TO_RIGHT}{text}{_END}" if self.words.direction == "rtl" else text


def _nearest(seconds: int, unit: int) -> int:
    """Whole units, half of one counting as one."""
    return (2 * seconds + unit) // (2 * unit)


def rounded(value: float, digits: int) -> Decimal:
    """Half away from zero, as spreadsheets and readers do: 12.5 % is 13 %, in the PDF as in Excel."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
