"""Which periods of a schedule are due, caught up or passed over: each once, whatever was missed or changed."""

import datetime as dt
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.periods import Period, period_between
from signtally.domain.schedule_terms import Schedule
from signtally.domain.schedules import (
    MOST_CAUGHT_UP,
    Occurrence,
    delivered_period,
    due_at,
    due_between,
    find_outstanding,
    newest_due,
)
from signtally.domain.tenants import TenantProfile
from tests.support.examples import examples
from tests.support.schedule_calendars import (
    KINDS,
    TIMES,
    WEEKDAYS,
    ZONES,
    instant,
    outstanding,
    profiles,
    schedule,
    starts,
    steps,
    tenant,
)


def test_skip_waits_an_hour_at_most_and_names_what_it_passes_over() -> None:
    due = instant("2026-11-01T07:00:00+00:00")
    for late, expected in ((0, True), (59, True), (60, False), (60 * 24 * 20, False)):
        now = due + dt.timedelta(minutes=late)
        newest = newest_due(tenant(), schedule(missed="skip"), now=now)
        assert newest is not None
        found = find_outstanding(newest, now=now, delivered=[], calendar_before=None)
        assert (found.due, found.missed) == (([newest], []) if expected else ([], [newest]))


def test_what_an_outage_made_late_is_named() -> None:
    newest = newest_due(tenant(), schedule(), now=instant("2026-11-22T12:00:00+00:00"))
    assert newest is not None
    july = delivered_period("2026-07", week_starts_on=0)
    assert july is not None
    found = find_outstanding(newest, now=newest.due_at, delivered=[july], calendar_before=newest.calendar)
    assert [each.name for each in found.due] == ["2026-10"]
    assert [each.name for each in found.missed] == ["2026-08", "2026-09"]


@pytest.mark.parametrize(
    ("missed", "delivered", "expected"),
    [
        ("latest", set(), ["2026-10"]),
        ("latest", {"2026-06"}, ["2026-10"]),
        ("latest", {"2026-10"}, []),
        ("all", set(), ["2026-10"]),
        ("all", {"2026-06"}, ["2026-07", "2026-08", "2026-09", "2026-10"]),
        ("all", {"2026-06", "2026-09"}, ["2026-10"]),
        ("all", {"2026-10"}, []),
        ("all", {"2026-12"}, ["2026-10"]),  # somebody ran it with a later clock
        ("all", {"2026-Q2"}, ["2026-07", "2026-08", "2026-09", "2026-10"]),  # it was quarterly before
        ("all", {"Quatsch"}, ["2026-10"]),
    ],
)
def test_missed_periods_are_caught_up_as_the_schedule_says(
    missed: str, delivered: set[str], expected: list[str]
) -> None:
    newest = newest_due(tenant(), schedule(missed=missed), now=instant("2026-11-22T12:00:00+00:00"))
    assert newest is not None
    assert [occurrence.name for occurrence in outstanding(newest, delivered)] == expected


@pytest.mark.parametrize(
    ("missed", "now", "due", "passed"),
    [
        ("all", "2026-11-05T07:00", ["2026-11-02", "2026-11-03", "2026-11-04"], []),
        ("latest", "2026-11-05T07:00", ["2026-11-04"], ["2026-11-02", "2026-11-03"]),
        ("skip", "2026-11-05T09:00", [], ["2026-11-02", "2026-11-03", "2026-11-04"]),
        ("all", "2026-11-03T07:00", ["2026-11-02"], []),
    ],
)
def test_a_schedule_that_never_delivered_reaches_back_to_what_was_first_due(
    missed: str, now: str, due: list[str], passed: list[str]
) -> None:
    at, terms = instant(f"{now}+00:00"), schedule("day", missed=missed)
    newest = newest_due(tenant(), terms, now=at)
    assert newest is not None
    first = dt.date(2026, 11, 2)
    found = find_outstanding(newest, now=at, delivered=[], calendar_before=None, begins_on=first)
    assert [each.name for each in found.due] == due
    assert [each.name for each in found.missed] == passed


def test_what_was_first_due_is_whole_by_whatever_calendar_its_schedule_has_now() -> None:
    """Found due by the day, and sent by the month before anything was delivered: nothing is left out of October."""
    newest = newest_due(tenant(), schedule(missed="all"), now=instant("2026-12-01T07:00:00+00:00"))
    assert newest is not None
    first = dt.date(2026, 10, 20)
    found = find_outstanding(newest, now=newest.due_at, delivered=[], calendar_before=None, begins_on=first)
    assert [each.name for each in found.due] == ["2026-10", "2026-11"]


def test_a_long_silence_is_caught_up_within_bounds() -> None:
    newest = newest_due(tenant(), schedule("day", missed="all"), now=instant("2026-11-22T12:00:00+00:00"))
    assert newest is not None
    last = delivered_period("2020-01-01", week_starts_on=0)
    assert last is not None
    found = find_outstanding(newest, now=newest.due_at, delivered=[last], calendar_before=newest.calendar)
    assert len(found.due) == MOST_CAUGHT_UP
    assert found.due[-1] == newest
    assert found.too_old is not None
    assert_tiles([last, found.too_old.days.period, *(each.period for each in found.due)])
    assert found.too_old.count == found.too_old.days.period.day_count


@settings(deadline=None)
@given(profile=profiles, every=st.sampled_from(KINDS), at=st.sampled_from(TIMES), start=starts, pauses=steps)
def test_every_occurrence_is_delivered_once_and_none_is_left_out(
    profile: TenantProfile, every: str, at: str, start: dt.datetime, pauses: list[dt.timedelta]
) -> None:
    """Whatever the instants at which runs look: the periods delivered tile the time from the first to the last."""
    all_of_them = schedule(every, at, missed="all")
    delivered: list[Period] = []
    now = start
    for pause in pauses:
        now += pause
        newest = newest_due(profile, all_of_them, now=now)
        assert newest is not None
        found = find_outstanding(newest, now=newest.due_at, delivered=delivered, calendar_before=newest.calendar)
        for occurrence in found.due:
            assert occurrence.due_at == due_at(occurrence.period, profile, all_of_them) <= now
            delivered.append(occurrence.period)
        assert newest.period in delivered
    assert_tiles(delivered)


def assert_tiles(periods: list[Period]) -> None:
    """Each period begins on the day after the one before it ended, but for the date that Samoa left out."""
    left_out = dt.date(2011, 12, 30)
    for before, after in itertools.pairwise(periods):
        gap = {
            before.last + dt.timedelta(days=1) + dt.timedelta(days=n)
            for n in range((after.first - before.last).days - 1)
        }
        assert before.last < after.first
        assert gap <= {left_out}


def days_of(periods: list[Period]) -> list[dt.date]:
    return [day for period in periods for day in period.days()]


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
