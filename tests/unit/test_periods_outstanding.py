"""Which periods of a schedule are due, caught up or passed over: each once, whatever was missed."""

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.outstanding import MOST_CAUGHT_UP, find_outstanding
from signtally.domain.schedules import (
    delivered_period,
    due_at,
    newest_due,
)
from signtally.domain.tenants import TenantProfile
from tests.support.schedule_calendars import (
    KINDS,
    TIMES,
    assert_tiles,
    instant,
    outstanding,
    profiles,
    schedule,
    starts,
    steps,
    tenant,
)

if TYPE_CHECKING:
    from signtally.domain.periods import Period


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
