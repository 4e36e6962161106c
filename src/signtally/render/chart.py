"""The usage chart's figures: which bars, how high, and where the axis has its lines."""

import dataclasses
import datetime as dt
import itertools
import math
from collections.abc import Callable, Sequence

from signtally.domain.counts import Counts
from signtally.domain.snapshot import DayUsage
from signtally.render.formats import Formats

# Above these many days a bar each would be thinner than the eye tells apart.
_MOST_DAILY_BARS = 93
_MOST_WEEKLY_BARS = 106 * 7
_MOST_LABELS = 10
_AXIS_LINES = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """One step of the time axis; *label* is empty where labels would collide."""

    first: dt.date
    last: dt.date
    label: str
    sent: int
    completed: int


@dataclasses.dataclass(frozen=True, slots=True)
class UsageChart:
    """Documents sent and completed per day, or per week or month where the period is long."""

    step: str  # "day", "week" or "month"
    bars: tuple[Bar, ...]
    axis: tuple[int, ...]  # whole numbers from 0 upwards, evenly spaced; the last is at least the highest bar

    @property
    def top(self) -> int:
        return self.axis[-1]

    @property
    def highest(self) -> int:
        return max(max(bar.sent, bar.completed) for bar in self.bars)


def usage_chart(days: Sequence[DayUsage], formats: Formats, *, most_bars: int = _MOST_DAILY_BARS) -> UsageChart:
    """*days* without gaps, in order; more than *most_bars* of them are gathered into weeks or months."""
    step, key = _step(len(days), most_bars)
    groups = [tuple(group) for _, group in itertools.groupby(days, key=lambda usage: key(usage.day, days[0].day))]
    every = math.ceil(len(groups) / _MOST_LABELS)
    label = formats.short_date if step != "month" else formats.month
    bars = tuple(_bar(group, label(group[0].day) if place % every == 0 else "") for place, group in enumerate(groups))
    return UsageChart(step, bars, axis(max(max(bar.sent, bar.completed) for bar in bars)))


def axis(highest: int) -> tuple[int, ...]:
    """0 and a few round steps up to or above *highest*: 0, 5, 10, 15 for 13."""
    rough = max(highest, 1) / _AXIS_LINES
    magnitude = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = next(magnitude * factor for factor in (1, 2, 5, 10) if magnitude * factor >= rough)
    return tuple(range(0, math.ceil(max(highest, 1) / step) * step + 1, step))


def _step(count: int, most_bars: int) -> tuple[str, Callable[[dt.date, dt.date], object]]:
    if count <= most_bars:
        return "day", lambda day, _: day
    if count <= min(_MOST_WEEKLY_BARS, most_bars * 7):
        return "week", lambda day, first: (day - first).days // 7
    return "month", lambda day, _: (day.year, day.month)


def _bar(group: tuple[DayUsage, ...], label: str) -> Bar:
    total = Counts.total(usage.counts for usage in group)
    return Bar(group[0].day, group[-1].day, label, total.sent, total.completed)
