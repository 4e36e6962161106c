"""Schedules whose calendar changes: no day is left out, but what a pause leaves out, and none is told twice."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.outstanding import find_outstanding
from signtally.domain.periods import Period, period_between
from signtally.domain.schedule_terms import Schedule
from signtally.domain.schedules import (
    Occurrence,
    delivered_period,
    due_between,
    newest_due,
)
from tests.support.examples import examples
from tests.support.schedule_calendars import (
    KINDS,
    TIMES,
    WEEKDAYS,
    ZONES,
    assert_tiles,
    days_of,
    instant,
    outstanding,
    schedule,
    starts,
    tenant,
)

calendars = st.tuples(st.sampled_from(KINDS), st.sampled_from(WEEKDAYS), st.sampled_from(ZONES), st.sampled_from(TIMES))


@settings(deadline=None, max_examples=examples(60))
@given(
    changes=st.lists(st.tuples(calendars, st.integers(1, 25)), min_size=2, max_size=4),
    start=starts,
    missed=st.sampled_from(["latest", "all"]),
)
def test_a_change_of_week_zone_or_cadence_loses_no_day_and_repeats_none(
    changes: list[tuple[tuple[str, str, str, str], int]], start: dt.datetime, missed: str
) -> None:
    """Runs look every twelve hours while somebody changes everything after some days."""
    delivered: list[Period] = []
    calendar: str | None = None
    now = start
    for (every, first, zone, at), days in changes:
        changed, terms = tenant(zone, week_starts_on=first), schedule(every, at, missed)
        for _ in range(days * 2):
            now += dt.timedelta(hours=12)
            newest = newest_due(changed, terms, now=now)
            assert newest is not None
            found = find_outstanding(newest, now=now, delivered=delivered, calendar_before=calendar)
            delivered += [occurrence.period for occurrence in found.due]
            calendar = newest.calendar
    assert_tiles(delivered)


ranges = st.tuples(st.dates(dt.date(2026, 8, 1), dt.date(2026, 11, 5)), st.integers(0, 40)).map(
    lambda days: period_between(days[0], days[0] + dt.timedelta(days=days[1]))
)


@settings(deadline=None, max_examples=examples(100))
@given(
    before=st.none() | calendars,
    calendar=calendars,
    delivered=st.lists(ranges, max_size=4),
    owed_since=st.none() | st.dates(dt.date(2026, 7, 1), dt.date(2026, 11, 1)),
    missed=st.sampled_from(["latest", "all", "skip"]),
)
def test_whatever_the_ledger_has_no_day_of_it_is_outstanding_and_none_twice(
    before: tuple[str, str, str, str] | None,
    calendar: tuple[str, str, str, str],
    delivered: list[Period],
    owed_since: dt.date | None,
    missed: str,
) -> None:
    now = instant("2026-11-01T12:00:00+00:00")
    newest = newest_by(calendar, missed, now)
    calendar_before = None if before is None else newest_by(before, missed, now).calendar
    found = find_outstanding(
        newest, now=now, delivered=delivered, calendar_before=calendar_before, owed_since=owed_since
    )
    days = days_of([each.period for each in (*found.missed, *found.due)])
    assert len(days) == len({*days})
    over = [period for period in delivered if period.last <= now.date()]
    assert not {*days} & {*days_of(over)}


def newest_by(calendar: tuple[str, str, str, str], missed: str, now: dt.datetime) -> Occurrence:
    every, first, zone, at = calendar
    newest = newest_due(tenant(zone, week_starts_on=first), schedule(every, at, missed), now=now)
    assert newest is not None
    return newest


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        ("2026-10-10T12:00:00+00:00", "2026-10-01_2026-10-25"),  # made before September was due: all of October follows
        ("2026-10-23T12:00:00+00:00", "2026-10-01_2026-10-25"),  # paused meanwhile, when no month was due
        ("2026-10-30T12:00:00+00:00", "2026-10-01_2026-10-25"),
    ],
)
def test_a_start_within_a_period_leaves_out_nothing_of_it(starts_at: str, expected: str) -> None:
    """Monthly on the 20th, from 5 November on weekly: September was sent on 20 October."""
    on_the_20th = schedule().model_copy(update={"on": 20, "starts_at": instant(starts_at)})
    september = delivered_period("2026-09", week_starts_on=0)
    assert september is not None
    before = Occurrence(tenant(), on_the_20th, september, instant("2026-10-20T07:00:00+00:00")).calendar
    now = instant("2026-11-05T12:00:00+00:00")
    newest = newest_due(tenant(), on_the_20th.model_copy(update={"every": "week", "on": None}), now=now)
    assert newest is not None
    found = find_outstanding(newest, now=now, delivered=[september], calendar_before=before)
    assert [each.name for each in found.due] == [expected, "2026-W44"]


sending_days = st.sampled_from(
    ["month None", "month 1", "month 5", "month 20", "month last", "week None", "week friday"]
)


@settings(deadline=None, max_examples=examples(60))
@given(
    changes=st.lists(st.tuples(sending_days, st.sampled_from(TIMES), st.integers(1, 45)), min_size=2, max_size=4),
    pause=st.tuples(st.integers(0, 3), st.integers(1, 60)),
    start=starts,
)
def test_a_change_of_the_sending_day_loses_no_day_but_what_a_pause_left_out(
    changes: list[tuple[str, str, int]], pause: tuple[int, int], start: dt.datetime
) -> None:
    """Runs look every twelve hours; after one of the changes somebody pauses the schedule for some days."""
    delivered: list[Period] = []
    left_out: list[Occurrence] = []
    calendar: str | None = None
    now = starts_at = start
    for number, (every_on, at, days) in enumerate(changes):
        every, on = every_on.split()
        changed = {"every": every, "on": None if on == "None" else on, "at": at, "starts_at": starts_at}
        terms = Schedule.model_validate({"name": "Usage", "missed": "all", **changed})
        for _ in range(days * 2):
            now += dt.timedelta(hours=12)
            newest = newest_due(tenant(), terms, now=now)
            if newest is not None:
                found = find_outstanding(newest, now=now, delivered=delivered, calendar_before=calendar)
                delivered += [occurrence.period for occurrence in found.due]
                calendar = newest.calendar
        if number == pause[0]:
            starts_at = now + dt.timedelta(days=pause[1])
            left_out = [*due_between(tenant(), terms, since=now, until=starts_at - dt.timedelta(microseconds=1))]
            now = starts_at
    told = days_of(delivered)
    assert len(told) == len({*told})
    if told:
        whole = days_of([period_between(min(told), max(told))])
        assert {*whole} <= {*told, *days_of([each.period for each in left_out])}


def test_a_week_that_moves_is_not_taken_for_the_one_of_its_name() -> None:
    """Weeks from Friday, then from Thursday: the six days between are reported on their own."""
    friday, thursday = tenant(week_starts_on="friday"), tenant(week_starts_on="thursday")
    first = newest_due(friday, schedule("week"), now=instant("2026-11-06T07:00:00+00:00"))
    assert first is not None
    assert (first.name, first.key_name) == ("2026-W45", "2026-W45~2026-10-30")
    moved = newest_due(thursday, schedule("week"), now=instant("2026-11-12T07:00:00+00:00"))
    assert moved is not None
    assert [each.name for each in outstanding(moved, {first.key_name})] == ["2026-11-06_2026-11-11"]


@pytest.mark.parametrize(
    ("every", "first_weekday", "zone", "due", "missed"),
    [
        ("day", "monday", "UTC", [], ["2026-11-01", "2026-11-02"]),
        ("day", "friday", "UTC", [], ["2026-11-01", "2026-11-02"]),  # a day is a day whenever weeks start
        ("day", "monday", "Asia/Tokyo", ["2026-11-01", "2026-11-02"], []),  # due at another time: nobody was late
        ("week", "friday", "UTC", ["2026-11-01_2026-11-05"], []),
    ],
)
def test_skip_passes_over_what_an_outage_made_late_and_not_what_a_change_did(
    every: str, first_weekday: str, zone: str, due: list[str], missed: list[str]
) -> None:
    terms = schedule(every, missed="skip")
    delivered = newest_due(tenant(week_starts_on="sunday"), terms, now=instant("2026-11-01T08:00:00+00:00"))
    now = instant("2026-11-06T12:00:00+00:00" if every == "week" else "2026-11-03T12:00:00+00:00")
    newest = newest_due(tenant(zone, week_starts_on=first_weekday), terms, now=now)
    assert delivered is not None
    assert newest is not None
    found = find_outstanding(newest, now=now, delivered=[delivered.period], calendar_before=delivered.calendar)
    assert ([each.name for each in found.due], [each.name for each in found.missed]) == (due, missed)
