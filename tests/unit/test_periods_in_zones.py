"""When a day begins and ends in a tenant's zone: days partition time, whatever clocks do."""

import datetime as dt
import itertools
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signtally.domain.periods import days_within, end_of_day, spans_of_day, start_of_day
from tests.support.examples import examples

# Half and quarter hours, clocks that change at midnight, a skipped date, a date that shows twice, the Earth's ends.
REMARKABLE = [
    "America/Goose_Bay",
    "America/Havana",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Casey",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Etc/GMT+12",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
    "UTC",
]
MICROSECOND = dt.timedelta(microseconds=1)
SECOND = dt.timedelta(seconds=1)
zones = st.sampled_from(REMARKABLE) | st.sampled_from(sorted(available_timezones()))
days = st.dates(dt.date(2000, 1, 1), dt.date(2037, 12, 31))
instants = st.integers(0, 38 * 365 * 86_400).map(
    lambda second: dt.datetime(2000, 1, 1, tzinfo=dt.UTC) + second * SECOND
)


def local_date(instant: dt.datetime, zone: ZoneInfo) -> dt.date:
    return instant.astimezone(zone).date()


@settings(max_examples=examples(300))
@given(instant=instants, name=zones)
@example(dt.datetime(2010, 11, 7, 3, 0, 30, tzinfo=dt.UTC), "America/Goose_Bay")
@example(dt.datetime(2010, 11, 7, 3, 30, tzinfo=dt.UTC), "America/Goose_Bay")
@example(dt.datetime(2011, 12, 30, 10, tzinfo=dt.UTC), "Pacific/Apia")
@example(dt.datetime(2010, 3, 4, 17, 30, tzinfo=dt.UTC), "Antarctica/Casey")
def test_every_instant_lies_in_exactly_the_day_that_clocks_show(instant: dt.datetime, name: str) -> None:
    zone = ZoneInfo(name)
    shown = local_date(instant, zone)
    near = [shown + dt.timedelta(days=offset) for offset in range(-2, 3)]
    holding = [day for day in near for begin, end in spans_of_day(day, zone) if begin <= instant < end]
    assert holding == [shown]
    assert start_of_day(shown, zone) <= instant < end_of_day(shown, zone)
    assert days_within(instant, instant + MICROSECOND, zone) == (shown,)


@settings(max_examples=examples(300))
@given(day=days, name=zones)
@example(dt.date(2011, 12, 29), "Pacific/Apia")
@example(dt.date(2010, 11, 6), "America/Goose_Bay")
@example(dt.date(2018, 11, 3), "America/Sao_Paulo")
def test_days_leave_no_gap_and_do_not_overlap(day: dt.date, name: str) -> None:
    zone = ZoneInfo(name)
    month = [day + dt.timedelta(days=offset) for offset in range(30)]
    pieces = sorted(span for each in month for span in spans_of_day(each, zone))
    # At the month's ends the date beyond may show for a moment, so the first and last day are not looked at.
    inner = [piece for piece in pieces if start_of_day(month[1], zone) <= piece[0] < start_of_day(month[-1], zone)]
    assert len(inner) >= 27  # one date of a month may have been skipped
    assert all(begin < end for begin, end in inner)
    assert all(this[1] == following[0] for this, following in itertools.pairwise(inner))


@given(hour=instants, name=zones)
@example(dt.datetime(2006, 10, 29, 2, tzinfo=dt.UTC), "America/St_Johns")
def test_an_hour_touches_every_date_that_clocks_show_in_it(hour: dt.datetime, name: str) -> None:
    zone = ZoneInfo(name)
    begin = hour.replace(minute=0, second=0, microsecond=0)
    shown = {local_date(begin + dt.timedelta(seconds=second), zone) for second in range(0, 3600, 20)}
    assert set(days_within(begin, begin + dt.timedelta(hours=1), zone)) == shown


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", dt.date(2026, 3, 29), 23),
        ("Europe/Berlin", dt.date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", dt.date(2026, 10, 4), 23.5),
        ("America/Sao_Paulo", dt.date(2018, 11, 4), 23),  # midnight itself was skipped
        ("America/Havana", dt.date(2026, 11, 1), 25),  # midnight came twice
        ("Asia/Pyongyang", dt.date(2018, 5, 4), 23.5),
        ("Asia/Kathmandu", dt.date(2026, 3, 29), 24),
        ("Pacific/Apia", dt.date(2011, 12, 30), 0),  # no such day
    ],
)
def test_days_last_as_long_as_their_clocks_say(zone: str, day: dt.date, hours: float) -> None:
    lasted = [end - begin for begin, end in spans_of_day(day, ZoneInfo(zone))]
    assert sum(lasted, dt.timedelta()) == dt.timedelta(hours=hours)


def test_a_date_that_shows_twice_has_two_spans() -> None:
    """In Goose Bay clocks went from 00:01 on the 7th back to 23:01 on the 6th."""
    zone = ZoneInfo("America/Goose_Bay")
    sixth, seventh = spans_of_day(dt.date(2010, 11, 6), zone), spans_of_day(dt.date(2010, 11, 7), zone)
    midnight = dt.datetime(2010, 11, 7, 3, tzinfo=dt.UTC)
    minute, hour = dt.timedelta(minutes=1), dt.timedelta(hours=1)
    assert [end for _, end in sixth] == [midnight, midnight + hour]
    assert seventh[0] == (midnight, midnight + minute)
    assert sixth[1] == (midnight + minute, midnight + hour)
    assert seventh[1][0] == midnight + hour
