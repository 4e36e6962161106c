"""When scheduled reports are due: an occurrence is one period of one schedule, at one instant, exactly once.

A schedule reports a whole period on a day after it ended (`signtally.domain.sending_days`), at its local time in the
tenant's zone. Where clocks skip that time, it is due later by as much as they skip; where they show it twice, it is
due the first time.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator

from signtally.domain.corrections import correction_number
from signtally.domain.periods import (
    Period,
    PeriodError,
    PeriodKind,
    parse_period,
    period_of,
)
from signtally.domain.schedule_calendars import ScheduleCalendar, newest_due_by
from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import TenantProfile
from signtally.domain.time_units import ONE_DAY

_SHORTEST = dt.timedelta(microseconds=1)
_FIRST_DAY_FOLLOWS = "~"  # in the ledger's name of a week, which another first weekday would give to other days


@dataclasses.dataclass(frozen=True, slots=True)
class Occurrence:
    """*key_name* is the period's name in the ledger; with tenant and schedule it identifies the occurrence for ever."""

    tenant: TenantProfile
    schedule: Schedule
    period: Period  # whole
    due_at: dt.datetime  # aware, UTC

    @property
    def name(self) -> str:
        return self.period.name

    @property
    def key_name(self) -> str:
        """The period's name; of a week with its first day: `2026-W45~2026-10-30`."""
        if self.period.kind is PeriodKind.WEEK:
            return f"{self.name}{_FIRST_DAY_FOLLOWS}{self.period.first}"
        return self.name

    @property
    def calendar(self) -> str:
        """What says which days a period has and when it is due; when it changes, days may fall between two."""
        return _calendar(self.tenant, self.schedule).name


def newest_due(tenant: TenantProfile, schedule: Schedule, *, now: dt.datetime) -> Occurrence | None:
    """The occurrence that fell due last; None for one that is paused or had not started then.

    A suspended tenant's falls due as any other's, and is passed over.
    """
    if schedule.paused:
        return None
    period, instant = newest_due_by(_calendar(tenant, schedule), now)
    if schedule.starts_at is not None and instant < schedule.starts_at:
        return None
    return Occurrence(tenant, schedule, period, instant)


def due_by(tenant: TenantProfile, schedule: Schedule, now: dt.datetime) -> Iterator[Occurrence]:
    """Every occurrence due by *now*, before the schedule starts too; newest first, without end."""
    found = _calendar(tenant, schedule).due_by(now)
    return (Occurrence(tenant, schedule, period, instant) for period, instant in found)


def next_due(tenant: TenantProfile, schedule: Schedule, *, after: dt.datetime) -> Occurrence:
    """The first occurrence that falls due after an instant, whether or not the schedule is paused."""
    starts_later = schedule.starts_at is not None and schedule.starts_at > after
    begin = schedule.starts_at - _SHORTEST if schedule.starts_at and starts_later else after
    period = next(due_by(tenant, schedule, begin)).period
    while True:
        period = period_of(schedule.kind, period.last + ONE_DAY, week_starts_on=tenant.first_weekday)
        instant = due_at(period, tenant, schedule)
        if instant > begin and _calendar(tenant, schedule).has_happened(period):
            return Occurrence(tenant, schedule, period, instant)


def due_between(
    tenant: TenantProfile, schedule: Schedule, *, since: dt.datetime, until: dt.datetime
) -> Iterator[Occurrence]:
    """Every occurrence that falls due after *since* and by *until*, oldest first; none while paused or suspended."""
    if schedule.paused or tenant.is_suspended:
        return
    occurrence = next_due(tenant, schedule, after=since)
    while occurrence.due_at <= until:
        yield occurrence
        occurrence = next_due(tenant, schedule, after=occurrence.due_at)


def newest_over(tenant: TenantProfile, schedule: Schedule, *, now: dt.datetime) -> Period:
    """The last whole period that is over in the tenant's zone, whether or not it is due."""
    return _calendar(tenant, schedule).period_with(now).previous


def occurrence_of(tenant: TenantProfile, schedule: Schedule, period: Period) -> Occurrence:
    """The occurrence of a period from the ledger; the days between two calendars were due on the day after."""
    if period.kind is schedule.kind:
        return Occurrence(tenant, schedule, period, due_at(period, tenant, schedule))
    return Occurrence(tenant, schedule, period, due_at(period, tenant, schedule.model_copy(update={"on": None})))


def due_at(period: Period, tenant: TenantProfile, schedule: Schedule) -> dt.datetime:
    """The instant (UTC) at which a period's report is due."""
    return _calendar(tenant, schedule).due_at(period)


def delivered_period(key_name: str, *, week_starts_on: int) -> Period | None:
    """The period behind its name in the ledger; None when it is none of ours.

    A week that was recorded without its first day is taken to start on *week_starts_on*. The period of a corrected
    digest is that of the digest.
    """
    name, _, first = correction_number(key_name)[0].partition(_FIRST_DAY_FOLLOWS)
    try:
        if first:
            return period_of(PeriodKind.WEEK, (day := dt.date.fromisoformat(first)), week_starts_on=day.weekday())
        return parse_period(name, week_starts_on=week_starts_on)
    except (PeriodError, ValueError):
        return None


def shown_name(key_name: str) -> str:
    """A period's name as people read it, from its name in the ledger."""
    return correction_number(key_name)[0].partition(_FIRST_DAY_FOLLOWS)[0]


def _calendar(tenant: TenantProfile, schedule: Schedule) -> ScheduleCalendar:
    return ScheduleCalendar(schedule.kind, schedule.on, schedule.local_time, tenant.zone, tenant.first_weekday)
