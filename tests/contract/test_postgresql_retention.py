"""What retention has ended in PostgreSQL: refused when it comes, and dropped beside whoever reads and writes."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from signtally.domain.dead_letters import DeadLetterReason
from signtally.ports.document_store import TenantSpan
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.usage_store import WriteResult
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.usage_store import PostgresqlUsageStore
from tests.support.usage_stores import DAY, NOW, event, events_of, results, usage, usage_of

KEPT = 100 * DAY
LONG_AGO = NOW - 250 * DAY
STORED = WriteResult.STORED


@pytest.fixture
def store(postgresql_connections: PostgresqlConnections, schema: str) -> PostgresqlUsageStore:
    """It has events and figures of before and after what it keeps."""
    for_ever = PostgresqlUsageStore(postgresql_connections, schema=schema)
    for_ever.provision()
    assert results(for_ever, event(1), event(2, LONG_AGO), event(3, LONG_AGO - 40 * DAY)) == [STORED] * 3
    for day in (NOW - 20 * DAY, LONG_AGO):
        for_ever.put_daily_usage(usage(day=day.date()), version=1)
    return PostgresqlUsageStore(postgresql_connections, schema=schema, kept=KEPT)


def month(instant: dt.datetime) -> str:
    return f"events_{instant:%Y%m}"


def test_what_is_older_than_kept_is_refused_and_its_neighbours_are_not(store: PostgresqlUsageStore) -> None:
    outcomes = store.put_events([event(10), event(11, NOW - KEPT - DAY), event(12)])
    assert [outcome.result for outcome in outcomes] == [STORED, WriteResult.REFUSED, STORED]
    assert outcomes[1].reason == DeadLetterReason.TOO_OLD
    assert store.put_events([event(13, LONG_AGO)])[0].result is WriteResult.REFUSED
    assert results(store, event(10)) == [STORED], "which is not old"


def test_months_that_are_older_than_kept_go_with_their_figures(store: PostgresqlUsageStore) -> None:
    expired = {month(LONG_AGO), month(LONG_AGO - 40 * DAY)}
    assert {each for each in store.drop_expired(now=NOW, dry_run=True) if each.startswith("events")} == expired
    assert len(events_of(store, "acme")) == 3, "nothing has gone yet"
    assert {each for each in store.drop_expired(now=NOW) if each.startswith("events")} == expired
    assert events_of(store, "acme")["message_id"].to_list() == ["message-1"]
    days = store.daily_usage(first=(NOW - 400 * DAY).date(), last=NOW.date(), tenant_ids=["acme"])["day"]
    assert days.to_list() == [(NOW - 20 * DAY).date()]
    documents = store.documents(TenantSpan("acme", NOW - 400 * DAY, NOW + DAY))
    assert documents["first_sent_at"].to_list() == [NOW]
    assert store.drop_expired(now=NOW) == []


def test_nothing_goes_unless_somebody_said_for_how_long_it_is_kept(
    store: PostgresqlUsageStore, postgresql_connections: PostgresqlConnections, schema: str
) -> None:
    assert PostgresqlUsageStore(postgresql_connections, schema=schema).drop_expired(now=NOW) == []
    assert store.drop_expired(now=NOW - 200 * DAY) == []
    assert len(events_of(store, "acme")) == 3


def test_nobody_waits_for_a_month_that_goes_and_it_waits_for_readers(
    store: PostgresqlUsageStore, postgresql: str, schema: str
) -> None:
    """Broken off while it waits, it goes on the next time."""
    with psycopg.connect(postgresql) as reader, psycopg.connect(postgresql, autocommit=True) as operator:
        reader.execute(f'SELECT count(*) FROM "{schema}".events'.encode())  # noqa: S608 -- made here
        with ThreadPoolExecutor(1) as threads:
            dropping = threads.submit(store.drop_expired, now=NOW)
            _wait_until_it_waits(operator, schema)
            assert results(store, event(4)) == [STORED]
            assert len(events_of(store, "acme")) >= 2
            assert not usage_of(store, "acme").is_empty()
            operator.execute(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE %s", [f'ALTER TABLE "{schema}%']
            )
            with pytest.raises(ServiceUnavailableError):
                dropping.result()
    assert store.drop_expired(now=NOW)
    assert set(events_of(store, "acme")["message_id"]) == {"message-1", "message-4"}


def _wait_until_it_waits(operator: psycopg.Connection, schema: str) -> None:
    query = "SELECT FROM pg_stat_activity WHERE query LIKE %s AND wait_event_type = 'Lock'"
    deadline, pause = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30), threading.Event()
    while not operator.execute(query, [f'ALTER TABLE "{schema}%']).fetchall():
        assert dt.datetime.now(dt.UTC) < deadline
        pause.wait(0.01)
