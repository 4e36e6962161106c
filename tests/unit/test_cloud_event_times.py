"""Times of an event on the queue: which are read, as which instant, and which cannot be counted."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.timestamps import parse_time
from tests.support.cloud_event_messages import DATA, event, only_bad, parsed


@pytest.mark.parametrize(
    ("time", "utc"),
    [
        ("2026-10-03T11:00:00Z", "2026-10-03T11:00:00"),
        ("2026-10-03t11:00:00z", "2026-10-03T11:00:00"),
        ("2026-10-03T16:45:00+05:45", "2026-10-03T11:00:00"),
        ("2026-10-03T08:30:00-02:30", "2026-10-03T11:00:00"),
        ("2026-10-03T11:00:00-00:00", "2026-10-03T11:00:00"),
        ("2026-10-03T11:00:00.5Z", "2026-10-03T11:00:00.500000"),
        ("2026-10-03T11:00:00.123456789Z", "2026-10-03T11:00:00.123456"),
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00"),
        ("1999-12-31T23:30:00-01:00", "2000-01-01T00:30:00"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999"),
        ("2017-01-01T05:29:60.25+05:30", "2016-12-31T23:59:59.999999"),
        ("2026-10-03T12:15:00Z", "2026-10-03T12:15:00"),
        ("2026-10-03T23:15:00+11:00", "2026-10-03T12:15:00"),
    ],
)
def test_a_time_with_its_offset_becomes_utc(time: str, utc: str) -> None:
    [found] = parsed(event(time=time)).events
    assert found.occurred_at == dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)
    assert found.occurred_at.utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize(
    ("reason", "time"),
    [
        ("bad-time", None),
        ("bad-time", ""),
        ("bad-time", 1_759_000_000),
        ("bad-time", True),
        ("bad-time", "yesterday"),
        ("bad-time", "2026-10-03"),
        ("bad-time", "2026-10-03 11:00:00Z"),
        ("bad-time", "2026-10-03T11:00Z"),
        ("bad-time", "20261003T110000Z"),
        ("bad-time", "2026-W40-6T11:00:00Z"),
        ("bad-time", "2026-10-03T11:00:00,5Z"),
        ("bad-time", "2026-10-03T11:00:00.Z"),
        ("bad-time", "2026-10-03T11:00:00+0545"),
        ("bad-time", "2026-10-03T11:00:00+05"),
        ("bad-time", "2026-10-03T11:00:00+05:45:30"),
        ("bad-time", "2026-10-03T11:00:00+24:00"),
        ("bad-time", "2026-10-03T11:00:00+05:60"),
        ("bad-time", "2026-10-03T24:00:00Z"),
        ("bad-time", "2026-10-03T11:60:00Z"),
        ("bad-time", "2026-10-03T11:00:60Z"),
        ("bad-time", "2026-10-03T11:00:61Z"),
        ("bad-time", "2026-02-29T11:00:00Z"),
        ("bad-time", "2026-13-01T11:00:00Z"),
        ("bad-time", "2026-00-01T11:00:00Z"),
        ("bad-time", "0000-01-01T00:00:00Z"),
        ("bad-time", "0001-01-01T00:00:00+23:59"),
        ("bad-time", "9999-12-31T23:59:59-23:59"),
        ("bad-time", "٢٠٢٦-10-03T11:00:00Z"),
        ("bad-time", "2026-10-03T11:00:00Z\n"),
        ("bad-time", " 2026-10-03T11:00:00Z"),
        ("time-without-offset", "2026-10-03T11:00:00"),
        ("time-without-offset", "2026-10-03T11:00:00.789"),
        ("time-ahead", "2026-10-03T12:15:00.000001Z"),
        ("time-ahead", "9999-12-31T23:59:59Z"),
        ("time-before-2000", "1999-12-31T23:59:59.999999Z"),
        ("time-before-2000", "2000-01-01T00:30:00+01:00"),
        ("time-before-2000", "0001-01-01T00:00:00Z"),
    ],
)
def test_a_time_that_cannot_be_counted(reason: str, time: object) -> None:
    assert only_bad(event(time=time)).reason == reason


@given(st.datetimes(min_value=dt.datetime(2000, 1, 2), timezones=st.timezones()))  # noqa: DTZ001 -- zones follow
def test_what_python_writes_is_read_back(moment: dt.datetime) -> None:
    # RFC 3339 has offsets in whole minutes; local mean times of long ago have seconds.
    whole_minutes = not (moment.utcoffset() or dt.timedelta()) % dt.timedelta(minutes=1)
    instant = moment if whole_minutes else moment.astimezone(dt.UTC)
    # Python calls no ambiguous local time equal to any other zone's, so the comparison is made in UTC.
    assert parse_time(instant.isoformat()) == instant.astimezone(dt.UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-10-01T09:00:00+02:00", dt.datetime(2026, 10, 1, 7, tzinfo=dt.UTC)),
        ("2026-10-01", None),
        ("2026-10-01T09:00:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("2027-01-01T00:00:00Z", None),
        (17, None),
        (None, None),
    ],
)
def test_when_a_completed_document_was_sent_is_optional(value: object, expected: dt.datetime | None) -> None:
    data = {**DATA, "sent_at": value}
    assert [found.sent_at for found in parsed(event(type="document.completed", data=data)).events] == [expected]
    assert [found.sent_at for found in parsed(event(type="document.signed", data=data)).events] == [None]
