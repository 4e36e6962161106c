"""Quarters of an hour and cohorts made of events, many tenants at a time: every usage store makes the same of them."""

import dataclasses
import uuid

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signtally.domain.actions import Action
from signtally.domain.cohorts import COHORTS, SENDER_COHORTS
from signtally.domain.document_lifecycles import DOCUMENTS
from signtally.domain.document_pages import DocumentPosition, DocumentSelection
from signtally.domain.documents import DocumentStatus
from signtally.domain.events import ReceivedEvent
from signtally.domain.schemas import by_tenant
from signtally.ports.document_store import TenantSpan
from signtally.ports.usage_store import UsageStore
from tests.support.document_events import (
    COMPLETED,
    DECLINED,
    HOUR,
    NOON,
    SENT,
    VIEWED,
    activity,
    as_the_portal_says,
    event,
    supersede,
)
from tests.support.examples import examples
from tests.support.usage_stores import takes_repeats


def test_activity_comes_by_quarters_of_an_hour_and_each_document_opens_one(store: UsageStore) -> None:
    store.put_events(
        [
            event(SENT, 1.0),
            event(VIEWED, 1.2, user_id="bob"),
            event(SENT, 1.24, document_id="d2"),
            event(COMPLETED, 2.6),
            event(VIEWED, 9),
        ]
    )
    assert activity(store) == [(0, 1.0, 3, 2, 1.0, 1.24), (0, 2.5, 1, 0, 2.6, 2.6)]
    assert activity(store, since=NOON + 2 * HOUR) == [(0, 2.5, 1, 1, 2.6, 2.6)]
    assert activity(store, user_ids=["bob"]) == [(0, 1.0, 1, 1, 1.2, 1.2)]
    assert activity(store, user_ids=["bob", "ann"]) == activity(store)
    assert activity(store, user_ids=[]) == []


def test_quarters_of_every_week_are_one_and_parts_are_apart(store: UsageStore) -> None:
    week = 7 * 24
    store.put_events([event(SENT, 1 - each * week, document_id=f"d{each}") for each in range(3)])
    assert activity(store) == [(0, 1.0, 3, 3, 1 - 2 * week, 1)]
    parted = activity(store, parted_at=[NOON + HOUR - week * HOUR, NOON])
    assert parted == [(each, 1.0, 1, 1, 1 - (2 - each) * week, 1 - (2 - each) * week) for each in range(3)]


def test_activity_of_more_users_than_one_query_can_name(store: UsageStore) -> None:
    store.put_events([event(SENT, 1), event(VIEWED, 1.1, user_id="bob"), event(VIEWED, 1.1, user_id="eve")])
    crowd = [f"{'u' * 250}{number:04}" for number in range(1_000)]
    assert activity(store, user_ids=[*crowd, "ann", "bob"]) == [(0, 1.0, 2, 1, 1.0, 1.1)]


def test_a_cohort_is_counted_by_the_part_in_which_it_was_sent(store: UsageStore) -> None:
    store.put_events(
        [
            event(SENT, 1),
            event(VIEWED, 6, user_id="eve"),
            event(VIEWED, 7, user_id="eve"),
            event(DECLINED, 8, user_id="eve"),
            event(SENT, 2, document_id="d2"),
            event(COMPLETED, 9, document_id="d2"),
            event(SENT, 5, document_id="d3", user_id="bob"),
        ]
    )

    def cohorts(tenant_id: str = "acme", user_ids: list[str] | None = None) -> pl.DataFrame:
        span = TenantSpan(tenant_id, NOON, NOON + 24 * HOUR, (NOON + 4 * HOUR,))
        return store.cohorts(span, user_ids=user_ids).sort("part")

    everybody = cohorts()
    assert everybody.schema == COHORTS
    assert everybody.rows() == [(0, 2, 2, 1, 1, 0, 2, 0, 2, 0, 1, 1, 0, 0), (1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0)]
    assert cohorts(user_ids=["bob"]).rows() == [everybody.rows()[1]]
    assert cohorts("nobody").equals(COHORTS.to_frame())


def test_a_cohort_is_counted_by_its_senders_too(store: UsageStore) -> None:
    store.put_events(
        [
            event(SENT, 1),
            event(VIEWED, 6, user_id="eve"),
            event(SENT, 2, document_id="d2"),
            event(SENT, 5, document_id="d3"),
            event(COMPLETED, 9, document_id="d3"),
            event(SENT, 5, document_id="d4", user_id="bob"),
            event(SENT, 25, document_id="d5", user_id="bob"),
        ]
    )

    def cohorts(tenant_id: str = "acme", user_ids: list[str] | None = None) -> pl.DataFrame:
        span = TenantSpan(tenant_id, NOON, NOON + 24 * HOUR, (NOON + 4 * HOUR,))
        return store.sender_cohorts(span, user_ids=user_ids).sort("part", "user_id")

    everybody = cohorts()
    assert everybody.schema == SENDER_COHORTS
    assert everybody.rows() == [(0, "ann", 2, 1, 0, 0, 2), (1, "ann", 1, 1, 1, 1, 0), (1, "bob", 1, 0, 0, 0, 1)]
    assert cohorts(user_ids=["bob"]).rows() == [everybody.rows()[2]]
    crowd = [f"{'u' * 250}{number:04}" for number in range(1_000)]
    assert cohorts(user_ids=[*crowd, "ann", "bob"]).equals(everybody)
    assert cohorts(user_ids=[]).equals(SENDER_COHORTS.to_frame())
    assert cohorts("nobody").equals(SENDER_COHORTS.to_frame())


def test_many_tenants_are_told_as_each_alone(store: UsageStore) -> None:
    """Other spans and parts for each, one tenant without events, and ids that two tenants share where they can."""
    lives = [
        event(SENT, 1, event_id="e1"),
        event(VIEWED, 6, event_id="e2", user_id="eve"),
        event(COMPLETED, 9, event_id="e3"),
    ]
    own_ids = not takes_repeats(store)
    for tenant_id in ("acme", "bolt", "it's"):
        store.put_events([_of_tenant(each, tenant_id, own_id=own_ids) for each in lives])
    supersede(store, [_of_tenant(lives[1], "bolt", own_id=own_ids)])
    spans = [
        TenantSpan("acme", NOON, NOON + 24 * HOUR, (NOON + 5 * HOUR,)),
        TenantSpan("bolt", NOON, NOON + 24 * HOUR, (NOON + 5 * HOUR,)),
        TenantSpan("it's", NOON - HOUR, NOON + 8 * HOUR, (NOON, NOON + 2 * HOUR)),
        TenantSpan("nobody", NOON, NOON + HOUR),
    ]
    whole = (
        store.documents_by_tenant(spans),
        store.cohorts_by_tenant(spans),
        store.sender_cohorts_by_tenant(spans),
        store.activity_by_tenant(spans),
    )
    for span in spans:
        alone = (
            store.documents(span),
            store.cohorts(span, user_ids=None),
            store.sender_cohorts(span, user_ids=None),
            store.activity(span, user_ids=None),
        )
        for of_all, of_one in zip(whole, alone, strict=True):
            assert of_all.schema == by_tenant(of_one.schema)
            mine = of_all.filter(tenant_id=span.tenant_id).drop("tenant_id")
            assert sorted(mine.rows(), key=str) == sorted(of_one.rows(), key=str)
    assert [frame["tenant_id"].unique().sort().to_list() for frame in whole] == [["acme", "bolt", "it's"]] * 4
    assert store.documents_by_tenant([]).equals(by_tenant(DOCUMENTS).to_frame())


def _of_tenant(received: ReceivedEvent, tenant_id: str, *, own_id: bool) -> ReceivedEvent:
    event_id = f"{tenant_id} {received.event.id}" if own_id else received.event.id
    return dataclasses.replace(received, event=dataclasses.replace(received.event, tenant_id=tenant_id, id=event_id))


# Laws

_hours = st.integers(-8, 8)
_events = st.builds(
    event,
    st.sampled_from(Action),
    _hours,
    document_id=st.sampled_from(["d1", "d2", "d3"]),
    user_id=st.sampled_from(["ann", "bob"]),
    event_id=st.none() | st.sampled_from(["e1", "e2", "e3", "e4"]),
    received_hours=_hours,
    sent_at_hours=st.none() | _hours,
)


_selections = st.builds(
    DocumentSelection,
    limit=st.sampled_from([1, 9]),
    status=st.none() | st.sampled_from(DocumentStatus),
    sender_ids=st.none() | st.sampled_from([("bob", "nobody"), ()]),
    after=st.none()
    | st.builds(DocumentPosition, st.booleans(), _hours.map(lambda hours: NOON + hours * HOUR), st.just("d2")),
    sent_by=st.none() | _hours.map(lambda hours: NOON + hours * HOUR),
)


@pytest.mark.parametrize("other", ["timestream", "postgresql"])
@settings(
    max_examples=examples(15, soak=400),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    events=st.lists(_events, max_size=12),
    superseded=st.sets(st.integers(0, 11)),
    since=_hours,
    until=_hours,
    selection=_selections,
)
def test_every_store_makes_of_any_events_what_memory_makes(  # noqa: PLR0913 -- two stores, and what a law is about
    memory_store: UsageStore,
    other: str,
    request: pytest.FixtureRequest,
    *,
    events: list[ReceivedEvent],
    superseded: set[int],
    since: int,
    until: int,
    selection: DocumentSelection,
) -> None:
    other_store: UsageStore = request.getfixturevalue(f"{other}_store")
    tenant_id = uuid.uuid4().hex  # every example in the same two stores
    mine = [_of_tenant(each, tenant_id, own_id=True) for each in events]
    if not takes_repeats(other_store):
        mine = [*{each.event.id: each for each in mine}.values()]
    said = as_the_portal_says(mine, tenant_id)
    span = TenantSpan(tenant_id, NOON + since * HOUR, NOON + until * HOUR, (NOON,))
    answers = []
    for store in (memory_store, other_store):
        store.put_events(said)
        supersede(store, [received for number, received in enumerate(said) if number in superseded])
        answers.append(
            [
                store.documents(span).sort("document_id").rows(),
                store.documents_sent(span).sort("document_id").rows(),
                store.document_page(span, selection=selection).rows(),
                store.document_count(span, selection=selection),
                *(
                    store.activity(span, user_ids=user_ids).sort("part", "quarter").rows()
                    for user_ids in (None, ["bob"])
                ),
                *(store.cohorts(span, user_ids=user_ids).sort("part").rows() for user_ids in (None, ["bob"], [])),
                *(
                    store.sender_cohorts(span, user_ids=user_ids).sort("part", "user_id").rows()
                    for user_ids in (None, ["bob"], [])
                ),
            ]
        )
    assert answers[0] == answers[1]
