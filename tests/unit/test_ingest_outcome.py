"""What an ingest run says of itself: shares, paces, ages."""

import dataclasses
import datetime as dt

import pytest

from signtally.domain.ingest_outcome import IngestOutcome, IngestProgress

NOON = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)
START = IngestProgress(
    IngestOutcome(received=200), 4, NOON, acknowledged=100, visible=850, in_flight=50, oldest_unsettled=NOON
)


@pytest.mark.parametrize(
    ("acknowledged", "visible", "in_flight", "share"),
    [(0, 0, 0, 1), (0, 10, 0, 0), (90, 5, 5, 0.9), (7, 0, 0, 1)],
)
def test_progress_is_a_share_of_the_messages_known(
    acknowledged: int, visible: int, in_flight: int, share: float
) -> None:
    progress = dataclasses.replace(START, acknowledged=acknowledged, visible=visible, in_flight=in_flight)
    assert progress.share_done == pytest.approx(share)


def test_the_present_pace_is_the_one_since_the_earlier_look() -> None:
    later = dataclasses.replace(START, outcome=IngestOutcome(received=1_200), seconds=9, acknowledged=600, visible=250)
    assert (START.events_per_second, START.events_per_second_since(None)) == (50, 50)
    assert later.events_per_second_since(START) == 200
    assert later.time_left(START) == dt.timedelta(seconds=3)  # 300 messages at 100 a second


def test_a_run_that_stands_still_has_no_end_in_sight() -> None:
    later = dataclasses.replace(START, seconds=9)
    assert later.events_per_second_since(START) == 0
    assert later.time_left(START) is None


@pytest.mark.parametrize(("sent", "age_seconds"), [(None, None), (-90, 90), (2, 0)])
def test_the_age_of_what_is_in_flight_is_never_negative(sent: int | None, age_seconds: int | None) -> None:
    oldest = None if sent is None else NOON + dt.timedelta(seconds=sent)
    age = dataclasses.replace(START, oldest_unsettled=oldest).oldest_age
    assert age == (None if age_seconds is None else dt.timedelta(seconds=age_seconds))


def test_rates_are_said_only_of_what_happened() -> None:
    assert IngestOutcome(received=400, requests=84).rates(seconds=8) == {
        "requests_per_event": 0.21,
        "events_per_second": 50,
        "seconds": 8,
    }
    assert IngestOutcome(requests=6).rates(seconds=0) == {
        "requests_per_event": None,
        "events_per_second": None,
        "seconds": 0,
    }


def test_outcomes_add_up() -> None:
    one = IngestOutcome(received=5, stored=2, duplicates=1, dead_letters={"bad-id": 2}, requests=7)
    two = IngestOutcome(received=3, stored=1, duplicates=0, dead_letters={"bad-id": 1, "not-json": 1}, requests=4)
    merged = IngestOutcome.merge([one, two])
    assert merged == IngestOutcome(8, 3, 1, {"bad-id": 3, "not-json": 1}, 11)
    assert IngestOutcome.merge([]) == IngestOutcome()
