"""A month's allowance: what of it is used, and when it will be."""

import dataclasses
import datetime as dt
import enum
import itertools
import math
from collections.abc import Mapping
from fractions import Fraction

from signtally.domain.periods import Period, PeriodKind, period_of


class Outlook(enum.StrEnum):
    USED_UP = "used_up"
    RUNS_OUT = "runs_out"  # this month, at the current pace
    LASTS = "lasts"
    TOO_EARLY = "too_early"  # no day of the month is over yet


@dataclasses.dataclass(frozen=True, slots=True)
class AllowanceUse:
    """Documents sent from the month's first day to *as_of*, against what is allowed for the month."""

    month: Period  # whole
    as_of: dt.date  # included
    allowed: int
    used: int
    outlook: Outlook
    on: dt.date | None  # when it was, or will be, used up
    expected: int | None = None  # used by the month's end at the current pace, rounded; None: too early to say

    @property
    def share(self) -> float | None:
        """Used ÷ allowed, 0–1 and above; None when nothing is allowed."""
        return self.used / self.allowed if self.allowed else None


def allowance_use(sent: Mapping[dt.date, int], *, allowed: int, as_of: dt.date, today: dt.date) -> AllowanceUse:
    """What was *sent* by day up to *as_of*, in its calendar month.

    The pace is the mean of the month's days that are over. A day under way is taken to bring as much, or what it has
    brought already if that is more.
    """
    month = period_of(PeriodKind.MONTH, as_of)
    days = list(dataclasses.replace(month, last=as_of).days())
    running = list(itertools.accumulate(sent.get(day, 0) for day in days))
    pace, by_tonight = _pace(days, running, today=today)
    used_up = next((day for day, used in zip(days, running, strict=True) if used >= allowed), None)
    expected = None if pace is None else math.floor(by_tonight + pace * (month.last - as_of).days + Fraction(1, 2))
    if used_up is not None:
        return AllowanceUse(month, as_of, allowed, running[-1], Outlook.USED_UP, used_up, expected)
    outlook, on = _outlook(as_of, allowed - by_tonight, pace=pace, month_ends=month.last)
    return AllowanceUse(month, as_of, allowed, running[-1], outlook, on, expected)


def _pace(days: list[dt.date], running: list[int], *, today: dt.date) -> tuple[Fraction | None, Fraction]:
    """Documents a day, None before any day is over; and how many will have been sent by the end of the last day."""
    over = sum(day < today for day in days)
    if not over:
        return None, Fraction(running[-1])
    pace = Fraction(running[over - 1], over)
    return pace, max(Fraction(running[-1]), running[over - 1] + pace * (len(days) - over))


def _outlook(
    as_of: dt.date, left: Fraction, *, pace: Fraction | None, month_ends: dt.date
) -> tuple[Outlook, dt.date | None]:
    """Of an allowance that is not used up, with so much *left* by the end of *as_of*."""
    if pace is None:
        return Outlook.TOO_EARLY, None
    if left <= 0:
        return Outlook.RUNS_OUT, as_of
    # Days are compared, not dates: a large allowance may last beyond the end of the calendar.
    if pace and (days := math.ceil(left / pace)) <= (month_ends - as_of).days:
        return Outlook.RUNS_OUT, as_of + dt.timedelta(days=days)
    return Outlook.LASTS, None
