"""When scheduled reports are due: an occurrence is one period of one schedule, at one instant, exactly once.

A schedule reports a whole period on the day after it ended, at its local time in the tenant's zone. Where clocks skip
that time, it is due later by as much as they skip; where they show it twice, it is due the first time.
"""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet

from signtally.domain.periods import Period, PeriodError, PeriodKind, end_of_day, parse_period, period_of, start_of_day
from signtally.domain.tenants import Schedule, TenantProfile
from signtally.domain.time_units import ONE_DAY

SKIP_AFTER = dt.timedelta(hours=1)  # `missed: skip` still delivers up to this much late
MOST_CAUGHT_UP = 31  # occurrences of one schedule that `missed: all` delivers after a long silence


@dataclasses.dataclass(frozen=True, slots=True)
class Occurrence:
    """*name* is the period's, and with tenant and schedule it identifies the occurrence for ever."""

    tenant: TenantProfile
    schedule: Schedule
    period: Period  # whole
    due_at: dt.datetime  # aware, UTC

    @property
    def name(self) -> str:
        return self.period.name


def newest_due(tenant: TenantProfile, schedule: Schedule, *, now: dt.datetime) -> Occurrence | None:
    """The occurrence that fell due last; None where that is too long ago for a schedule which skips."""
    newest = next(_due_by(tenant, schedule, now))
    if schedule.missed == "skip" and now - newest.due_at >= SKIP_AFTER:
        return None
    return newest


def find_outstanding(newest: Occurrence, *, delivered: AbstractSet[str]) -> list[Occurrence]:
    """The occurrences to deliver now, oldest first: *newest* unless delivered; with `missed: all` also those before it.

    *delivered* holds the names of the schedule's periods that were delivered. Missed ones reach back to the last of
    them; a schedule that has never delivered has nothing due that is older than its newest.
    """
    if newest.name in delivered:
        return []
    last_day = _last_day(delivered, newest.tenant)
    if newest.schedule.missed != "all" or last_day is None:
        return [newest]
    recent = itertools.islice(_due_by(newest.tenant, newest.schedule, newest.due_at), MOST_CAUGHT_UP)
    missed = itertools.takewhile(lambda occurrence: occurrence.period.last > last_day, recent)
    earlier = [occurrence for occurrence in missed if occurrence.name not in delivered | {newest.name}]
    return [*reversed(earlier), newest]


def due_at(period: Period, tenant: TenantProfile, schedule: Schedule) -> dt.datetime:
    """The instant (UTC) at which a period's report is due."""
    local = dt.datetime.combine(period.last + ONE_DAY, schedule.local_time, tzinfo=tenant.zone)
    return local.astimezone(dt.UTC)


def _due_by(tenant: TenantProfile, schedule: Schedule, now: dt.datetime) -> Iterator[Occurrence]:
    """Every occurrence due by *now*, newest first, without end."""
    # From tomorrow: where clocks go back over midnight, today's date comes twice and a time of tomorrow's has been.
    period = period_of(schedule.kind, tenant.today(now) + ONE_DAY, week_starts_on=tenant.first_weekday)
    while True:
        instant = due_at(period, tenant, schedule)
        if instant <= now and _has_happened(period, tenant):
            yield Occurrence(tenant, schedule, period, instant)
        period = period.previous


def _has_happened(period: Period, tenant: TenantProfile) -> bool:
    """False for a date that the tenant's zone left out when it crossed the date line."""
    if period.kind is not PeriodKind.DAY:
        return True
    return start_of_day(period.first, tenant.zone) < end_of_day(period.last, tenant.zone)


def _last_day(delivered: Collection[str], tenant: TenantProfile) -> dt.date | None:
    """The last day that any delivered period covers, whatever kind of period the schedule had then."""
    days = []
    for name in delivered:
        try:
            days.append(parse_period(name, week_starts_on=tenant.first_weekday).last)
        except PeriodError:  # no period of ours: leave it out rather than deliver nothing
            continue
    return max(days, default=None)
