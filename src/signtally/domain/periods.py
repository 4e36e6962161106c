"""Calendar periods in a tenant's zone: their names, their days, and when a day begins."""

import bisect
import calendar
import dataclasses
import datetime as dt
import enum
import functools
import re
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from signtally.errors import SigntallyError

MONDAY, THURSDAY = 0, 3
DAYS_A_WEEK = 7
EARLIEST_DAY = dt.date(1999, 12, 31)  # no event is older than 2000 (UTC), which began in the west on that day
_LATEST_YEAR = 9998  # a calendar with room for the day after
_FIRST_DAY, _LATEST_DAY = dt.date(2, 1, 1), dt.date(_LATEST_YEAR, 12, 31)

Span = tuple[dt.datetime, dt.datetime]


class PeriodError(SigntallyError, ValueError):
    """The text names no period; the message says what would."""


class FuturePeriodError(PeriodError):
    """The period begins after today: there is nothing to report yet."""


class PeriodKind(enum.StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    RANGE = "range"


@dataclasses.dataclass(frozen=True, slots=True)
class Period:
    """Calendar days from *first* to *last*, both included; a calendar kind may end early when it was clipped."""

    kind: PeriodKind
    first: dt.date
    last: dt.date

    @property
    def name(self) -> str:
        """The period as the commands and the API spell it; for a range `2026-10-03_2026-10-17`."""
        return _NAMES[self.kind](self)

    @property
    def previous(self) -> "Period":
        """The period just before, of the same kind and whole; before a range, as many days as the calendar has."""
        before = self.first - dt.timedelta(days=1)
        match self.kind:
            case PeriodKind.DAY:
                return Period(self.kind, before, before)
            case PeriodKind.WEEK:
                return Period(self.kind, self.first - dt.timedelta(days=DAYS_A_WEEK), before)
            case PeriodKind.RANGE:
                first = max(self.first.toordinal() - self.day_count, _FIRST_DAY.toordinal())
                return Period(self.kind, dt.date.fromordinal(first), before)
            case _:
                return Period(self.kind, _first_of(self.kind, before), before)

    def compared_with(self, *, today: dt.date) -> "Period":
        """What this period, clipped to *today*, is compared with: the previous one, while it runs up to the same day.

        Where a shorter month lacks that day, up to its last one.
        """
        previous = self.previous
        if today > self.last:
            return previous
        match self.kind:
            case PeriodKind.DAY | PeriodKind.RANGE:
                return previous
            case PeriodKind.WEEK:
                last = previous.first + (self.last - self.first)
            case _:
                last = _same_day(self.last, months_on=self.last.month - self.first.month, since=previous.first)
        return dataclasses.replace(previous, last=last)

    @property
    def is_whole(self) -> bool:
        """Whether it has all days of its kind."""
        match self.kind:
            case PeriodKind.DAY | PeriodKind.RANGE:
                return True
            case PeriodKind.WEEK:
                return self.day_count == DAYS_A_WEEK
            case _:
                return self.last == _last_of(self.kind, self.first)

    @property
    def day_count(self) -> int:
        return (self.last - self.first).days + 1

    def days(self) -> Iterator[dt.date]:
        for offset in range(self.day_count):
            yield self.first + dt.timedelta(days=offset)

    def clip(self, today: dt.date) -> "Period":
        """End the period today at the latest. Raises FuturePeriodError when it has not begun."""
        if self.first > today:
            raise FuturePeriodError(
                f"the period {self.name} begins on {self.first}, after today ({today} in the tenant's time zone): "
                "ask for one that has begun"
            )
        return dataclasses.replace(self, last=min(self.last, today))


def period_of(kind: PeriodKind, day: dt.date, *, week_starts_on: int = MONDAY) -> Period:
    """The period of a calendar kind that holds *day*; weeks start on *week_starts_on* (Monday is 0)."""
    match kind:
        case PeriodKind.DAY:
            return Period(kind, day, day)
        case PeriodKind.WEEK:
            first = day - dt.timedelta(days=(day.weekday() - week_starts_on) % DAYS_A_WEEK)
            return Period(kind, first, first + dt.timedelta(days=DAYS_A_WEEK - 1))
        case PeriodKind.RANGE:
            raise PeriodError("a range has two dates: use period_between")
        case _:
            return Period(kind, _first_of(kind, day), _last_of(kind, day))


def period_between(first: dt.date, last: dt.date) -> Period:
    """The from–to period, both days included; one without an end in sight, as to 9999-12-31, ends with the calendar."""
    if last < first:
        raise PeriodError(f"the range ends ({last}) before it begins ({first}): swap from and to")
    _check_year(first, f"the range {first} to {last}")
    return Period(PeriodKind.RANGE, first, min(last, _LATEST_DAY))


def parse_period(text: str, *, week_starts_on: int = MONDAY) -> Period:
    """Read `2026-10-03`, `2026-W41`, `2026-10`, `2026-Q4`, `2026` or a range's name. Raises PeriodError."""
    if _RANGE.fullmatch(text):
        return period_between(*(_day_named(text, "day", dt.date.fromisoformat, part) for part in text.split("_")))
    for pattern, kind, first_day in _FORMS:
        if match := pattern.fullmatch(text):
            day = _day_named(text, kind, first_day, *(int(group) for group in match.groups()))
            _check_year(day, repr(text))
            return period_of(kind, day, week_starts_on=week_starts_on)
    raise PeriodError(
        f"{text!r} is no period: write a day 2026-10-03, week 2026-W41, month 2026-10, quarter 2026-Q4 or year 2026"
    )


def _day_named(text: str, kind: str, read: Callable[..., dt.date], *parts: object) -> dt.date:
    try:
        return read(*parts)
    except ValueError as error:
        raise PeriodError(f"{text!r} is no calendar {kind}: {error}") from None


def _check_year(day: dt.date, what: str) -> None:
    if day < EARLIEST_DAY:
        raise PeriodError(f"{what} begins before {EARLIEST_DAY}: nothing that old is kept")
    if day.year > _LATEST_YEAR:
        raise FuturePeriodError(f"{what} begins after {_LATEST_YEAR}: ask for a period that has begun")


@functools.lru_cache(maxsize=50_000)
def start_of_day(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The instant (UTC) at which clocks first show *day*; where midnight is skipped, the instant of the skip."""
    return dt.datetime.combine(day, dt.time.min, tzinfo=zone).astimezone(dt.UTC)


def end_of_day(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The instant (UTC) from which clocks show later dates only: 23 to 25 hours on, or none for a skipped date."""
    return spans[-1][1] if (spans := spans_of_day(day, zone)) else start_of_day(day, zone)


@functools.lru_cache(maxsize=50_000)
def spans_of_day(day: dt.date, zone: ZoneInfo) -> tuple[Span, ...]:
    """The stretches of time (UTC, ends excluded) in which clocks show *day*: one, or none for a skipped date.

    Two where clocks are set back across midnight: in Goose Bay at 00:01 until 2010, so that each autumn a new date
    showed for one minute, and then the old one's last hour came again.
    """
    tomorrow = day + dt.timedelta(days=1)
    start, end = start_of_day(day, zone), start_of_day(tomorrow, zone)
    interruption, encore = _encore_before(day, zone), _encore_before(tomorrow, zone)
    pieces = [(start, interruption[0]), (interruption[1], end)] if interruption else [(start, end)]
    if encore is not None:
        pieces.append(encore)
    return tuple(piece for piece in pieces if piece[0] < piece[1])


def days_within(since: dt.datetime, until: dt.datetime, zone: ZoneInfo) -> tuple[dt.date, ...]:
    """The dates that clocks show at any instant from *since* to before *until*, in order."""
    first = since.astimezone(zone).date() - dt.timedelta(days=1)
    last = until.astimezone(zone).date() + dt.timedelta(days=1)
    near = (first + dt.timedelta(days=offset) for offset in range((last - first).days + 1))
    return tuple(day for day in near if any(a < until and since < b for a, b in spans_of_day(day, zone)))


def _encore_before(day: dt.date, zone: ZoneInfo) -> Span | None:
    """When, after *day* had begun, clocks showed the date before it once more."""
    first_midnight = start_of_day(day, zone)
    last_midnight = dt.datetime.combine(day, dt.time.min, tzinfo=zone).replace(fold=1).astimezone(dt.UTC)
    just_before = (last_midnight - dt.timedelta(seconds=1)).astimezone(zone).date()
    if last_midnight <= first_midnight or just_before >= day:
        return None
    seconds = range(int(first_midnight.timestamp()), int(last_midnight.timestamp()))
    # Clocks show *day* first and the date before it from one second on: bisection finds that second.
    set_back = bisect.bisect_left(seconds, 1, key=lambda second: dt.datetime.fromtimestamp(second, zone).date() < day)
    return dt.datetime.fromtimestamp(seconds[set_back], dt.UTC), last_midnight


def _first_of(kind: PeriodKind, day: dt.date) -> dt.date:
    months = {PeriodKind.MONTH: day.month, PeriodKind.QUARTER: (day.month - 1) // 3 * 3 + 1, PeriodKind.YEAR: 1}
    return day.replace(month=months[kind], day=1)


def _last_of(kind: PeriodKind, day: dt.date) -> dt.date:
    first = _first_of(kind, day)
    last_month = first.month + {PeriodKind.MONTH: 0, PeriodKind.QUARTER: 2, PeriodKind.YEAR: 11}[kind]
    return first.replace(month=last_month, day=calendar.monthrange(first.year, last_month)[1])


def _same_day(day: dt.date, *, months_on: int, since: dt.date) -> dt.date:
    """The day of the month that *day* is, so many months after the month that begins on *since*."""
    month = since.replace(month=since.month + months_on)
    return month.replace(day=min(day.day, calendar.monthrange(month.year, month.month)[1]))


def _iso_week_name(period: Period) -> str:
    thursday = period.first + dt.timedelta(days=(THURSDAY - period.first.weekday()) % DAYS_A_WEEK)
    year, week, _ = thursday.isocalendar()
    return f"{year}-W{week:02}"


_NAMES: dict[PeriodKind, Callable[[Period], str]] = {
    PeriodKind.DAY: lambda period: period.first.isoformat(),
    PeriodKind.WEEK: _iso_week_name,
    PeriodKind.MONTH: lambda period: f"{period.first:%Y-%m}",
    PeriodKind.QUARTER: lambda period: f"{period.first.year}-Q{(period.first.month + 2) // 3}",
    PeriodKind.YEAR: lambda period: f"{period.first:%Y}",
    PeriodKind.RANGE: lambda period: f"{period.first}_{period.last}",
}
_RANGE = re.compile(r"\d{4}-\d{2}-\d{2}_\d{4}-\d{2}-\d{2}", re.ASCII)
_FORMS = (
    (re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII), PeriodKind.DAY, dt.date),
    (
        re.compile(r"(\d{4})-W(\d{2})", re.ASCII),
        PeriodKind.WEEK,
        lambda year, week: dt.date.fromisocalendar(year, week, THURSDAY + 1),
    ),
    (re.compile(r"(\d{4})-(\d{2})", re.ASCII), PeriodKind.MONTH, lambda year, month: dt.date(year, month, 1)),
    (
        re.compile(r"(\d{4})-Q([1-4])", re.ASCII),
        PeriodKind.QUARTER,
        lambda year, quarter: dt.date(year, quarter * 3 - 2, 1),
    ),
    (re.compile(r"(\d{4})", re.ASCII), PeriodKind.YEAR, lambda year: dt.date(year, 1, 1)),
)
