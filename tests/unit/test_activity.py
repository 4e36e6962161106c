"""The busiest hours, on the clocks of the tenant."""

import collections
import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.activity import ACTIVITY, PeriodActivity, activity_of

BERLIN, KATHMANDU, ST_JOHNS = map(ZoneInfo, ("Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"))
QUARTER = dt.timedelta(minutes=15)


def activity(*at: str, zone: ZoneInfo) -> PeriodActivity:
    """One event of one document in each of these quarters of an hour, given in UTC."""
    slots = [dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) for text in at]
    rows = [(slot, 1, 1, slot, slot + QUARTER / 2) for slot in slots]
    return activity_of(pl.DataFrame(rows, schema=ACTIVITY, orient="row"), zone=zone)


def busy(found: PeriodActivity) -> dict[int, int]:
    return {hour: events for hour, events in enumerate(found.hours) if events}


def test_hours_are_those_of_the_zone() -> None:
    at = ("2026-10-05 08:00", "2026-10-05 08:15", "2026-10-05 08:30")
    assert busy(activity(*at, zone=BERLIN)) == {10: 3}
    assert busy(activity(*at, zone=KATHMANDU)) == {13: 1, 14: 2}
    assert busy(activity(*at, zone=ST_JOHNS)) == {5: 2, 6: 1}


def test_when_clocks_go_back_an_hour_comes_twice_and_forward_never() -> None:
    """In Berlin on 25 October 2026 at 03:00, and on 29 March at 02:00."""
    back = [f"2026-10-25 {hour:02}:30" for hour in range(3)]
    assert busy(activity(*back, zone=BERLIN)) == {2: 2, 3: 1}
    forward = [f"2026-03-29 {hour:02}:30" for hour in range(3)]
    assert busy(activity(*forward, zone=BERLIN)) == {1: 1, 3: 1, 4: 1}


def test_the_week_has_the_weekday_there() -> None:
    sunday_evening = activity("2026-10-04 22:30", zone=BERLIN)  # Monday there
    assert sunday_evening.week[0][0] == 1
    assert sunday_evening.busiest_of_week == (0, 0)
    assert activity("2026-10-04 22:30", zone=ST_JOHNS).busiest_of_week == (6, 20)


def test_the_earliest_of_equals_is_the_busiest() -> None:
    found = activity("2026-10-06 09:00", "2026-10-05 15:00", "2026-10-07 09:00", "2026-10-08 15:00", zone=KATHMANDU)
    assert (found.busiest_hour, found.busiest_of_week) == (14, (0, 20))


def test_nothing_is_no_hour() -> None:
    nothing = activity(zone=BERLIN)
    assert (nothing.busiest_hour, nothing.busiest_of_week, nothing.first_at, nothing.last_at) == (None,) * 4
    assert (nothing.documents, sum(nothing.hours)) == (0, 0)


def test_first_and_last_are_those_of_all_quarters() -> None:
    found = activity("2026-10-06 09:00", "2026-10-05 15:00", zone=BERLIN)
    assert (found.first_at, found.last_at, found.documents) == (
        dt.datetime(2026, 10, 5, 15, tzinfo=dt.UTC),
        dt.datetime(2026, 10, 6, 9, tzinfo=dt.UTC) + QUARTER / 2,
        2,
    )


@given(
    quarters=st.dictionaries(st.integers(0, 4 * 24 * 400), st.integers(1, 50), max_size=40),
    name=st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
)
def test_every_event_has_its_hour(quarters: dict[int, int], name: str) -> None:
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    rows = [(start + number * QUARTER, events, 0, start, start) for number, events in quarters.items()]
    found = activity_of(pl.DataFrame(rows, schema=ACTIVITY, orient="row"), zone=ZoneInfo(name))
    plain: collections.Counter[int] = collections.Counter()
    for number, events in quarters.items():
        plain[(start + number * QUARTER).astimezone(ZoneInfo(name)).hour] += events
    assert busy(found) == dict(plain)
    assert sum(map(sum, found.week)) == sum(quarters.values())


@pytest.mark.parametrize("zone", [BERLIN, KATHMANDU])
def test_an_hour_is_the_busiest_by_what_happened_in_it(zone: ZoneInfo) -> None:
    found = activity("2026-10-05 08:15", "2026-10-06 08:15", "2026-10-06 11:15", zone=zone)
    assert found.busiest_hour is not None
    assert found.hours[found.busiest_hour] == 2
