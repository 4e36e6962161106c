"""Documents kept as rows by PostgreSQL: after whatever happens to events they say what the events say."""

import dataclasses
import importlib.resources
import itertools
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from signtally.domain.actions import Action
from signtally.domain.activity import activity_rows
from signtally.domain.cohorts import cohorts_by_part, sender_cohorts
from signtally.domain.document_lifecycles import concerning, document_lifecycles, sent_within
from signtally.domain.events import ReceivedEvent
from signtally.domain.schemas import IDENTITY
from signtally.ports.document_store import TenantSpan
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.usage_store import PostgresqlUsageStore
from tests.support.document_events import AGES_AGO, AGES_ON, COMPLETED, HOUR, NOON, SENT, event
from tests.support.examples import examples

WRITERS = 4
HOURS = st.integers(-2_000, 900).map(lambda quarters: quarters / 4)
_tenants = itertools.count()


def named(  # noqa: PLR0913 -- a fact each
    action: Action, hours: float, *, document: int, user: int = 1, told: float | None = None, tenant_id: str = "acme"
) -> ReceivedEvent:
    made = event(action, hours, document_id=f"d{document}", user_id=f"u{user}", sent_at_hours=told, tenant_id=tenant_id)
    return dataclasses.replace(made, event=dataclasses.replace(made.event, user_name=f"Name {user}"))


def drawn_events(tenant_id: str, *, documents: int, most: int) -> st.SearchStrategy[list[ReceivedEvent]]:
    one = st.builds(
        named,
        st.sampled_from([*Action, SENT, COMPLETED]),
        HOURS,
        document=st.integers(1, documents),
        user=st.integers(1, 3),
        told=st.none() | HOURS,
        tenant_id=st.just(tenant_id),
    )
    return st.lists(one, min_size=1, max_size=most)


@pytest.fixture(scope="module")
def schema() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def kept(postgresql_connections: PostgresqlConnections, schema: str) -> PostgresqlUsageStore:
    """One for all laws: each example has a tenant of its own."""
    store = PostgresqlUsageStore(postgresql_connections, schema=schema)
    store.provision()
    return store


def assert_told(store: PostgresqlUsageStore, span: TenantSpan, *, user_ids: list[str] | None = None) -> None:
    """What the store says of documents is what can be made of its events."""
    of_tenant = [span.tenant_id]
    stored = store.events(since=AGES_AGO, until=AGES_ON, tenant_ids=of_tenant)
    apart = store.superseded(since=AGES_AGO, until=AGES_ON, tenant_ids=of_tenant)
    events = stored.join(apart, on=[*IDENTITY], how="anti")
    before = events.filter(pl.col("occurred_at") < span.until)
    within = before.filter(pl.col("occurred_at") >= span.since)
    sent = sent_within(document_lifecycles(events), since=span.since, until=span.until)
    expected = [
        (store.documents(span), concerning(document_lifecycles(before), since=span.since)),
        (store.documents_sent(span), sent),
        (store.cohorts(span, user_ids=None), cohorts_by_part(sent, parted_at=span.parted_at)),
        (store.sender_cohorts(span, user_ids=None), sender_cohorts(sent, parted_at=span.parted_at)),
        (
            store.activity(span, user_ids=user_ids),
            activity_rows(within, parted_at=span.parted_at, user_ids=user_ids),
        ),
    ]
    for found, wanted in expected:
        assert_frame_equal(found, wanted, check_row_order=False)


@settings(max_examples=examples(6))
@given(st.data())
def test_documents_are_what_their_events_tell(kept: PostgresqlUsageStore, data: st.DataObject) -> None:
    """In whatever batches and order these come, some without their names later, some superseded."""
    tenant_id = f"tenant-{next(_tenants)}"
    events = data.draw(drawn_events(tenant_id, documents=3, most=20))
    size = data.draw(st.integers(1, 8))
    for first in range(0, len(events), size):
        kept.put_events(events[first : first + size])
    stored = kept.events(since=AGES_AGO, until=AGES_ON, tenant_ids=[tenant_id])
    kept.put_nameless(stored.filter(user_id=data.draw(st.sampled_from(["u1", "u2", "u3"]))))
    kept.put_superseded(stored.head(data.draw(st.integers(0, 2))).select([*IDENTITY]))
    kept.put_events(data.draw(drawn_events(tenant_id, documents=3, most=3)))
    since, parted, until = sorted(NOON + data.draw(HOURS) * HOUR for _ in range(3))
    span = TenantSpan(tenant_id, since, until + HOUR, (parted,))
    assert_told(kept, span)
    assert_told(kept, span, user_ids=["u1", "u3"])
    assert_told(kept, TenantSpan(tenant_id, AGES_AGO, AGES_ON))


def test_writers_of_the_same_documents_and_whoever_changes_them_miss_nothing(kept: PostgresqlUsageStore) -> None:
    tenant_id = f"tenant-{next(_tenants)}"

    def batch(writer: int, number: int) -> list[ReceivedEvent]:
        """All writers have the same documents, each in an order of its own."""
        return [
            named(
                [*Action][(index + number) % len(Action)],
                index - number,
                document=1 + (index * (2 * writer + 1) + number) % 12,
                user=1 + index % 3,
                tenant_id=tenant_id,
            )
            for index in range(12)
        ]

    def write(writer: int) -> None:
        for number in range(8):
            kept.put_events(batch(writer, number))

    def change() -> None:
        for number in range(6):
            stored = kept.events(since=AGES_AGO, until=AGES_ON, tenant_ids=[tenant_id])
            kept.put_nameless(stored.filter(user_id=f"u{1 + number % 3}"))
            kept.put_superseded(stored.head(number).select([*IDENTITY]))

    at_once(*(lambda writer=writer: write(writer) for writer in range(WRITERS)), change)
    assert_told(kept, TenantSpan(tenant_id, AGES_AGO, AGES_ON))
    assert_told(kept, TenantSpan(tenant_id, NOON, NOON + 5 * HOUR))


def test_what_a_dropped_month_said_is_gone_at_once(
    postgresql_connections: PostgresqlConnections, postgresql: str
) -> None:
    schema = f"t-{uuid.uuid4().hex[:12]}"
    store = PostgresqlUsageStore(postgresql_connections, schema=schema)
    store.provision()
    span, early = TenantSpan("acme", AGES_AGO, AGES_ON), TenantSpan("acme", NOON - 900 * HOUR, NOON)
    lives = [(SENT, -1_600), (Action.VIEWED, -800), (Action.SIGNED, 0), (COMPLETED, 800)]
    store.put_events(
        [
            named(action, hours + 150 * document, document=document, user=document)
            for document in range(1, 5)
            for action, hours in lives[: 1 + document]
        ]
    )
    changes = [
        f'DROP TABLE "{schema}".events_{NOON - 800 * HOUR:%Y%m}',
        f'DROP TABLE "{schema}".events_{NOON - 1_600 * HOUR:%Y%m}',
        f"DELETE FROM \"{schema}\".events WHERE user_id = 'u2'",  # noqa: S608 -- made here
    ]
    for change in changes:
        with psycopg.connect(postgresql) as connection:
            connection.execute(change.encode())
        assert_told(store, span)
        assert_told(store, early)
    store.put_events([named(SENT, -800, document=9)])
    assert_told(store, span)
    assert not store.provision()
    with psycopg.connect(postgresql) as connection:
        assert not connection.execute(f'SELECT FROM "{schema}".dropped_months'.encode()).fetchall()
        connection.execute(f'DELETE FROM "{schema}".documents'.encode())  # noqa: S608 -- made here
        connection.execute(f'UPDATE "{schema}".counted_months SET part = (part::bigint + 1)::oid'.encode())  # noqa: S608 -- as restored
    assert not store.provision()
    assert_told(store, span)
    assert_told(store, early)


def test_a_store_of_the_version_before_is_counted_while_programs_go_on(
    postgresql_connections: PostgresqlConnections, postgresql: str
) -> None:
    schema = f"t-{uuid.uuid4().hex[:12]}"
    versions = importlib.resources.files("signtally.postgresql").joinpath("schema_versions")
    earlier = [versions.joinpath(name).read_text() for name in ("0001_tables.sql", "0002_put_events.sql")]
    # Programs of that version did not ask for it.
    earlier.append("CREATE FUNCTION settle_partitions(parent text) RETURNS void LANGUAGE sql AS ''")
    with psycopg.connect(postgresql) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"; SET search_path = "{schema}"; {"".join(earlier)}'.encode())
        connection.execute("CREATE TABLE schema_versions AS SELECT 2 AS version, '' AS name, now() AS applied_at")
    store = PostgresqlUsageStore(postgresql_connections, schema=schema)

    def write(writer: int) -> None:
        for number in range(10):
            numbers = range(writer, writer + 5)
            store.put_events([named([*Action][number % 8], each, document=each) for each in numbers])

    write(0)
    at_once(store.provision, *(lambda writer=writer: write(writer) for writer in range(WRITERS)))
    assert_told(store, TenantSpan("acme", AGES_AGO, AGES_ON))


def at_once(*calls: Callable[[], object]) -> None:
    with ThreadPoolExecutor(len(calls)) as threads:
        for made in [threads.submit(call) for call in calls]:
            made.result()
