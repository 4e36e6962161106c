"""What befalls a PostgreSQL server under a drain: nothing lost, nothing twice, nothing dead-lettered for want of it."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import psycopg
import pytest

from signtally.domain.events import ReceivedEvent
from signtally.local.local_postgresql import LocalPostgresql
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.usage_store import UsageStore, WriteOutcome, WriteResult
from signtally.retries import RetryPolicy
from signtally.services import Services
from signtally.use_cases import aggregating, ingesting
from signtally.use_cases.event_writing import EventWriter
from signtally.use_cases.ingesting import IngestConfig
from tests.support.examples import SOAK, sized
from tests.support.fakes import fake_services
from tests.support.portal_traffic import PortalTraffic, send_portal_traffic
from tests.support.ports import free_port
from tests.support.postgresql_servers import PGBOUNCER, KillableServer, pgbouncer, postgresql_server, store_at
from tests.support.usage_stores import NOW, event

EVENTS = sized(600, soak=20_000)
CONNECTIONS = 12
FAST = IngestConfig(initial_backoff_seconds=0.02, write_wait_seconds=0.01)
Strike = Callable[[], object]


@pytest.fixture(scope="module")
def server() -> Iterator[KillableServer]:
    with postgresql_server(f"max_connections={CONNECTIONS}") as running:
        yield running


@pytest.fixture
def address(server: KillableServer) -> str:
    """Of the server without anything in it."""
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS signtally CASCADE")
    return server.address


class StruckStore:
    """*before* happens when the third request is to be sent, *after* when the sixth is done and not yet answered."""

    def __init__(self, store: UsageStore, *, before: Strike, after: Strike) -> None:
        self._store = store
        self._strikes = {3: before, 6: after}
        self._requests = 0
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        with self._lock:
            self._requests += 1
            number = self._requests
        if number == 3:
            self._strikes[3]()
        outcomes = self._store.put_events(events)
        if number == 6:
            self._strikes[6]()
            raise ServiceUnavailableError("the answer is lost")
        return outcomes


def drained(store: UsageStore, *, seed: int) -> tuple[PortalTraffic, Services]:
    """Traffic with duplicates, late events and junk, drained over a queue and a bucket in memory."""
    store.provision()
    services = fake_services(usage_store=store)
    sent = send_portal_traffic(services, events=EVENTS, seed=seed)
    outcome = ingesting.drain(services=services, config=FAST)
    assert outcome.stored == sent.events
    return sent, services


def test_a_server_that_is_killed_and_comes_back(server: KillableServer, address: str, seed: int) -> None:
    def crash() -> None:
        server.kill()
        server.start()

    def crash_and_be_away() -> None:
        server.kill()
        threading.Timer(0.5, server.start).start()

    with store_at(address) as store:
        struck = StruckStore(store, before=crash_and_be_away, after=crash)
        sent, services = drained(cast("UsageStore", struck), seed=seed)
        sent.expect_settled(services)


def test_more_clients_than_the_server_takes(address: str) -> None:
    """Each with a connection of its own, as many small programs have them."""
    clients, policy = 3 * CONNECTIONS, RetryPolicy(threading.Event(), 60, 0.05)

    def write(number: int) -> list[WriteResult]:
        with store_at(address, size=1) as store:
            outcomes = EventWriter(store, retry_policy=policy).write([event(100 * number + each) for each in range(10)])
        return [outcome.result for outcome in outcomes if isinstance(outcome, WriteOutcome)]

    with store_at(address) as store, ThreadPoolExecutor(clients) as threads:
        store.provision()
        store.close()
        results = [result for found in threads.map(write, range(clients)) for result in found]
    assert results == [WriteResult.STORED] * 10 * clients


@pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")
def test_pgbouncer_between_that_lends_a_connection_a_transaction(address: str, seed: int) -> None:
    with pgbouncer(address, server_connections=3) as through, store_at(through) as store:
        sent, services = drained(store, seed=seed)
        sent.expect_settled(services)
        assert aggregating.aggregate_touched(services=services).rows > 0


@pytest.mark.skipif(not SOAK or os.geteuid() != 0, reason="a file system of its own takes root")
def test_a_full_disk_that_is_given_room() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=96m,mode=755", "tmpfs", folder], check=True)
        server = KillableServer(LocalPostgresql(free_port(), folder / "data", options=("max_wal_size=48MB",)))
        try:
            server.start()
            with store_at(server.address) as store:
                _fill_up(store, folder)
        finally:
            server.stop()
            subprocess.run(["/bin/umount", folder], check=True)


def _fill_up(store: UsageStore, folder: Path) -> None:
    store.provision()
    written = 0
    while _is_stored(store, _batch(written)):
        written += 100
    subprocess.run(["/bin/mount", "-o", "remount,size=256m", folder], check=True)
    policy = RetryPolicy(threading.Event(), 60, 0.1)
    outcomes = EventWriter(store, retry_policy=policy).write(_batch(written))
    assert {each.result for each in outcomes if isinstance(each, WriteOutcome)} == {WriteResult.STORED}
    found = store.events(
        since=NOW.replace(year=NOW.year - 1), until=NOW.replace(year=NOW.year + 1), tenant_ids=["acme"]
    )
    assert len(found) == found["event_id"].n_unique() == written + 100


def _is_stored(store: UsageStore, events: list[ReceivedEvent]) -> bool:
    """False once the disk is full: an error that says, try again."""
    try:
        outcomes = store.put_events(events)
    except ServiceUnavailableError:
        return False
    assert {each.result for each in outcomes} == {WriteResult.STORED}
    return True


def _batch(first: int) -> list[ReceivedEvent]:
    return [event(first + number) for number in range(100)]
