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
    outlook, on = _outlook(days, running, allowed=allowed, today=today, month_ends=month.last)
    return AllowanceUse(month, as_of, allowed, running[-1], outlook, on)


def _outlook(
    days: list[dt.date], running: list[int], *, allowed: int, today: dt.date, month_ends: dt.date
) -> tuple[Outlook, dt.date | None]:
    for day, used in zip(days, running, strict=True):
        if used >= allowed:
            return Outlook.USED_UP, day
    over = sum(day < today for day in days)
    if not over:
        return Outlook.TOO_EARLY, None
    pace = Fraction(running[over - 1], over)
    by_tonight = max(Fraction(running[-1]), running[over - 1] + pace * (len(days) - over))
    if by_tonight >= allowed:
        return Outlook.RUNS_OUT, days[-1]
    if pace and (day := days[-1] + dt.timedelta(days=math.ceil((allowed - by_tonight) / pace))) <= month_ends:
        return Outlook.RUNS_OUT, day
    return Outlook.LASTS, None
