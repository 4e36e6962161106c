"""Calendars of schedules: which days their periods have and when they are due; the same for many tenants."""

import dataclasses
import datetime as dt
import functools
from collections.abc import Iterator
from typing import Self
from zoneinfo import ZoneInfo

from signtally.domain.periods import Period, PeriodKind, end_of_day, period_of, start_of_day
from signtally.domain.sending_days import WEEKDAYS, sending_day

_CALENDARS_KEPT = 4096  # of one run: a few hundred zones, some days and hours


@dataclasses.dataclass(frozen=True, slots=True)
class ScheduleCalendar:
    """Which days a schedule's periods have, and when they are due."""

    kind: PeriodKind
    on: str | int | None
    at: dt.time
    zone: ZoneInfo
    first_weekday: int  # Monday is 0

    @classmethod
    def named(cls, name: str) -> Self:
        """The calendar of this `name`."""
        every, on, at, week_starts_on, zone = name.split()
        day = None if on == str(None) else int(on) if on.isdecimal() else on
        first_weekday = [str(weekday) for weekday in WEEKDAYS].index(week_starts_on)
        return cls(PeriodKind(every), day, dt.time.fromisoformat(at), ZoneInfo(zone), first_weekday)

    @property
    def name(self) -> str:
        """Says all of it; it is stored, and compared with what was stored."""
        return f"{self.kind} {self.on} {self.at:%H:%M} {WEEKDAYS[self.first_weekday]} {self.zone.key}"

    def due_at(self, period: Period) -> dt.datetime:
        """The instant (UTC) at which a period's report is due."""
        return dt.datetime.combine(sending_day(period, self.on), self.at, tzinfo=self.zone).astimezone(dt.UTC)

    def due_by(self, now: dt.datetime) -> Iterator[tuple[Period, dt.datetime]]:
        """Every period that is due by *now*, and when it was; newest first, without end."""
        # From tomorrow: where clocks go back over midnight, today's date comes twice and a time of tomorrow's has been.
        period = self.period_with(now, days_later=1)
        while True:
            instant = self.due_at(period)
            if instant <= now and self.has_happened(period):
                yield period, instant
            period = period.previous

    def period_with(self, now: dt.datetime, *, days_later: int = 0) -> Period:
        """The period that runs at an instant, or so many days later."""
        day = now.astimezone(self.zone).date() + dt.timedelta(days=days_later)
        return period_of(self.kind, day, week_starts_on=self.first_weekday)

    def has_happened(self, period: Period) -> bool:
        """False for a date that the zone left out when it crossed the date line."""
        if period.kind is not PeriodKind.DAY:
            return True
        return start_of_day(period.first, self.zone) < end_of_day(period.last, self.zone)


@functools.lru_cache(maxsize=_CALENDARS_KEPT)
def newest_due_by(calendar: ScheduleCalendar, now: dt.datetime) -> tuple[Period, dt.datetime]:
    """Looked for once for all tenants of a run that have this calendar."""
    return next(calendar.due_by(now))
