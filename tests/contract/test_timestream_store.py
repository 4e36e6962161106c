"""What Timestream alone refuses, cuts or says."""

import dataclasses

import polars as pl
import pytest

from signtally.local.local_aws import LocalAws
from signtally.ports.errors import NotProvisionedError, ServiceUnavailableError
from signtally.ports.usage_store import UsageStore, WriteResult
from tests.support.usage_stores import DAY, NOW, event, events_of, results, timestream, usage, usage_of

STORED, DUPLICATE, REFUSED = WriteResult.STORED, WriteResult.DUPLICATE, WriteResult.REFUSED


def test_timestream_refuses_what_lies_outside_its_window_and_keeps_the_neighbours(timestream_store: UsageStore) -> None:
    old = event(1, NOW - 5000 * DAY)
    ahead = dataclasses.replace(event(2, NOW + 2 * DAY), received_at=NOW)
    outcomes = timestream_store.put_events([old, event(3), ahead])
    assert [outcome.result for outcome in outcomes] == [REFUSED, STORED, REFUSED]
    assert [outcome.reason for outcome in outcomes] == ["too-old", "", "too-far-ahead"]
    assert "outside the time range" in outcomes[0].detail


def test_timestream_refuses_a_record_that_is_too_long_and_keeps_the_neighbours(timestream_store: UsageStore) -> None:
    long = event(1, tenant_id="t" * 2_100)
    outcomes = timestream_store.put_events([event(2), long, event(3)])
    assert [outcome.result for outcome in outcomes] == [STORED, REFUSED, STORED]
    assert outcomes[1].reason == "refused-by-timestream"
    assert outcomes[1].detail


def test_timestream_finds_the_one_invalid_record_that_sinks_a_call(timestream_store: UsageStore) -> None:
    """A measure of more than 2,048 characters is a ValidationException for the whole call."""
    invalid = dataclasses.replace(event(50), event=dataclasses.replace(event(50).event, user_name="n" * 2_049))
    many = [event(number) if number != 50 else invalid for number in range(100)]
    outcomes = timestream_store.put_events(many)
    refused = [number for number, outcome in enumerate(outcomes) if outcome.result is REFUSED]
    assert refused == [50]
    assert len(events_of(timestream_store, "acme")) == 99


def test_timestream_cuts_a_name_that_would_make_a_days_row_too_long(timestream_store: UsageStore) -> None:
    rows = usage(user_id="😀" * 256).with_columns(user_name=pl.lit("Ann " * 500), user_email=pl.lit("é" * 700))
    assert timestream_store.put_daily_usage(rows, version=1).is_empty()
    row = usage_of(timestream_store, "acme").row(0, named=True)
    assert row["user_name"].startswith("Ann ")
    assert row["user_name"].endswith("…")
    assert row["user_email"].endswith("é…")
    assert row["sent"] == 1


def test_timestream_is_provisioned_once(timestream_store: UsageStore) -> None:
    results(timestream_store, event())
    assert not timestream_store.provision()
    assert len(events_of(timestream_store, "acme")) == 1


def test_without_a_database_it_says_what_to_do(local_aws: LocalAws) -> None:
    del local_aws
    store = timestream(database="absent")
    with pytest.raises(NotProvisionedError, match="signtally provision"):
        store.check()
    with pytest.raises(NotProvisionedError, match="signtally provision"):
        store.put_events([event()])
    with pytest.raises(NotProvisionedError, match="signtally provision"):
        events_of(store, "acme")


def test_a_timestream_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("WRITE", "QUERY"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_TIMESTREAM_{service}", "http://127.0.0.1:9")
    store = timestream(database="signtally")
    with pytest.raises(ServiceUnavailableError, match="cannot be reached"):
        store.check()
    with pytest.raises(ServiceUnavailableError, match="cannot be reached"):
        store.put_events([event()])
    with pytest.raises(ServiceUnavailableError, match="cannot be reached"):
        events_of(store, "acme")
