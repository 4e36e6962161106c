"""A replica from which figures are read: nobody sees less in them than the primary had, or waits long for one."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import psycopg
import pytest

from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.replica_reads import FIGURES, Replica, ReplicaReads
from signtally.postgresql.usage_store import PostgresqlUsageStore
from tests.support.examples import SOAK
from tests.support.ports import free_port
from tests.support.postgresql_servers import KillableServer, postgresql_server, streaming_replica
from tests.support.usage_stores import DAY, NOW, usage

if TYPE_CHECKING:
    from signtally.ports.usage_store import UsageStore

TODAY = NOW.date()


class CountedReads:
    """How often the store behind was asked for anything."""

    def __init__(self, store: PostgresqlUsageStore) -> None:
        self._store = store
        self.calls = 0

    def __getattr__(self, name: str) -> object:
        self.calls += 1
        return getattr(self._store, name)


class Pair:
    """A store whose figures come from a replica, and how many did."""

    def __init__(self, primary: str, replica: str) -> None:
        schema = f"t-{uuid.uuid4().hex[:12]}"
        connections = [PostgresqlConnections(address) for address in (primary, replica)]
        stores = [PostgresqlUsageStore(each, schema=schema) for each in connections]
        self._replica = CountedReads(stores[1])
        reads = ReplicaReads(
            stores[0], cast("PostgresqlUsageStore", self._replica), Replica(*connections), stand_back_seconds=0
        )
        self.store = cast("UsageStore", reads)
        self.store.provision()
        self.close = reads.close

    def sent(self) -> int:
        """Of the tenant's day."""
        totals = self.store.day_totals("acme", first=TODAY - DAY, last=TODAY + DAY, user_ids=None)
        return int(totals["sent"].sum())

    @property
    def read_from_replica(self) -> int:
        return self._replica.calls


def test_figures_are_what_the_store_can_be_asked_for() -> None:
    assert {name for name in FIGURES if callable(getattr(PostgresqlUsageStore, name))} == FIGURES


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda address: address, "is no replica of"),
        (lambda _: f"postgresql://127.0.0.1:{free_port()}/postgres", "could not serve the replica"),
    ],
    ids=["not a replica", "away"],
)
def test_without_a_replica_figures_come_from_the_primary(
    postgresql: str, change: Callable[[str], str], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    pair = Pair(postgresql, change(postgresql))
    pair.store.put_daily_usage(usage(sent=7), version=1)
    assert pair.sent() == 7
    assert pair.read_from_replica == 0
    assert words in caplog.text
    pair.close()


@pytest.mark.skipif(not SOAK, reason="two servers more take seconds")
def test_a_replica_never_shows_less_than_the_primary_had() -> None:
    with postgresql_server() as primary, streaming_replica(primary) as replica:
        pair = Pair(primary.address, replica.address)
        for number in range(1, 201):
            pair.store.put_daily_usage(usage(sent=number), version=number)
            assert pair.sent() == number
        assert pair.read_from_replica > 190, "which is a little behind each time"
        _expect_all_while_behind(pair, replica)
        _expect_all_while_away(pair, replica)
        pair.close()


def _expect_all_while_behind(pair: Pair, replica: KillableServer) -> None:
    before = pair.read_from_replica
    with psycopg.connect(replica.address, autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
        pair.store.put_daily_usage(usage(sent=1_000), version=1_000)
        assert pair.sent() == 1_000
        assert pair.read_from_replica == before
        connection.execute("SELECT pg_wal_replay_resume()")
    assert pair.sent() == 1_000
    assert pair.read_from_replica == before + 1


def _expect_all_while_away(pair: Pair, replica: KillableServer) -> None:
    before = pair.read_from_replica
    replica.kill()
    pair.store.put_daily_usage(usage(sent=2_000), version=2_000)
    assert pair.sent() == 2_000
    assert pair.read_from_replica == before
    replica.start()
    assert pair.sent() == 2_000
    assert pair.read_from_replica == before + 1
