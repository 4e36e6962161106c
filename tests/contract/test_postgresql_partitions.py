"""A new partition takes rows only once every connection knows of it: else some would leave its rows out for ever."""

import contextlib
import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg

from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.usage_store import PostgresqlUsageStore
from tests.support.usage_stores import usage

ROUNDS, READERS, CONNECTIONS = 40, 4, 10
FIRST_YEAR = 1950


def test_no_connection_leaves_out_rows_of_a_partition_that_was_attached_meanwhile(
    postgresql: str, schema: str, postgresql_store: PostgresqlUsageStore
) -> None:
    """PostgreSQL 15 alone: one connection of twenty keeps a list of partitions without the new one."""
    count = f'SELECT count(*) FROM "{schema}".daily_usage WHERE day = %s'  # noqa: S608 -- made here
    for year in range(FIRST_YEAR, FIRST_YEAR + ROUNDS):
        day = dt.date(year, 6, 1)
        written = threading.Event()
        with ThreadPoolExecutor(READERS) as threads:
            readers = [threads.submit(_new_connections, postgresql, count, day, until=written) for _ in range(READERS)]
            assert postgresql_store.put_daily_usage(usage(day=day), version=1).is_empty()
            written.set()
        connections = [each for reader in readers for each in reader.result()]
        counts = [each.execute(count.encode(), [day]).fetchone() for each in connections]
        for each in connections:
            each.close()
        assert counts == [(1,)] * len(connections), f"in the year {year}"


def test_a_new_partition_waits_for_who_was_at_work_before_it_and_for_nobody_else(
    postgresql: str, schema: str, postgresql_store: PostgresqlUsageStore
) -> None:
    day, other = dt.date(FIRST_YEAR, 6, 1), dt.date.today()  # noqa: DTZ011 -- any day that was provisioned for
    parts = f'SELECT count(*) FROM "{schema}".settled_partitions'  # noqa: S608 -- made here
    with (
        psycopg.connect(postgresql, autocommit=True) as watcher,
        psycopg.connect(postgresql) as reader,
        ThreadPoolExecutor(1) as threads,
    ):
        settled = watcher.execute(parts.encode()).fetchone()
        reader.execute(f'SELECT FROM "{schema}".daily_usage'.encode())
        writing = threads.submit(postgresql_store.put_daily_usage, usage(day=day), version=1)
        _wait_until_attached(watcher, f'"{schema}".daily_usage_{FIRST_YEAR}01')
        assert postgresql_store.put_daily_usage(usage(day=other), version=1).is_empty(), (
            "what is settled takes rows meanwhile"
        )
        assert watcher.execute(parts.encode()).fetchone() == settled
        assert _days(postgresql_store) == [other]
        reader.commit()
        assert writing.result().is_empty()
    assert _days(postgresql_store) == [day, other]


def test_a_long_query_delays_a_new_partition_by_half_the_time_limit_at_most(
    postgresql: str, schema: str, postgresql_store: PostgresqlUsageStore
) -> None:
    day = dt.date(FIRST_YEAR, 6, 1)
    hurried = PostgresqlConnections(postgresql, statement_timeout=dt.timedelta(seconds=4))
    with contextlib.closing(hurried), psycopg.connect(postgresql) as reader:
        reader.execute(f'SELECT FROM "{schema}".daily_usage'.encode())
        assert PostgresqlUsageStore(hurried, schema=schema).put_daily_usage(usage(day=day), version=1).is_empty()
    assert _days(postgresql_store) == [day]


def _days(store: PostgresqlUsageStore) -> list[dt.date]:
    rows = store.daily_usage(first=dt.date(FIRST_YEAR, 1, 1), last=dt.date.max, tenant_ids=["acme"])
    return sorted(rows["day"])


def _new_connections(
    address: str, query: str, day: dt.date, *, until: threading.Event
) -> list[psycopg.Connection[tuple[int]]]:
    """Connections that were opened one after another, each with its list of partitions made by a query."""
    made: list[psycopg.Connection[tuple[int]]] = []
    while not until.is_set() and len(made) < CONNECTIONS:
        made.append(psycopg.connect(address, autocommit=True))
        made[-1].execute(query.encode(), [day])
    return made


def _wait_until_attached(watcher: psycopg.Connection[tuple[object, ...]], part: str) -> None:
    deadline, pause = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30), threading.Event()
    while not watcher.execute("SELECT FROM pg_inherits WHERE inhrelid = to_regclass(%s)", [part]).fetchall():
        assert dt.datetime.now(dt.UTC) < deadline
        pause.wait(0.005)
