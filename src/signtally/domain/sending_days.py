"""On which day a schedule reports the period that is over: the first day after it, or the one that `on` names.

A weekly schedule may name a weekday, a monthly, quarterly or yearly one `first`, `last` or a day of the month. Of a
quarter or year, `first` and days are in its first month, `last` is its last day; 29 to 31 are the last day of a month
that has none.
"""

import calendar
import datetime as dt
from typing import Literal

from signtally.domain.invalid_values import invalid_value
from signtally.domain.periods import DAYS_A_WEEK, Period, PeriodKind, period_of
from signtally.domain.time_units import ONE_DAY

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIRST, _LAST = "first", "last"
_LONGEST_MONTH_DAYS = 31


def is_sending_day(on: object) -> bool:
    """Whether schedules of any kind can be sent *on* it."""
    if isinstance(on, str):
        return on in {*WEEKDAYS, _FIRST, _LAST}
    return isinstance(on, int) and not isinstance(on, bool) and 1 <= on <= _LONGEST_MONTH_DAYS


def check_sending_day(kind: PeriodKind, on: str | int | None) -> None:
    """Raises ValueError when a schedule of this kind cannot be sent *on* that day; the message says what to write."""
    if on is None:
        return
    match kind:
        case PeriodKind.DAY:
            raise _wrong_day(kind, "on: a daily schedule is sent every day; leave `on` out")
        case PeriodKind.WEEK:
            if on not in WEEKDAYS:
                raise _wrong_day(kind, f"on: {on!r} is no weekday; a weekly schedule is sent on monday, tuesday, …")
        case _:
            if on in WEEKDAYS:
                raise _wrong_day(kind, f"on: write first, last or a day of the month (1 to 31), not {on!r}")


def _wrong_day(kind: PeriodKind, detail: str) -> ValueError:
    return invalid_value("sending-day", detail, every=kind.value)


def sending_day(period: Period, on: str | int | None) -> dt.date:
    """The day on which the report of a whole *period* is sent: always after its end, and before the next one's."""
    after = period.last + ONE_DAY
    if on is None or on == _FIRST:
        return after
    if isinstance(on, int):
        return after.replace(day=min(on, calendar.monthrange(after.year, after.month)[1]))
    if on == _LAST:
        return period_of(period.kind, after).last
    return after + dt.timedelta(days=(WEEKDAYS.index(_weekday(on)) - after.weekday()) % DAYS_A_WEEK)


def _weekday(name: str) -> Weekday:
    return next(weekday for weekday in WEEKDAYS if weekday == name)
