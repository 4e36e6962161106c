"""Documents made of events: every usage store makes the same of them."""

import dataclasses

from signtally.domain.actions import Action
from signtally.domain.activity import ACTIVITY
from signtally.domain.aggregation import TenantDay, daily_usage
from signtally.domain.document_lifecycles import DOCUMENTS
from signtally.ports.document_store import TenantSpan
from signtally.ports.usage_store import UsageStore
from tests.support.document_events import (
    AGES_AGO,
    AGES_ON,
    COMPLETED,
    DECLINED,
    HOUR,
    MICROSECOND,
    NOON,
    SENT,
    VIEWED,
    activity,
    activity_rows,
    as_the_portal_says,
    documents,
    event,
    life,
    supersede,
)


def told(store: UsageStore, tenant_id: str) -> tuple[list[str], list[str], int]:
    """A tenant's documents, those sent among them, and how many events there were."""
    span = TenantSpan(tenant_id, AGES_AGO, AGES_ON)
    frames = (store.documents(span), store.documents_sent(span))
    known, sent = (frame["document_id"].sort().to_list() for frame in frames)
    return known, sent, int(activity_rows(store, tenant_id=tenant_id)["events"].sum())


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


def test_of_two_elements_of_one_message_with_one_id_the_same_counts_everywhere(repeating_store: UsageStore) -> None:
    """Only user, action and time tell them apart: documents, live counts and daily usage choose by the same order."""
    copies = [
        event(VIEWED, 1, user_id="zoe", event_id="same", received_hours=3),
        event(Action.SIGNED, 2, user_id="ann", event_id="same", received_hours=3),
        event(DECLINED, 1, user_id="ann", event_id="same", received_hours=3),
        event(SENT, 0, received_hours=3),
    ]
    repeating_store.put_events([dataclasses.replace(copy, message_id="one") for copy in copies])
    assert life(documents(repeating_store)) == {"sender_id": "ann", "first_sent_at": 0, "declined_at": 1}
    live = repeating_store.user_counts(TenantSpan("acme", AGES_AGO, AGES_ON))
    events = repeating_store.events(since=AGES_AGO, until=AGES_ON, tenant_ids=["acme"])
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


def test_of_one_event_id_what_was_received_first_counts(repeating_store: UsageStore) -> None:
    repeating_store.put_events(
        [
            event(SENT, 5, event_id="same", received_hours=6),
            event(SENT, 1, event_id="same", received_hours=7, user_id="bob"),
            event(SENT, 2, event_id="same", received_hours=8, document_id="d2"),
        ]
    )
    found = documents(repeating_store)
    assert found["document_id"].to_list() == ["d1"]
    assert life(found) == {"sender_id": "ann", "first_sent_at": 5}
    assert activity_rows(repeating_store)["events"].to_list() == [1]


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
    found = store.documents_sent(TenantSpan("acme", NOON + 2 * HOUR, NOON + 4 * HOUR))
    assert found["document_id"].to_list() == ["first"]
    assert life(found, "first")["completed_at"] == 500


def test_nobody_elses_documents_are_read(store: UsageStore) -> None:
    name = "O'Hara'); --"
    store.put_events([event(SENT, 1, tenant_id="bolt"), event(SENT, 1, tenant_id=name, user_id=name)])
    assert documents(store).is_empty()
    assert activity_rows(store).is_empty()
    (found,) = store.documents(TenantSpan(name, AGES_AGO, AGES_ON)).iter_rows(named=True)
    assert found["sender_id"] == name
    assert activity_rows(store, tenant_id=name, user_ids=[name])["events"].to_list() == [1]


def test_an_event_that_another_tenant_superseded_tells_nothing(repeating_store: UsageStore) -> None:
    """What differs is the tenant alone: whose event it was first keeps it."""
    moved = event(COMPLETED, 1, event_id="same", received_hours=3, sent_at_hours=-1)
    kept = event(SENT, 2, document_id="d2")
    repeating_store.put_events([event(COMPLETED, 1, event_id="same", tenant_id="bolt", sent_at_hours=-1), moved, kept])
    before = told(repeating_store, "bolt")
    assert told(repeating_store, "acme") == (["d1", "d2"], ["d1", "d2"], 2)
    supersede(repeating_store, [moved])
    assert told(repeating_store, "acme") == (["d2"], ["d2"], 1)
    assert told(repeating_store, "bolt") == before == (["d1"], ["d1"], 1)
    crowd = [f"{'u' * 250}{number:04}" for number in range(1_000)]
    assert activity(repeating_store, user_ids=[*crowd, "ann"]) == activity(repeating_store) == [(0, 2.0, 1, 1, 2, 2)]


def test_an_event_superseded_by_one_of_another_time_tells_nothing(repeating_store: UsageStore) -> None:
    """Even of a time in which only it lies."""
    first = event(SENT, 12, event_id="same", received_hours=13)
    later = event(SENT, 1, event_id="same", received_hours=14, user_id="bob", document_id="d2")
    repeating_store.put_events([first, later])
    repeating_store.put_events(as_the_portal_says([first, later], "bolt"))
    assert documents(repeating_store, until=NOON + 9 * HOUR)["document_id"].to_list() == ["d2"]
    supersede(repeating_store, [later])
    assert documents(repeating_store, until=NOON + 9 * HOUR).is_empty()
    assert activity_rows(repeating_store).is_empty()
    assert life(documents(repeating_store)) == {"sender_id": "ann", "first_sent_at": 12}
    assert repeating_store.documents_sent(TenantSpan("acme", NOON, AGES_ON))["document_id"].to_list() == ["d1"]
    assert activity_rows(repeating_store, tenant_id="bolt")["events"].to_list() == [1]


def test_what_shares_but_a_part_of_a_superseded_identity_tells_its_own(repeating_store: UsageStore) -> None:
    same = [
        event(SENT, 1, event_id="same", received_hours=3),
        event(SENT, 1, event_id="same", received_hours=4, user_id="bob"),
        event(VIEWED, 1, event_id="same", received_hours=5),
        event(SENT, 2, event_id="same", received_hours=6),
    ]
    repeating_store.put_events([*same, event(COMPLETED, 8)])
    lives = []
    for received in same:
        lives.append(life(documents(repeating_store)))
        supersede(repeating_store, [received])
    assert lives == [
        {"sender_id": "ann", "first_sent_at": 1, "completed_at": 8},
        {"sender_id": "bob", "first_sent_at": 1, "completed_at": 8},
        {"sender_id": "ann", "completed_at": 8, "first_viewed_at": 1, "viewed": 1},
        {"sender_id": "ann", "first_sent_at": 2, "completed_at": 8},
    ]
    assert life(documents(repeating_store)) == {"sender_id": "ann", "completed_at": 8}


def test_an_empty_store_has_no_documents_and_no_activity(store: UsageStore) -> None:
    assert documents(store).equals(DOCUMENTS.to_frame())
    assert store.documents_sent(TenantSpan("acme", AGES_AGO, AGES_ON)).equals(DOCUMENTS.to_frame())
    assert activity_rows(store).equals(ACTIVITY.to_frame())
