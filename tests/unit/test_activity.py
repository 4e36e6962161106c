"""The busiest hours, on the clocks of the tenant."""

import collections
import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.activity import ACTIVITY, PeriodActivity, activity_of, activity_rows, offset_changes
from signtally.domain.schemas import EVENTS

BERLIN, KATHMANDU, ST_JOHNS = map(ZoneInfo, ("Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"))


def read(events: pl.DataFrame, *, zone: ZoneInfo) -> PeriodActivity:
    """As a report does of 2026."""
    since, until = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2026, 2027))
    parted_at = offset_changes(since, until, zone=zone)
    rows = activity_rows(events, parted_at=parted_at, user_ids=None)
    assert rows.schema == ACTIVITY
    return activity_of(rows, since=since, parted_at=parted_at, zone=zone)


def at_instants(*instants: dt.datetime) -> pl.DataFrame:
    """One event of one document each."""
    rows = [
        {"event_id": f"e{number}", "document_id": f"d{number}", "occurred_at": instant, "received_at": instant}
        for number, instant in enumerate(instants)
    ]
    return pl.DataFrame(rows, schema=EVENTS)


def activity(*at: str, zone: ZoneInfo) -> PeriodActivity:
    """Of events at these times of UTC."""
    return read(at_instants(*(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) for text in at)), zone=zone)


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
        dt.datetime(2026, 10, 6, 9, tzinfo=dt.UTC),
        2,
    )


ZONES = ["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]


@given(st.lists(st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31)), max_size=40), st.sampled_from(ZONES))  # noqa: DTZ001 -- of UTC, as said below
def test_every_event_has_its_hour(times: list[dt.datetime], name: str) -> None:
    instants = [time.replace(tzinfo=dt.UTC) for time in times]
    found = read(at_instants(*instants), zone=ZoneInfo(name))
    local = [instant.astimezone(ZoneInfo(name)) for instant in instants]
    assert busy(found) == dict(collections.Counter(each.hour for each in local))
    of_week = collections.Counter((each.weekday(), each.hour) for each in local)
    assert all(
        events == of_week[day, hour] for day, hours in enumerate(found.week) for hour, events in enumerate(hours)
    )
    assert found.documents == len(instants)
    assert (found.first_at, found.last_at) == (min(instants, default=None), max(instants, default=None))


@given(st.sampled_from(ZONES), st.integers(2000, 2030))
def test_clocks_are_set_where_the_offset_changes(name: str, year: int) -> None:
    zone = ZoneInfo(name)
    since, until = (dt.datetime(each, 1, 1, tzinfo=dt.UTC) for each in (year, year + 1))
    changes = offset_changes(since, until, zone=zone)
    second = dt.timedelta(seconds=1)
    assert all((at - second).astimezone(zone).utcoffset() != at.astimezone(zone).utcoffset() for at in changes)
    hours = [since + number * dt.timedelta(hours=1) for number in range(365 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    assert len(changes) == sum(before != after for before, after in itertools.pairwise(offsets))


@pytest.mark.parametrize("zone", [BERLIN, KATHMANDU])
def test_an_hour_is_the_busiest_by_what_happened_in_it(zone: ZoneInfo) -> None:
    found = activity("2026-10-05 08:15", "2026-10-06 08:15", "2026-10-06 11:15", zone=zone)
    assert found.busiest_hour is not None
    assert found.hours[found.busiest_hour] == 2
