"""The drain over fakes: what becomes of each message."""

import dataclasses
import json

import pytest

from signtally.domain.events import ReceivedEvent
from signtally.ports.queue import OutgoingMessage
from signtally.ports.usage_store import WriteOutcome, WriteResult
from tests.support.ingest_world import FAST, World, event, ingest_world


@pytest.fixture
def world() -> World:
    return ingest_world()


def test_an_empty_queue_is_drained_at_once(world: World) -> None:
    outcome = world.drain()
    assert (outcome.received, outcome.stored, outcome.duplicates, outcome.dead_letters) == (0, 0, 0, {})
    assert outcome.requests > 0


def test_every_event_is_stored_once_or_dead_lettered(world: World) -> None:
    world.send(*(event(f"e{number}") for number in range(250)), event("e7"), "junk", [event("b1"), 3, event("e8")])
    outcome = world.drain()
    assert outcome.as_dict() == {
        "received": 255,
        "stored": 251,
        "duplicates": 2,
        "dead_letters": {"not-an-event": 1, "not-json": 1},
        "requests": outcome.requests,
    }
    assert set(world.store.stored()) == {f"e{number}" for number in range(250)} | {"b1"}
    assert world.queue.contents() == []


def test_a_bad_element_goes_alone_and_a_bad_body_untouched(world: World) -> None:
    world.queue.send([OutgoingMessage(f'[{json.dumps(event("good"))}, {{"id" : 1e3}}]', {"trace": "t1"})])
    world.send(' {"specversion": "1.0"} ')
    batch, single = world.queue.receive(wait_seconds=0)
    world.queue.extend([batch, single], visibility_seconds=0)
    world.drain()
    element, body = sorted(world.dead_letters.contents(), key=lambda letter: len(letter.body))
    assert element.body == '{"id" : 1e3}'
    assert element.attributes["batch_message_id"] == batch.message_id
    assert element.attributes["trace"] == "t1"
    assert body.body == ' {"specversion": "1.0"} '
    assert "batch_message_id" not in body.attributes
    assert (element.attributes["reason"], body.attributes["reason"]) == ("bad-specversion", "bad-id")
    assert all(letter.attributes["detail"] for letter in (element, body))


def test_the_first_received_of_two_wins(world: World) -> None:
    world.send(event("a", document_id="first"), event("a", document_id="second"))
    world.send([event("b", document_id="first"), event("b", document_id="second", user_id="u_2")])
    outcome = world.drain()
    assert (outcome.stored, outcome.duplicates) == (2, 2)
    assert {found.event.document_id for found in world.store.stored().values()} == {"first"}


def test_a_second_run_counts_what_is_stored_already_as_duplicates(world: World) -> None:
    world.send(event("a"), event("b"))
    assert world.drain().stored == 2
    world.send(event("a", document_id="other"), event("c"))
    outcome = world.drain()
    assert (outcome.stored, outcome.duplicates) == (1, 1)


def test_requests_stay_near_the_floor(world: World) -> None:
    world = world.with_real_polls()
    world.send(*(event(f"e{number}") for number in range(2_000)))
    full_batches = dataclasses.replace(FAST, write_wait_seconds=600)  # however slow the machine is to fill them
    outcome = world.drain(config=full_batches)
    assert outcome.stored == 2_000
    assert outcome.requests / 2_000 <= 0.215 + 0.01  # a few looks and empty polls weigh more on so short a backlog
    assert max(world.store.writes) == 100


def test_what_the_store_refuses_for_good_is_a_dead_letter(world: World) -> None:
    def too_old(received: ReceivedEvent) -> WriteOutcome | None:
        is_old = received.event.id == "old"
        return WriteOutcome(WriteResult.REFUSED, "too-old", "outside the window") if is_old else None

    world.store._refusal = too_old  # noqa: SLF001 -- the fake takes it at its making only
    old = event("old")
    world.send([event("new"), old], old)
    outcome = world.drain()
    assert (outcome.received, outcome.stored, outcome.dead_letters) == (3, 1, {"too-old": 2})
    assert [json.loads(letter.body) for letter in world.dead_letters.contents()] == [old, old]
    assert world.dead_letters.contents()[0].attributes["detail"] == "outside the window"


def test_a_copy_that_differs_is_tried_when_the_first_is_refused(world: World) -> None:
    refused = WriteOutcome(WriteResult.REFUSED, "too-old", "")
    world.store._refusal = lambda received: refused if received.event.occurred_at.minute == 1 else None  # noqa: SLF001
    world.send([event("a", minute=1), event("a", minute=2)])
    outcome = world.drain()
    assert (outcome.stored, outcome.dead_letters) == (1, {"too-old": 1})
