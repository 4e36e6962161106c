"""What a period is called: as a title, and within a sentence."""

import datetime as dt
import re

from babel.dates import format_date

from signtally.domain.periods import Period, PeriodKind
from signtally.render.date_formats import DateFormats

_BETWEEN_DATES = re.compile("\\s*–\\s*")


def period_title(period: Period, formats: DateFormats, *, today: dt.date) -> str:
    """`October 2026`, `Week of 5–11 Oct 2026`, `Q4 2026 (to date)` when *today* is among its days.

    A part of a period that is over is named by its dates: `1–27 Oct 2026`. It begins with a capital, as titles do.
    """
    name = _name(period, formats) if period.is_whole or today <= period.last else _range(period, formats)
    title = name[:1].upper() + name[1:]
    return formats.words.gettext("%(period)s (to date)", period=title) if today <= period.last else title


def period_in_text(period: Period, formats: DateFormats, *, today: dt.date) -> str:
    """`the week of 5–11 Oct 2026`, `October 2026`, `2026`."""
    if not (period.is_whole or today <= period.last):
        return _range(period, formats)
    match period.kind:
        case PeriodKind.WEEK:
            name = formats.words.gettext("the week of %(dates)s", dates=_week(period, formats))
        case PeriodKind.YEAR:
            name = formats.year(period.first)
        case _:
            name = _name(period, formats)
    return formats.words.gettext("%(period)s (to date)", period=name) if today <= period.last else name


def _name(period: Period, formats: DateFormats) -> str:
    match period.kind:
        case PeriodKind.DAY:
            return format_date(period.first, "full", locale=formats.words.locale)
        case PeriodKind.WEEK:
            return formats.words.gettext("Week of %(dates)s", dates=_week(period, formats))
        case PeriodKind.MONTH:
            return formats.month_in_full(period.first)
        case PeriodKind.QUARTER:
            return formats.quarter(period.first)
        case PeriodKind.YEAR:
            return formats.words.gettext("Year %(year)s", year=formats.year(period.first))
        case PeriodKind.RANGE:
            return _range(period, formats)


def _range(period: Period, formats: DateFormats) -> str:
    return formats.dates(period.first, period.last)


def _week(period: Period, formats: DateFormats) -> str:
    """`5–11 Oct 2026`; `5 au 11 oct. 2026` where a week's days are named in words."""
    between = formats.words.pgettext("between the first and the last day of a week", "–")
    dates = _range(period, formats)
    return dates if between == "–" else _BETWEEN_DATES.sub(between, dates)
