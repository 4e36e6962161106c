"""When scheduled reports are due: an occurrence is one period of one schedule, at one instant, exactly once.

A schedule reports a whole period on a day after it ended (`signtally.domain.sending_days`), at its local time in the
tenant's zone. Where clocks skip that time, it is due later by as much as they skip; where they show it twice, it is
due the first time.

Which days are delivered already, not which names, decides what is outstanding: so a change of the week's first day, of
the zone or of how often a schedule is sent leaves no day out and repeats none. Days between the old periods and the
new ones are reported as a range of their own.
"""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Collection, Iterator

from signtally.domain.corrections import correction_number
from signtally.domain.periods import (
    Period,
    PeriodError,
    PeriodKind,
    parse_period,
    period_between,
    period_of,
)
from signtally.domain.schedule_calendars import ScheduleCalendar, newest_due_by
from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import TenantProfile
from signtally.domain.time_units import ONE_DAY

SKIP_AFTER = dt.timedelta(hours=1)  # `missed: skip` still delivers up to this much late
MOST_CAUGHT_UP = 31  # occurrences of one schedule that are caught up, or named one by one, after a long silence
_SHORTEST = dt.timedelta(microseconds=1)
_ZONES_DIFFER_BY = dt.timedelta(days=1)  # a tenant that moves west sees yesterday's date again
_WEEK_START = 3  # among the terms of `Occurrence.calendar`
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


def next_due(tenant: TenantProfile, schedule: Schedule, *, after: dt.datetime) -> Occurrence:
    """The first occurrence that falls due after an instant, whether or not the schedule is paused."""
    starts_later = schedule.starts_at is not None and schedule.starts_at > after
    begin = schedule.starts_at - _SHORTEST if schedule.starts_at and starts_later else after
    period = next(_due_by(tenant, schedule, begin)).period
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


@dataclasses.dataclass(frozen=True, slots=True)
class TooOld:
    """Occurrences before the newest `MOST_CAUGHT_UP`: passed over whatever `missed` says, all of them as one."""

    days: Occurrence  # a range with all their days
    count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Outstanding:
    """What to deliver now and what is passed over, as the schedule's `missed` says; oldest first."""

    due: list[Occurrence]
    missed: list[Occurrence]
    too_old: TooOld | None = None

    def without(self, delivered: Collection[Period]) -> "Outstanding":
        due, missed = ([each for each in some if each.period not in delivered] for some in (self.due, self.missed))
        return dataclasses.replace(self, due=due, missed=missed)


def find_outstanding(
    newest: Occurrence,
    *,
    now: dt.datetime,
    delivered: Collection[Period],
    calendar_before: str | None,
    begins_on: dt.date | None = None,
) -> Outstanding:
    """What is outstanding by *now*: *newest* unless delivered; with `missed: all` also what was due before it.

    *delivered* are the schedule's periods that were delivered, *calendar_before* is the `Occurrence.calendar` that it
    had when it was last looked at: if that was another, the days between the two calendars are delivered as well, and
    *newest* is however late the new one makes it.
    Missed periods reach back to the last delivered one. Those of a schedule that has never delivered reach back to the
    day that it *begins_on*: the first one of the period that was found due before any other. Where none was, nothing
    older than its newest is due. A period that is not over by *now* was delivered by a clock that was wrong, and does
    not count.
    """
    today = newest.tenant.today(now)
    past = [period for period in delivered if period.last <= today + _ZONES_DIFFER_BY]
    latest = max(past, key=lambda period: period.last, default=None)
    if latest is not None and latest.last >= newest.period.last:
        return Outstanding([], [])
    rest = newest if latest is None else dataclasses.replace(newest, period=_after(latest.last, newest.period))
    has_moved = calendar_before is not None and _is_other(calendar_before, newest)
    is_late = newest.schedule.missed == "skip" and now - newest.due_at >= SKIP_AFTER
    due, skipped = ([], [rest]) if is_late and not has_moved else ([rest], [])  # moved: it was not due before
    if latest is not None and calendar_before is not None and has_moved:
        between = _days_between(latest, newest, calendar_before=calendar_before)
        return Outstanding([*([dataclasses.replace(newest, period=between)] if between else []), *due], skipped)
    missed, too_old = _missed(newest, latest=latest, begins_on=begins_on)
    if newest.schedule.missed == "all":
        return Outstanding([*missed, *due], skipped, too_old)
    return Outstanding(due, [*missed, *skipped], too_old)


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


def _is_other(calendar: str, newest: Occurrence) -> bool:
    """Whether days or instants may differ by it; on which day weeks start matters to weeks alone."""
    before, now = calendar.split(), newest.calendar.split()
    if newest.schedule.kind is not PeriodKind.WEEK:
        before, now = ([*terms[:_WEEK_START], *terms[_WEEK_START + 1 :]] for terms in (before, now))
    return before != now


def _missed(
    newest: Occurrence, *, latest: Period | None, begins_on: dt.date | None
) -> tuple[list[Occurrence], TooOld | None]:
    """What was due before *newest*, oldest first: after *latest*, without its days; without it, since *begins_on*."""
    if latest is not None:
        found = _due_before(newest, after=latest.last)
        before = [dataclasses.replace(each, period=_after(latest.last, each.period)) for each in found]
    else:
        before = [] if begins_on is None else _due_before(newest, after=begins_on - ONE_DAY)
    old, recent = before[: 1 - MOST_CAUGHT_UP], before[1 - MOST_CAUGHT_UP :]
    if not old:
        return recent, None
    days = period_between(old[0].period.first, old[-1].period.last)
    return recent, TooOld(dataclasses.replace(old[-1], period=days), len(old))


def _due_before(newest: Occurrence, *, after: dt.date) -> list[Occurrence]:
    """What was due before *newest*, since the schedule started, and reaches beyond the day *after*; oldest first."""
    start = newest.schedule.starts_at
    earlier = itertools.islice(_due_by(newest.tenant, newest.schedule, newest.due_at), 1, None)
    found = itertools.takewhile(lambda each: each.period.last > after, earlier)
    return [each for each in found if start is None or each.due_at >= start][::-1]


def _days_between(latest: Period, newest: Occurrence, *, calendar_before: str) -> Period | None:
    """The days after *latest* and before *newest*, but those that fell due by the *calendar_before* its start."""
    first, last = latest.last + ONE_DAY, newest.period.first - ONE_DAY
    start = newest.schedule.starts_at
    if start is not None:
        left_out, _ = next(ScheduleCalendar.named(calendar_before).due_by(start - _SHORTEST))
        first = max(first, left_out.last + ONE_DAY)
    if first == last and newest.schedule.kind is PeriodKind.DAY:
        return period_of(PeriodKind.DAY, first)  # named as every other day
    return period_between(first, last) if first <= last else None


def _after(day: dt.date, period: Period) -> Period:
    """The days of *period* after *day*, of which it has some."""
    return period if day < period.first else period_between(day + ONE_DAY, period.last)


def _calendar(tenant: TenantProfile, schedule: Schedule) -> ScheduleCalendar:
    return ScheduleCalendar(schedule.kind, schedule.on, schedule.local_time, tenant.zone, tenant.first_weekday)


def _due_by(tenant: TenantProfile, schedule: Schedule, now: dt.datetime) -> Iterator[Occurrence]:
    """Every occurrence due by *now*, newest first, without end."""
    found = _calendar(tenant, schedule).due_by(now)
    return (Occurrence(tenant, schedule, period, instant) for period, instant in found)
