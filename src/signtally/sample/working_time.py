"""When people act: in working hours of their own zone, seldom at weekends, sometimes exactly at midnight."""

import dataclasses
import datetime as dt
import random
from collections.abc import Iterator

from signtally.sample.plan import Window
from signtally.sample.regions import Region

_OPENS, _BUSIEST, _CLOSES = 7.5, 10.5, 19.0  # hours of the local clock
_WEEKEND_WEIGHT = 0.07
_AT_THE_EDGE, _AT_ANY_HOUR = 0.01, 0.04  # shares of what happens at midnight to the millisecond, and at any time
_STAYS_LATE = 0.05
_FIRST, _LAST = dt.time(0, 0), dt.time(23, 59, 59, 999_000)


@dataclasses.dataclass(frozen=True, slots=True)
class LocalDay:
    """The part of a local day that lies in the window, and how much work is done in it."""

    date: dt.date
    window: Window
    weight: float


def local_days(window: Window, region: Region) -> Iterator[LocalDay]:
    zone = region.zone
    date, last = window.since.astimezone(zone).date(), window.until.astimezone(zone).date()
    while date <= last:
        tomorrow = date + dt.timedelta(days=1)
        begins, ends = (dt.datetime.combine(day, _FIRST, zone).astimezone(dt.UTC) for day in (date, tomorrow))
        part = Window(max(begins, window.since), min(ends, window.until))
        hours = (part.until - part.since).total_seconds() / 3600
        if hours > 0:
            yield LocalDay(date, part, hours * (_WEEKEND_WEIGHT if date.weekday() in region.weekend else 1))
        date = tomorrow


def moment_of(day: LocalDay, region: Region, rng: random.Random) -> dt.datetime:
    """An instant (UTC, whole milliseconds) of the day's part within the window."""
    at = dt.datetime.combine(day.date, _time_of_day(rng), region.zone).astimezone(dt.UTC)
    if day.window.since <= at < day.window.until:
        return at
    return whole_milliseconds(day.window.since + (day.window.until - day.window.since) * rng.random())


def when_at_work(earliest: dt.datetime, region: Region, rng: random.Random) -> dt.datetime:
    """*earliest* itself if its local clock shows working hours, else a moment of the next working morning."""
    local = earliest.astimezone(region.zone)
    if rng.random() < _STAYS_LATE:
        return earliest
    date, hour = local.date(), local.hour + local.minute / 60
    if hour >= _CLOSES:
        date += dt.timedelta(days=1)
    elif hour >= _OPENS and date.weekday() not in region.weekend:
        return earliest
    while date.weekday() in region.weekend:
        date += dt.timedelta(days=1)
    morning = dt.datetime.combine(date, _clock(_OPENS + rng.random() * 3), region.zone).astimezone(dt.UTC)
    return max(morning, earliest)


def whole_milliseconds(instant: dt.datetime) -> dt.datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _time_of_day(rng: random.Random) -> dt.time:
    kind = rng.random()
    if kind < _AT_THE_EDGE:
        return rng.choice((_FIRST, _LAST))
    if kind < _AT_THE_EDGE + _AT_ANY_HOUR:
        return _clock(rng.random() * 23.99)
    return _clock(rng.triangular(_OPENS, _CLOSES, _BUSIEST))


def _clock(hours: float) -> dt.time:
    seconds, milliseconds = divmod(int(hours * 3_600_000), 1000)
    return dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60, milliseconds * 1000)
