"""What only PostgreSQL does: its errors, writers at once, partitions and versions of its schema."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import psycopg
import pytest

from signtally.aws.rds import rds_password
from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.ports.errors import (
    AccessRefusedError,
    NotProvisionedError,
    ServiceError,
    ServiceUnavailableError,
    StoreAddressError,
)
from signtally.ports.usage_store import WriteResult
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.usage_store import PostgresqlUsageStore
from tests.support.ports import free_port
from tests.support.usage_stores import DAY, NOW, event, events_of, results, usage, usage_of

STORED, DUPLICATE = WriteResult.STORED, WriteResult.DUPLICATE
WRITERS = 4


@pytest.fixture
def stores(postgresql_connections: PostgresqlConnections, schema: str) -> list[PostgresqlUsageStore]:
    """The same one, as several programs have it: none knows which partitions the others made."""
    stores = [PostgresqlUsageStore(postgresql_connections, schema=schema) for _ in range(WRITERS)]
    stores[0].provision()
    return stores


def at_once(*calls: Callable[[], object]) -> list[object]:
    with ThreadPoolExecutor(len(calls)) as threads:
        return [made.result() for made in [threads.submit(call) for call in calls]]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda address: address.replace("pass%20", "wrong"), AccessRefusedError, "authentication failed"),
        (lambda address: f"{address}?sslmode=require", AccessRefusedError, "sslmode"),
        (lambda address: address.replace("/postgres", "/absent"), NotProvisionedError, "absent"),
        (lambda _: f"postgresql://127.0.0.1:{free_port()}/postgres", ServiceUnavailableError, "try again"),
        (lambda _: "postgresql://u:sec/ret@host/db", StoreAddressError, "percent-encoded"),
        (lambda _: "postgresql://u@host/db?application_name=%FF", StoreAddressError, "percent-encoded"),
        (lambda address: f"{address}?sslmode=nonsense", ServiceError, "has a value that cannot be"),
        (lambda address: f"{address}?connect_timeout=soon", ServiceError, "has a value that cannot be"),
        (lambda address: f"{address}?options=-cnosuch%3D1", ServiceError, "has a value that cannot be"),
        (lambda address: address, NotProvisionedError, "signtally provision"),
    ],
    ids=["password", "encryption", "database", "server", "address", "bytes", "mode", "number", "option", "schema"],
)
def test_what_is_wrong_is_said_to_whoever_writes_and_reads(
    postgresql: str, schema: str, change: Callable[[str], str], error: type[ServiceError], words: str
) -> None:
    calls: list[Callable[[PostgresqlUsageStore], object]] = [
        lambda store: store.put_events([event()]),
        lambda store: events_of(store, "acme"),
        lambda store: store.check(),
    ]
    for call in calls:
        with pytest.raises(ServiceError, match=words) as raised:
            call(PostgresqlUsageStore(PostgresqlConnections(change(postgresql)), schema=schema))
        assert type(raised.value) is error
        assert "ret@" not in str(raised.value)


def test_a_statement_that_takes_too_long_may_be_tried_again(postgresql: str) -> None:
    connections = PostgresqlConnections(postgresql, statement_timeout=dt.timedelta(milliseconds=20))
    slow = "SELECT pg_sleep(9)::text AS slept"
    with pytest.raises(ServiceUnavailableError, match="timeout"):
        connections.rows("the server", slow)
    with pytest.raises(ServiceUnavailableError, match="timeout"):
        connections.frame("the server", slow, pl.Schema({"slept": pl.String()}))
    unlimited = connections.scan(
        "the server", "SELECT pg_sleep(0.05)::text AS slept", pl.Schema({"slept": pl.String()})
    )
    with unlimited as rows:
        assert len(rows.collect()) == 1


def test_a_text_that_the_server_cannot_store_is_refused_and_its_neighbours_are_not(
    stores: list[PostgresqlUsageStore],
) -> None:
    bad = dataclasses.replace(event(2), event=dataclasses.replace(event(2).event, document_id="d\0"))
    outcomes = stores[0].put_events([event(1), bad, event(3)])
    assert [outcome.result for outcome in outcomes] == [STORED, WriteResult.REFUSED, STORED]
    assert "0x00" in outcomes[1].detail


def test_a_connection_that_the_server_ended_is_made_anew(postgresql: str, schema: str) -> None:
    store = PostgresqlUsageStore(PostgresqlConnections(f"{postgresql}?application_name={schema}"), schema=schema)
    store.provision()
    assert results(store, event(1)) == [STORED]
    assert len(events_of(store, "acme")) == 1
    with psycopg.connect(postgresql, autocommit=True) as other:
        ended = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = %s"
        assert other.execute(ended, [schema]).fetchone() == (2,)
    assert results(store, event(1), event(2)) == [STORED, STORED]
    assert len(events_of(store, "acme")) == 2


def test_a_password_may_be_another_one_for_each_connection(
    postgresql: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = iter(["pass word@/", "wrong"])
    connections = PostgresqlConnections(postgresql.replace("pass%20", "any"), password=lambda: next(asked))
    assert PostgresqlUsageStore(connections, schema=schema).provision()
    with pytest.raises(AccessRefusedError, match="authentication failed"):
        connections.frame("the server", "SELECT 1 AS one", pl.Schema({"one": pl.Int32()}))
    for name, value in {"ACCESS_KEY_ID": "local", "SECRET_ACCESS_KEY": "local", "REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    token = rds_password("postgresql://o%27hara@db.example:6432/usage")()
    assert token.startswith("db.example:6432/?Action=connect&DBUser=o%27hara&X-Amz-")
    with pytest.raises(ServiceError, match="one user and host"):
        rds_password("postgresql://user@a.example,b.example/usage")


def test_of_writers_of_the_same_ids_each_id_is_stored_once(stores: list[PostgresqlUsageStore]) -> None:
    """Those who say the same are all told that it is stored; of those who say something else all but one are not."""
    same = [event(number, NOW - number * DAY * 40) for number in range(5)]
    assert at_once(*(lambda store=store: results(store, *same) for store in stores)) == [[STORED] * 5] * WRITERS
    others = [[event(10 + number, user_id=f"u{writer}") for number in range(20)] for writer in range(WRITERS)]
    told = at_once(
        *(lambda store=store, mine=mine: results(store, *mine) for store, mine in zip(stores, others, strict=True))
    )
    assert [sorted(map(str, of_id)) for of_id in zip(*told, strict=True)] == [
        [str(DUPLICATE)] * (WRITERS - 1) + [str(STORED)]
    ] * 20
    assert len(events_of(stores[0], "acme")) == 25


def test_of_counts_at_once_the_highest_version_stands_whoever_is_last(stores: list[PostgresqlUsageStore]) -> None:
    rows = pl.concat(usage(user_id=f"u{number}") for number in range(30))
    for backwards in (False, True):
        base = WRITERS if backwards else 0
        counted = [
            rows.sort("user_id", descending=backwards).with_columns(sent=pl.lit(base + n, pl.Int64))
            for n in range(WRITERS)
        ]
        at_once(
            *(
                lambda store=store, version=base + n + 1, mine=mine: store.put_daily_usage(mine, version=version)
                for n, (store, mine) in enumerate(zip(stores, counted, strict=True))
            )
        )
        assert usage_of(stores[0], "acme")["sent"].unique().to_list() == [base + WRITERS - 1]


def test_who_may_make_no_schema_provisions_one_that_is_its_own(postgresql: str, schema: str) -> None:
    """As whoever looks after the database may have made it: CREATE SCHEMA of the schema alone, no right to another."""
    role = f"owner-{schema}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'secret'".encode())
        connection.execute(f'CREATE SCHEMA "{schema}" AUTHORIZATION "{role}"'.encode())
    address = f"postgresql://{role}:secret@{postgresql.rpartition('@')[2]}"
    store = PostgresqlUsageStore(PostgresqlConnections(address), schema=schema)
    assert store.provision()
    assert results(store, event()) == [STORED]


def test_programs_that_provision_and_write_at_once_make_one_schema(
    postgresql_connections: PostgresqlConnections, schema: str
) -> None:
    stores = [PostgresqlUsageStore(postgresql_connections, schema=schema) for _ in range(WRITERS)]
    assert sorted(map(bool, at_once(*(store.provision for store in stores)))).count(True) >= 1
    assert not stores[0].provision()
    years_back = NOW - 300 * DAY
    writes = [lambda store=store, n=n: results(store, event(n, years_back)) for n, store in enumerate(stores[1:])]
    assert at_once(stores[0].provision, *writes) == [False, [STORED], [STORED], [STORED]]
    assert len({store.usage_generation() for store in stores}) == 1


def test_what_is_kept_of_an_id_for_ever_is_the_same_in_every_version(
    stores: list[PostgresqlUsageStore], schema: str, postgresql: str
) -> None:
    at = dt.datetime(2026, 10, 3, 12, 34, 56, 789_000, tzinfo=dt.UTC)
    sent = UsageEvent("/portal", "e1", Action.SENT, "acme", "ann", "d1", at, user_name="Ann Ash")
    early = dt.datetime(2026, 9, 30, 23, 59, 59, 999_999, tzinfo=dt.timezone(dt.timedelta(hours=-5, minutes=-45)))
    strange = UsageEvent(
        '/"pörtal"\\', "e\t2", Action.COMPLETED, "ac\u2028me", "ann/\x7f", "d\U0001f58b", early,
        user_name="Ann\n'Ash'", user_email="é@x", sent_at=early - dt.timedelta(days=20_000),
    )  # fmt: skip
    results(stores[0], ReceivedEvent(sent, at, "m1"), ReceivedEvent(strange, early, "m2"))
    with psycopg.connect(postgresql) as connection:
        query = f'SELECT id::text, content::text FROM "{schema}".event_ids'  # noqa: S608 -- a name of ours
        found: dict[str, str] = dict(connection.execute(query.encode()).fetchall())
    assert found == {
        "33a2a306-87eb-f237-2b6e-ab2535e3e207": "8c75d22a-e65a-285b-6e11-c548a6d0fa87",
        "7c46470c-82a4-49c6-ede6-b6ce83fa5385": "9df515c5-7c12-8123-e85f-356d6644d276",
    }


def test_a_month_that_was_dropped_is_made_again_when_an_event_comes_for_it(
    stores: list[PostgresqlUsageStore], schema: str, postgresql: str
) -> None:
    results(stores[0], event(1))
    with psycopg.connect(postgresql) as connection:
        connection.execute(f'DROP TABLE "{schema}".events_{NOW:%Y%m}'.encode())
    assert events_of(stores[0], "acme").is_empty()
    assert results(stores[0], event(1), event(2)) == [STORED, STORED], "what was stored once is not stored again"
    assert events_of(stores[0], "acme")["message_id"].to_list() == ["message-2"]


def test_a_year_of_daily_usage_that_was_dropped_is_made_again_when_rows_come_for_it(
    stores: list[PostgresqlUsageStore], schema: str, postgresql: str
) -> None:
    stores[0].put_daily_usage(usage(user_id="gone"), version=1)
    with psycopg.connect(postgresql) as connection:
        connection.execute(f'DROP TABLE "{schema}".daily_usage_{NOW:%Y}01'.encode())
    assert stores[0].put_daily_usage(usage(user_id="back"), version=1).is_empty()
    assert usage_of(stores[0], "acme")["user_id"].to_list() == ["back"]


def test_a_program_that_is_newer_than_the_schema_says_what_to_do(
    stores: list[PostgresqlUsageStore], schema: str, postgresql: str
) -> None:
    stores[0].check()
    with psycopg.connect(postgresql) as connection:
        connection.execute(f'DELETE FROM "{schema}".schema_versions WHERE version > 1'.encode())  # noqa: S608 -- made here
    with pytest.raises(NotProvisionedError, match="signtally provision"):
        stores[0].check()
