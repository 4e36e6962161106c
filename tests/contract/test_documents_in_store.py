"""Documents and quarter-hours made of events: every usage store makes the same of them."""

import dataclasses
import datetime as dt
import itertools
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signtally import wiring
from signtally.domain.actions import Action
from signtally.domain.activity import ACTIVITY
from signtally.domain.aggregation import TenantDay, daily_usage
from signtally.domain.cohorts import COHORTS
from signtally.domain.document_lifecycles import DOCUMENTS
from signtally.domain.document_pages import DocumentPosition, DocumentSelection
from signtally.domain.documents import DocumentStatus
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import IDENTITY, by_tenant
from signtally.local.local_aws import LocalAws
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.usage_store import TenantSpan, UsageStore
from signtally.settings import Settings
from tests.support.examples import examples

# On a quarter of an hour, and recent enough for every store to take what happened around it.
NOON = dt.datetime.now(dt.UTC).replace(hour=12, minute=0, second=0, microsecond=0) - dt.timedelta(days=40)
HOUR, MICROSECOND = dt.timedelta(hours=1), dt.timedelta(microseconds=1)
AGES_AGO, AGES_ON = NOON - 300 * 24 * HOUR, NOON + 300 * 24 * HOUR
SENT, VIEWED, COMPLETED, DECLINED = Action.SENT, Action.VIEWED, Action.COMPLETED, Action.DECLINED


@pytest.fixture
def memory_store() -> UsageStore:
    return MemoryUsageStore()


@pytest.fixture
def timestream_store(local_aws: LocalAws) -> UsageStore:
    del local_aws  # it only has to run
    store = wiring.services(Settings(database=f"t-{uuid.uuid4().hex[:12]}")).usage_store
    store.provision()
    return store


@pytest.fixture(params=["memory", "timestream"])
def store(request: pytest.FixtureRequest) -> UsageStore:
    made: UsageStore = request.getfixturevalue(f"{request.param}_store")
    return made


_numbers = itertools.count()


def event(  # noqa: PLR0913 -- a fact each, and all but two have a plain value
    action: Action,
    hours: float,
    *,
    document_id: str = "d1",
    user_id: str = "ann",
    event_id: str | None = None,
    received_hours: float | None = None,
    sent_at_hours: float | None = None,
    tenant_id: str = "acme",
) -> ReceivedEvent:
    """Something that happened so many hours after noon, and arrived at once or when it says."""
    at = NOON + hours * HOUR
    number = next(_numbers)
    sent_at = None if sent_at_hours is None else NOON + sent_at_hours * HOUR
    happened = UsageEvent(
        "/portal", event_id or f"e{number}", action, tenant_id, user_id, document_id, at, sent_at=sent_at
    )
    received_at = at if received_hours is None else NOON + received_hours * HOUR
    return ReceivedEvent(happened, received_at, f"m{number}")


def supersede(store: UsageStore, events: Iterable[ReceivedEvent]) -> None:
    identities = [[getattr(received.event, name) for name in IDENTITY] for received in events]
    store.put_superseded(pl.DataFrame(identities, schema=IDENTITY, orient="row"))


def documents(store: UsageStore, *, since: dt.datetime = AGES_AGO, until: dt.datetime = AGES_ON) -> pl.DataFrame:
    return store.documents("acme", since=since, until=until).sort("document_id")


def life(frame: pl.DataFrame, document_id: str = "d1") -> dict[str, object]:
    """One document: its sender, and hours after noon."""
    (row,) = frame.filter(document_id=document_id).iter_rows(named=True)
    return {
        name: (value - NOON) / HOUR if isinstance(value, dt.datetime) else value
        for name, value in row.items()
        if value is not None and value != 0 and name != "document_id"
    }


def test_a_document_is_what_its_events_tell(store: UsageStore) -> None:
    store.put_events(
        [
            event(SENT, 1),
            event(Action.RECEIVED, 1.5, user_id="bob"),
            event(Action.RECEIVED, 1.5, user_id="eve"),
            event(VIEWED, 2, user_id="bob"),
            event(Action.SIGNED, 3, user_id="bob"),
            event(COMPLETED, 4),
        ]
    )
    found = documents(store)
    assert found.schema == DOCUMENTS
    assert life(found) == {
        "sender_id": "ann",
        "first_sent_at": 1,
        "completed_at": 4,
        "first_viewed_at": 2,
        "last_signed_at": 3,
        "received": 2,
        "viewed": 1,
        "signed": 1,
    }


def test_of_two_elements_of_one_message_with_one_id_the_same_counts_everywhere(store: UsageStore) -> None:
    """Only user, action and time tell them apart: documents, live counts and daily usage choose by the same order."""
    copies = [
        event(VIEWED, 1, user_id="zoe", event_id="same", received_hours=3),
        event(Action.SIGNED, 2, user_id="ann", event_id="same", received_hours=3),
        event(DECLINED, 1, user_id="ann", event_id="same", received_hours=3),
        event(SENT, 0, received_hours=3),
    ]
    store.put_events([dataclasses.replace(copy, message_id="one") for copy in copies])
    assert life(documents(store)) == {"sender_id": "ann", "first_sent_at": 0, "declined_at": 1}
    live = store.user_counts("acme", since=AGES_AGO, until=AGES_ON)
    events = store.events(since=AGES_AGO, until=AGES_ON, tenant_ids=["acme"])
    daily = daily_usage(events.lazy(), days=[TenantDay("acme", NOON.date(), "UTC")]).collect()
    for rows in (live, daily):
        assert rows.select("user_id", "sent", "declined", "viewed", "signed").rows() == [("ann", 1, 1, 0, 0)]


def test_the_first_of_each_counts(store: UsageStore) -> None:
    store.put_events(
        [event(SENT, 2, user_id="bob"), event(SENT, 1), event(COMPLETED, 9), event(COMPLETED, 8), event(DECLINED, 5)]
    )
    assert life(documents(store)) == {"sender_id": "ann", "first_sent_at": 1, "completed_at": 8, "declined_at": 5}


def test_a_completion_may_say_when_its_document_was_sent(store: UsageStore) -> None:
    store.put_events(
        [
            event(COMPLETED, 8, document_id="said", sent_at_hours=-30, user_id="bob"),
            event(COMPLETED, 8, document_id="earlier", sent_at_hours=-30, user_id="bob"),
            event(SENT, 1, document_id="earlier"),
            event(COMPLETED, 8, document_id="later", sent_at_hours=2, user_id="bob"),
            event(SENT, 1, document_id="later"),
        ]
    )
    found = documents(store)
    assert life(found, "said") == {"sender_id": "bob", "first_sent_at": -30, "completed_at": 8}
    assert life(found, "earlier") == {"sender_id": "ann", "first_sent_at": -30, "completed_at": 8}
    assert life(found, "later") == {"sender_id": "ann", "first_sent_at": 1, "completed_at": 8}


def test_while_no_completion_ever_said_so_the_column_is_not_missed(store: UsageStore) -> None:
    store.put_events([event(SENT, 1), event(COMPLETED, 8)])
    assert life(documents(store)) == {"sender_id": "ann", "first_sent_at": 1, "completed_at": 8}


def test_of_one_event_id_what_was_received_first_counts(store: UsageStore) -> None:
    store.put_events(
        [
            event(SENT, 5, event_id="same", received_hours=6),
            event(SENT, 1, event_id="same", received_hours=7, user_id="bob"),
            event(SENT, 2, event_id="same", received_hours=8, document_id="d2"),
        ]
    )
    found = documents(store)
    assert found["document_id"].to_list() == ["d1"]
    assert life(found) == {"sender_id": "ann", "first_sent_at": 5}
    assert activity_rows(store)["events"].to_list() == [1]


def test_what_is_neither_sent_nor_completed_here_is_no_document_of_ours(store: UsageStore) -> None:
    """A recipient's requests come from documents of other tenants."""
    store.put_events([event(Action.RECEIVED, 1), event(DECLINED, 2)])
    assert documents(store).is_empty()


def test_documents_are_known_as_they_were_before_until(store: UsageStore) -> None:
    store.put_events([event(SENT, 1), event(COMPLETED, 8), event(SENT, 8, document_id="d2")])
    assert life(documents(store, until=NOON + 8 * HOUR)) == {"sender_id": "ann", "first_sent_at": 1}
    assert "completed_at" in life(documents(store, until=NOON + 8 * HOUR + MICROSECOND))


def test_documents_that_were_over_before_since_are_left_out(store: UsageStore) -> None:
    store.put_events(
        [
            event(SENT, 1, document_id="over"),
            event(DECLINED, 2, document_id="over"),
            event(SENT, 1, document_id="open"),
            event(SENT, 1, document_id="completed later"),
            event(DECLINED, 2, document_id="completed later"),
            event(COMPLETED, 6, document_id="completed later"),
            event(SENT, 1, document_id="ends at since"),
            event(Action.EXPIRED, 5, document_id="ends at since"),
            event(SENT, 6, document_id="sent again and later"),
            event(Action.CANCELLED, 2, document_id="sent again and later"),
        ]
    )
    found = documents(store, since=NOON + 5 * HOUR)["document_id"].to_list()
    assert found == ["completed later", "ends at since", "open", "sent again and later"]


def test_documents_sent_are_those_first_sent_then_followed_to_their_end(store: UsageStore) -> None:
    store.put_events(
        [
            event(SENT, 1, document_id="before"),
            event(SENT, 3, document_id="before"),
            event(SENT, 2, document_id="first"),
            event(COMPLETED, 500, document_id="first"),
            event(SENT, 4, document_id="after"),
        ]
    )
    found = store.documents_sent("acme", since=NOON + 2 * HOUR, until=NOON + 4 * HOUR)
    assert found["document_id"].to_list() == ["first"]
    assert life(found, "first")["completed_at"] == 500


def test_nobody_elses_documents_are_read(store: UsageStore) -> None:
    name = "O'Hara'); --"
    store.put_events([event(SENT, 1, tenant_id="bolt"), event(SENT, 1, tenant_id=name, user_id=name)])
    assert documents(store).is_empty()
    assert activity_rows(store).is_empty()
    (found,) = store.documents(name, since=AGES_AGO, until=AGES_ON).iter_rows(named=True)
    assert found["sender_id"] == name
    assert activity_rows(store, tenant_id=name, user_ids=[name])["events"].to_list() == [1]


def test_an_event_that_another_tenant_superseded_tells_nothing(store: UsageStore) -> None:
    """What differs is the tenant alone: whose event it was first keeps it."""
    moved = event(COMPLETED, 1, event_id="same", received_hours=3, sent_at_hours=-1)
    kept = event(SENT, 2, document_id="d2")
    store.put_events([event(COMPLETED, 1, event_id="same", tenant_id="bolt", sent_at_hours=-1), moved, kept])
    before = told(store, "bolt")
    assert told(store, "acme") == (["d1", "d2"], ["d1", "d2"], 2)
    supersede(store, [moved])
    assert told(store, "acme") == (["d2"], ["d2"], 1)
    assert told(store, "bolt") == before == (["d1"], ["d1"], 1)
    crowd = [f"{'u' * 250}{number:04}" for number in range(1_000)]
    assert activity(store, user_ids=[*crowd, "ann"]) == activity(store) == [(0, 2.0, 1, 1, 2, 2)]


def test_an_event_superseded_by_one_of_another_time_tells_nothing(store: UsageStore) -> None:
    """Even of a time in which only it lies."""
    first = event(SENT, 12, event_id="same", received_hours=13)
    later = event(SENT, 1, event_id="same", received_hours=14, user_id="bob", document_id="d2")
    store.put_events([first, later])
    store.put_events(_as_the_portal_says([first, later], "bolt"))
    assert documents(store, until=NOON + 9 * HOUR)["document_id"].to_list() == ["d2"]
    supersede(store, [later])
    assert documents(store, until=NOON + 9 * HOUR).is_empty()
    assert activity_rows(store).is_empty()
    assert life(documents(store)) == {"sender_id": "ann", "first_sent_at": 12}
    assert store.documents_sent("acme", since=NOON, until=AGES_ON)["document_id"].to_list() == ["d1"]
    assert activity_rows(store, tenant_id="bolt")["events"].to_list() == [1]


def test_what_shares_but_a_part_of_a_superseded_identity_tells_its_own(store: UsageStore) -> None:
    same = [
        event(SENT, 1, event_id="same", received_hours=3),
        event(SENT, 1, event_id="same", received_hours=4, user_id="bob"),
        event(VIEWED, 1, event_id="same", received_hours=5),
        event(SENT, 2, event_id="same", received_hours=6),
    ]
    store.put_events([*same, event(COMPLETED, 8)])
    lives = []
    for received in same:
        lives.append(life(documents(store)))
        supersede(store, [received])
    assert lives == [
        {"sender_id": "ann", "first_sent_at": 1, "completed_at": 8},
        {"sender_id": "bob", "first_sent_at": 1, "completed_at": 8},
        {"sender_id": "ann", "completed_at": 8, "first_viewed_at": 1, "viewed": 1},
        {"sender_id": "ann", "first_sent_at": 2, "completed_at": 8},
    ]
    assert life(documents(store)) == {"sender_id": "ann", "completed_at": 8}


def test_an_empty_store_has_no_documents_and_no_activity(store: UsageStore) -> None:
    assert documents(store).equals(DOCUMENTS.to_frame())
    assert store.documents_sent("acme", since=AGES_AGO, until=AGES_ON).equals(DOCUMENTS.to_frame())
    assert activity_rows(store).equals(ACTIVITY.to_frame())


def told(store: UsageStore, tenant_id: str) -> tuple[list[str], list[str], int]:
    """A tenant's documents, those sent among them, and how many events there were."""
    span = {"since": AGES_AGO, "until": AGES_ON}
    frames = (store.documents(tenant_id, **span), store.documents_sent(tenant_id, **span))
    known, sent = (frame["document_id"].sort().to_list() for frame in frames)
    return known, sent, int(activity_rows(store, tenant_id=tenant_id)["events"].sum())


def activity_rows(
    store: UsageStore,
    *,
    tenant_id: str = "acme",
    since: dt.datetime = AGES_AGO,
    parted_at: Sequence[dt.datetime] = (),
    user_ids: list[str] | None = None,
) -> pl.DataFrame:
    until = NOON + 9 * HOUR
    return store.activity(tenant_id, since=since, until=until, parted_at=parted_at, user_ids=user_ids)


def activity(
    store: UsageStore,
    *,
    since: dt.datetime = AGES_AGO,
    parted_at: Sequence[dt.datetime] = (),
    user_ids: list[str] | None = None,
) -> list[object]:
    """Quarters of an hour and instants as hours after noon; those of the week after would be the same quarters."""
    found = activity_rows(store, since=since, parted_at=parted_at, user_ids=user_ids)
    assert found.schema == ACTIVITY
    noon = (NOON - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(minutes=15) % (7 * 24 * 4)
    return [
        (part, (quarter - noon) % (7 * 24 * 4) / 4, *counts, (first - NOON) / HOUR, (last - NOON) / HOUR)
        for part, quarter, *counts, first, last in found.sort("first_at").iter_rows()
    ]


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
        span = {"since": NOON, "until": NOON + 24 * HOUR}
        found = store.cohorts(tenant_id, **span, parted_at=[NOON + 4 * HOUR], user_ids=user_ids)
        return found.sort("part")

    everybody = cohorts()
    assert everybody.schema == COHORTS
    assert everybody.rows() == [(0, 2, 2, 1, 1, 0, 2, 0, 2, 0, 1, 1, 0, 0), (1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0)]
    assert cohorts(user_ids=["bob"]).rows() == [everybody.rows()[1]]
    assert cohorts("nobody").equals(COHORTS.to_frame())


def test_many_tenants_are_told_as_each_alone(store: UsageStore) -> None:
    """Other spans and parts for each, one tenant without events, and ids that two tenants share."""
    lives = [
        event(SENT, 1, event_id="e1"),
        event(VIEWED, 6, event_id="e2", user_id="eve"),
        event(COMPLETED, 9, event_id="e3"),
    ]
    for tenant_id in ("acme", "bolt", "it's"):
        store.put_events([_of_tenant(each, tenant_id) for each in lives])
    supersede(store, [_of_tenant(lives[1], "bolt")])
    spans = [
        TenantSpan("acme", NOON, NOON + 24 * HOUR, (NOON + 5 * HOUR,)),
        TenantSpan("bolt", NOON, NOON + 24 * HOUR, (NOON + 5 * HOUR,)),
        TenantSpan("it's", NOON - HOUR, NOON + 8 * HOUR, (NOON, NOON + 2 * HOUR)),
        TenantSpan("nobody", NOON, NOON + HOUR),
    ]
    whole = (
        store.documents_by_tenant(spans),
        store.documents_sent_by_tenant(spans),
        store.cohorts_by_tenant(spans),
        store.activity_by_tenant(spans),
    )
    for span in spans:
        when = {"since": span.since, "until": span.until}
        parted: dict[str, Any] = {**when, "parted_at": span.parted_at, "user_ids": None}
        alone = (
            store.documents(span.tenant_id, **when),
            store.documents_sent(span.tenant_id, **when),
            store.cohorts(span.tenant_id, **parted),
            store.activity(span.tenant_id, **parted),
        )
        for of_all, of_one in zip(whole, alone, strict=True):
            assert of_all.schema == by_tenant(of_one.schema)
            mine = of_all.filter(tenant_id=span.tenant_id).drop("tenant_id")
            assert sorted(mine.rows(), key=str) == sorted(of_one.rows(), key=str)
    assert [frame["tenant_id"].unique().sort().to_list() for frame in whole] == [["acme", "bolt", "it's"]] * 4
    assert store.documents_by_tenant([]).equals(by_tenant(DOCUMENTS).to_frame())


def _of_tenant(received: ReceivedEvent, tenant_id: str) -> ReceivedEvent:
    return dataclasses.replace(received, event=dataclasses.replace(received.event, tenant_id=tenant_id))


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


def _as_the_portal_says(events: Iterable[ReceivedEvent], tenant_id: str) -> list[ReceivedEvent]:
    """Only a completion says when its document was sent."""
    changed = []
    for received in events:
        sent_at = received.event.sent_at if received.event.action is COMPLETED else None
        happened = dataclasses.replace(received.event, tenant_id=tenant_id, sent_at=sent_at)
        changed.append(dataclasses.replace(received, event=happened))
    return changed


_selections = st.builds(
    DocumentSelection,
    limit=st.sampled_from([1, 9]),
    status=st.none() | st.sampled_from(DocumentStatus),
    sender_ids=st.none() | st.sampled_from([("bob", "nobody"), ()]),
    after=st.none()
    | st.builds(DocumentPosition, st.booleans(), _hours.map(lambda hours: NOON + hours * HOUR), st.just("d2")),
)


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
def test_timestream_makes_of_any_events_what_memory_makes(  # noqa: PLR0913 -- two stores, and what a law is about
    memory_store: UsageStore,
    timestream_store: UsageStore,
    *,
    events: list[ReceivedEvent],
    superseded: set[int],
    since: int,
    until: int,
    selection: DocumentSelection,
) -> None:
    tenant_id = uuid.uuid4().hex  # every example in the same two stores
    said = _as_the_portal_says(events, tenant_id)
    span = {"since": NOON + since * HOUR, "until": NOON + until * HOUR}
    answers = []
    for store in (memory_store, timestream_store):
        store.put_events(said)
        supersede(store, [received for number, received in enumerate(said) if number in superseded])
        answers.append(
            [
                store.documents(tenant_id, **span).sort("document_id").rows(),
                store.documents_sent(tenant_id, **span).sort("document_id").rows(),
                store.document_page(tenant_id, **span, selection=selection).rows(),
                *(
                    store.activity(tenant_id, **span, parted_at=[NOON], user_ids=user_ids)
                    .sort("part", "quarter")
                    .rows()
                    for user_ids in (None, ["bob"])
                ),
                *(
                    store.cohorts(tenant_id, **span, parted_at=[NOON], user_ids=user_ids).sort("part").rows()
                    for user_ids in (None, ["bob"], [])
                ),
            ]
        )
    assert answers[0] == answers[1]
