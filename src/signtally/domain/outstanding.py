"""What a schedule owes: the occurrences that are due, and those that are passed over.

Days decide, not names of periods: so a change of the week's first day, of the zone or of how often a schedule is sent
leaves no day out and repeats none. Days between the old periods and the new ones are reported as a range of their own.
"""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Collection, Sequence

from signtally.domain.periods import Period, PeriodKind, period_between, period_of
from signtally.domain.schedule_calendars import ScheduleCalendar
from signtally.domain.schedules import Occurrence, due_by
from signtally.domain.time_units import ONE_DAY

SKIP_AFTER = dt.timedelta(hours=1)  # `missed: skip` still delivers up to this much late
MOST_CAUGHT_UP = 31  # occurrences of one schedule that are caught up, or named one by one, after a long silence
_SHORTEST = dt.timedelta(microseconds=1)
_ZONES_DIFFER_BY = dt.timedelta(days=1)  # a tenant that moves west sees yesterday's date again
_WEEK_START = 3  # among the terms of `Occurrence.calendar`


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


def find_outstanding(  # noqa: PLR0913 -- what the ledger knows of a schedule
    newest: Occurrence,
    *,
    now: dt.datetime,
    delivered: Collection[Period],
    calendar_before: str | None,
    begins_on: dt.date | None = None,
    owed_since: dt.date | None = None,
) -> Outstanding:
    """What is outstanding by *now*: *newest*, and what was due between the last covered day and it.

    No day of a *delivered* period (or one passed over, or on its way) is outstanding, and every day up to the last of
    them is covered; where older ones are known to be owed, those before *owed_since* are. Without any, *newest* alone
    is due, and what was due before it since the day that its schedule *begins_on*, where there is one: the first day of
    the period that was found due before any other. A period that is not over by *now* was delivered by a clock that was
    wrong, and does not count.

    What was due before *newest* is caught up or was missed, as `missed` says. *calendar_before* is the
    `Occurrence.calendar` that the schedule had when it was last looked at: if that was another, nobody was late, and
    all days between the two calendars are due.
    """
    today = newest.tenant.today(now)
    past = [period for period in delivered if period.last <= today + _ZONES_DIFFER_BY]
    covered = (period.last for period in past if owed_since is None or period.last < owed_since)
    after = max(covered, default=None)
    if after is not None and after >= newest.period.last:
        return Outstanding([], [])
    rest = parts_left(newest, without=past, after=after)
    moved_from = calendar_before if calendar_before is not None and _is_other(calendar_before, newest) else None
    if after is not None and moved_from is not None:
        between = _days_between(after, newest, calendar_before=moved_from)
        return Outstanding([*(part for each in between for part in parts_left(each, without=past)), *rest], [])
    reaches_to = begins_on - ONE_DAY if after is None and begins_on is not None else after
    earlier = [] if reaches_to is None else _due_before(newest, after=reaches_to)
    named, too_old = _named([part for each in earlier for part in parts_left(each, without=past, after=after)])
    catches_up = newest.schedule.missed == "all"
    is_late = newest.schedule.missed == "skip" and now - newest.due_at >= SKIP_AFTER and moved_from is None
    due = [*(named if catches_up else []), *([] if is_late else rest)]
    return Outstanding(due, [each for each in [*named, *rest] if each not in due], too_old)


def parts_left(
    occurrence: Occurrence, *, without: Collection[Period], after: dt.date | None = None
) -> list[Occurrence]:
    """What of an occurrence's days is in none of these periods, and *after* that day; oldest first."""
    period, parts = occurrence.period, []
    first = period.first if after is None else max(period.first, after + ONE_DAY)
    for taken in sorted(without, key=lambda each: each.first):
        if taken.last < first or taken.first > period.last:
            continue
        if taken.first > first:
            parts.append(_part(occurrence, first, taken.first - ONE_DAY))
        first = taken.last + ONE_DAY
    return parts if first > period.last else [*parts, _part(occurrence, first, period.last)]


def _part(occurrence: Occurrence, first: dt.date, last: dt.date) -> Occurrence:
    """A day of a daily schedule is named as every other one."""
    if (first, last) == (occurrence.period.first, occurrence.period.last) and first != last:
        return occurrence
    is_day = first == last and occurrence.schedule.kind is PeriodKind.DAY
    period = period_of(PeriodKind.DAY, first) if is_day else period_between(first, last)
    return dataclasses.replace(occurrence, period=period)


def _is_other(calendar: str, newest: Occurrence) -> bool:
    """Whether days or instants may differ by it; on which day weeks start matters to weeks alone."""
    before, now = calendar.split(), newest.calendar.split()
    if newest.schedule.kind is not PeriodKind.WEEK:
        before, now = ([*terms[:_WEEK_START], *terms[_WEEK_START + 1 :]] for terms in (before, now))
    return before != now


def _named(earlier: Sequence[Occurrence]) -> tuple[Sequence[Occurrence], TooOld | None]:
    """Those that are caught up, or named one by one, and all that are older."""
    old, named = earlier[: 1 - MOST_CAUGHT_UP], earlier[1 - MOST_CAUGHT_UP :]
    if not old:
        return named, None
    days = period_between(old[0].period.first, old[-1].period.last)
    return named, TooOld(dataclasses.replace(old[-1], period=days), len(old))


def _due_before(newest: Occurrence, *, after: dt.date) -> list[Occurrence]:
    """What was due before *newest*, since the schedule started, and reaches beyond the day *after*; oldest first."""
    start = newest.schedule.starts_at
    earlier = itertools.islice(due_by(newest.tenant, newest.schedule, newest.due_at), 1, None)
    found = itertools.takewhile(lambda each: each.period.last > after, earlier)
    return [each for each in found if start is None or each.due_at >= start][::-1]


def _days_between(after: dt.date, newest: Occurrence, *, calendar_before: str) -> list[Occurrence]:
    """The days *after* one and before *newest*, but those that fell due by the *calendar_before* its start; or none.

    A calendar by which nothing was sent is not known: where there was one between two pauses, what the second left out
    is judged by the one before it.
    """
    first, last = after + ONE_DAY, newest.period.first - ONE_DAY
    start = newest.schedule.starts_at
    if start is not None:
        left_out, _ = next(ScheduleCalendar.named(calendar_before).due_by(start - _SHORTEST))
        first = max(first, left_out.last + ONE_DAY)
    return [dataclasses.replace(newest, period=period_between(first, last))] if first <= last else []
