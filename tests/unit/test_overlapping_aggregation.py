"""Aggregation runs that break off, overlap or find rows of others: the one that knows more is right in the end."""

import datetime as dt
import time

import polars as pl
import pytest

from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceUnavailableError
from signtally.services import Services
from signtally.use_cases.aggregating import aggregate_touched
from tests.support.aggregation_runs import NOW, StubbornStore, event, ingest, pending, services_over, stored


@pytest.fixture
def services() -> Services:
    return services_over(MemoryUsageStore())


def failing() -> None:
    raise ServiceUnavailableError("Timestream is away")


def test_a_run_that_breaks_off_leaves_its_notes_and_publishes_nothing() -> None:
    store = StubbornStore()
    services = services_over(store)
    services.stores.watermarks.publish_settled_through(NOW)
    ingest(services, [event(1, NOW)])
    store.before_write = failing
    with pytest.raises(ServiceUnavailableError):
        aggregate_touched(services=services)
    assert (pending(services), services.stores.watermarks.data_through()) == (1, None)
    assert aggregate_touched(services=services).rows == 1
    assert (pending(services), services.stores.watermarks.data_through()) == (0, NOW)


def test_of_two_runs_at_once_the_one_that_read_later_wins() -> None:
    """The first has read its events; a second event comes and is counted by a twin; then the first writes."""
    store = StubbornStore()
    services = services_over(store)
    ingest(services, [event(1, NOW)])

    def twin() -> None:
        ingest(services, [event(2, NOW)])
        aggregate_touched(services=services)

    store.before_write = twin
    aggregate_touched(services=services)
    assert stored(services)["sent"].to_list() == [2]
    assert pending(services) == 0


@pytest.mark.parametrize("ahead", [dt.timedelta(), dt.timedelta(days=1)])
def test_a_twin_that_knew_less_but_wrote_later_is_written_over_however_wrong_its_clock_is(ahead: dt.timedelta) -> None:
    store = StubbornStore()
    services = services_over(store)
    ingest(services, [event(1, NOW)])
    aggregate_touched(services=services)
    outdated = stored(services).drop("counted_at").with_columns(user_name=pl.lit("Twin"))

    def twin() -> None:
        version = time.time_ns() // 1000 + ahead // dt.timedelta(microseconds=1)
        assert store.put_daily_usage(outdated, version=version).is_empty()

    ingest(services, [event(2, NOW)])
    store.before_write = twin
    aggregate_touched(services=services)
    assert stored(services)["sent"].to_list() == [2]
    assert pending(services) == 0


def test_two_runs_that_overtake_a_row_of_the_future_at_once_leave_what_the_one_that_read_later_knows() -> None:
    store = StubbornStore()
    services = services_over(store)
    ingest(services, [event(1, NOW)])
    aggregate_touched(services=services)
    tomorrow = time.time_ns() // 1000 + dt.timedelta(days=1) // dt.timedelta(microseconds=1)
    wrong = stored(services).drop("counted_at").with_columns(sent=pl.lit(99, pl.Int64))
    assert store.put_daily_usage(wrong, version=tomorrow).is_empty()

    def twin() -> None:
        ingest(services, [event(3, NOW)])
        aggregate_touched(services=services)

    ingest(services, [event(2, NOW)])
    store.before_write = twin
    aggregate_touched(services=services)
    assert stored(services)["sent"].to_list() == [3]
    assert pending(services) == 0


def test_a_row_in_somebody_elses_version_is_written_over_and_says_when_it_was_counted() -> None:
    store = StubbornStore()
    services = services_over(store)
    ingest(services, [event(1, NOW)])
    aggregate_touched(services=services)
    wrong, counted_at = stored(services).drop("counted_at").with_columns(sent=pl.lit(99, pl.Int64)), NOW
    assert store.put_daily_usage(wrong, version=time.time_ns(), counted_at=counted_at).is_empty()  # nanoseconds
    for number in (2, 3):
        ingest(services, [event(number, NOW)])
        aggregate_touched(services=services)
        assert stored(services)["sent"].to_list() == [number]
        assert stored(services)["counted_at"].item() - dt.datetime.now(dt.UTC) < dt.timedelta(minutes=1)
    assert pending(services) == 0


def test_rows_that_others_keep_writing_while_they_are_counted_stay_noted() -> None:
    store = StubbornStore()
    services = services_over(store)
    ingest(services, [event(1, NOW)])
    aggregate_touched(services=services)
    outdated = stored(services).drop("counted_at")

    def again() -> None:
        later = stored(services)["counted_at"].dt.epoch("us").item() + 1_000_000
        store.put_daily_usage(outdated.with_columns(sent=pl.lit(later, pl.Int64)), version=later)
        store.before_write = again

    ingest(services, [event(2, NOW)])
    store.before_write = again
    with pytest.raises(ServiceUnavailableError, match="another run"):
        aggregate_touched(services=services)
    assert pending(services) == 1
