"""The usage chart's figures: which bars, how high, and where the axis has its lines."""

import calendar
import dataclasses
import datetime as dt
import itertools
import math
from collections.abc import Callable

from babel.numbers import format_decimal

from signtally.domain.actions import Counts
from signtally.domain.periods import DAYS_A_WEEK, Period, PeriodKind, period_of
from signtally.domain.snapshot import DayUsage
from signtally.domain.wording import translatable
from signtally.render.contents import Contents
from signtally.render.translation import Translation

# More bars than these would be thinner than the eye tells apart.
_MOST_DAILY_BARS = 93
_MOST_WEEKLY_BARS = 106
_MOST_LABELS = 10
_AXIS_STEPS = 4
_TITLES = {
    "day": translatable("Documents per day"),
    "week": translatable("Documents per week"),
    "month": translatable("Documents per month"),
}
_SUBJECTS = {
    "day": translatable("Documents sent and completed per day"),
    "week": translatable("Documents sent and completed per week"),
    "month": translatable("Documents sent and completed per month"),
}
_TABLE_TITLES = {
    "day": translatable("Days"),
    "week": translatable("Weeks"),
    "month": translatable("Months"),
}
_ONE_PARTLY_OUTSIDE = {
    ("first", "week"): translatable("The first week is partly outside the period; only its days in it are counted."),
    ("last", "week"): translatable("The last week is partly outside the period; only its days in it are counted."),
    ("first", "month"): translatable("The first month is partly outside the period; only its days in it are counted."),
    ("last", "month"): translatable("The last month is partly outside the period; only its days in it are counted."),
}
_NOT_OVER = {
    "day": translatable("The last day is not over."),
    "week": translatable("The last week is not over."),
    "month": translatable("The last month is not over."),
}
_BOTH_PARTLY_OUTSIDE = {
    "week": translatable("The first and last week are partly outside the period; only days in it are counted."),
    "month": translatable("The first and last month are partly outside the period; only days in it are counted."),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """One step of the time axis; *label* is empty where labels would collide."""

    first: dt.date
    last: dt.date
    label: str
    counts: Counts
    is_partial: bool = False  # its step is counted in part, so that it is drawn hollow

    @property
    def sent(self) -> int:
        return self.counts.sent

    @property
    def completed(self) -> int:
        return self.counts.completed


@dataclasses.dataclass(frozen=True, slots=True)
class UsageChart:
    """Documents sent and completed per day, or per week or month where the period is long."""

    step: str  # "day", "week" or "month"
    bars: tuple[Bar, ...]
    axis: tuple[int, ...]  # whole numbers from 0 upwards, evenly spaced; the last is at least the highest bar
    words: Translation
    begins: str = ""  # where figures begin within the period, that day
    is_to_date: bool = False  # the last step is not over

    @property
    def top(self) -> int:
        return self.axis[-1]

    @property
    def highest(self) -> int:
        return max(max(bar.sent, bar.completed) for bar in self.bars)

    @property
    def title(self) -> str:
        return self.words.gettext(_TITLES[self.step])

    @property
    def table_title(self) -> str:
        return self.words.gettext(_TABLE_TITLES[self.step])

    @property
    def subject(self) -> str:
        """What the chart is about."""
        return self.words.gettext(_SUBJECTS[self.step])

    @property
    def description(self) -> str:
        """What the chart shows, for those who do not see it."""
        return self.words.gettext(
            "%(subject)s: %(sent)s sent and %(completed)s completed in all; the highest bar stands for %(highest)s.",
            subject=self.subject,
            sent=format_decimal(sum(bar.sent for bar in self.bars), locale=self.words.locale),
            completed=format_decimal(sum(bar.completed for bar in self.bars), locale=self.words.locale),
            highest=format_decimal(self.highest, locale=self.words.locale),
        )

    @property
    def caption(self) -> str:
        """Why bars are hollow: they hold less time than the others."""
        begins = self.words.gettext("Figures begin on %(day)s.", day=self.begins) if self.begins else ""
        not_over = self.words.gettext(_NOT_OVER[self.step]) if self.is_to_date else ""
        return " ".join(filter(None, (self._partly_outside, begins, not_over)))

    @property
    def _partly_outside(self) -> str:
        ends = {"first": self.bars[0]} if self.is_to_date else {"first": self.bars[0], "last": self.bars[-1]}
        match [name for name, bar in ends.items() if not _is_whole(self.step, bar)]:
            case []:
                return ""
            case [one]:
                return self.words.gettext(_ONE_PARTLY_OUTSIDE[one, self.step])
            case _:
                return self.words.gettext(_BOTH_PARTLY_OUTSIDE[self.step])


def usage_chart(contents: Contents, *, most_bars: int = _MOST_DAILY_BARS) -> UsageChart:
    """A bar a day, or, where that makes more than *most_bars*, a bar for each of the tenant's weeks or months."""
    snapshot = contents.snapshot
    days = snapshot.days
    kind = _step(len(days), most_bars)
    start = _start_of(kind, first_weekday=snapshot.tenant.first_weekday)
    groups = [tuple(group) for _, group in itertools.groupby(days, key=lambda usage: start(usage.day))]
    every = math.ceil(len(groups) / _MOST_LABELS)
    label = contents.formats.month if kind is PeriodKind.MONTH else contents.formats.short_date
    labels = ("" if index % every else label(group[0].day) for index, group in enumerate(groups))
    bars = tuple(_bar(group, text, contents, step=kind) for group, text in zip(groups, labels, strict=True))
    marks = axis(max(max(bar.sent, bar.completed) for bar in bars))
    return UsageChart(str(kind), bars, marks, contents.words, contents.begins_within, snapshot.is_to_date)


def axis(highest: int) -> tuple[int, ...]:
    """0 and a few round steps up to or above *highest*: 0, 5, 10, 15 for 13."""
    least = max(highest, 1) / _AXIS_STEPS
    magnitude = 10 ** max(0, math.floor(math.log10(least)))
    tenths = (10, 20, 25, 50, 100) if magnitude > 1 else (10, 20, 50, 100)
    step = next(magnitude * factor // 10 for factor in tenths if magnitude * factor / 10 >= least)
    return tuple(range(0, math.ceil(max(highest, 1) / step) * step + 1, step))


def _step(days: int, most_bars: int) -> PeriodKind:
    if days <= most_bars:
        return PeriodKind.DAY
    return PeriodKind.WEEK if days <= min(most_bars, _MOST_WEEKLY_BARS) * DAYS_A_WEEK else PeriodKind.MONTH


def _start_of(kind: PeriodKind, *, first_weekday: int) -> Callable[[dt.date], dt.date]:
    return lambda day: period_of(kind, day, week_starts_on=first_weekday).first


def _bar(group: tuple[DayUsage, ...], label: str, contents: Contents, *, step: PeriodKind) -> Bar:
    days = Period(PeriodKind.RANGE, group[0].day, group[-1].day)
    bar = Bar(days.first, days.last, label, Counts.total(usage.counts for usage in group))
    is_partial = not _is_whole(step, bar) or contents.snapshot.is_partial(days)
    return dataclasses.replace(bar, is_partial=is_partial)


def _is_whole(step: str, bar: Bar) -> bool:
    """Whether it stands for all days of its step."""
    whole = {"month": calendar.monthrange(bar.first.year, bar.first.month)[1], "week": DAYS_A_WEEK}
    return (bar.last - bar.first).days + 1 == whole.get(step, 1)
