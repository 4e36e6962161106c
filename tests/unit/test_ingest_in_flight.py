"""The drain over fakes: messages that come twice, take long, or cannot be deleted."""

import dataclasses
import datetime as dt
import json
import threading
from collections import Counter
from collections.abc import Sequence

import pytest

from signtally.domain.events import ReceivedEvent
from signtally.memory.queue import MemoryEventQueue
from signtally.ports.errors import ServiceError
from signtally.ports.queue import OutgoingMessage, QueuedMessage
from signtally.use_cases.ingesting import IngestProgress, drain
from tests.support.ingest_world import FAST, START, World, event, ingest_world


@pytest.fixture
def world() -> World:
    return ingest_world()


def test_what_others_hold_is_waited_for(world: World) -> None:
    world.send(event("theirs"))
    world.queue.receive(wait_seconds=0)  # by somebody who dies now
    world.send(event("ours"))
    assert world.drain().stored == 2
    assert world.clock() - START >= dt.timedelta(seconds=world.queue.visibility_seconds)


def test_the_budget_ends_a_run_with_nothing_in_flight(world: World) -> None:
    world = world.with_real_polls()  # else many empty polls within a slow write would end the visibility of its message
    numbers = iter(range(1_000_000))
    world.store.trouble = lambda _: world.send(event(f"more{next(numbers)}"))  # the work never ends
    world.send(event("first"))
    for budget_seconds in (0.3, 30):  # on a busy machine the shorter one may end before anything is stored
        outcome = world.drain(budget_seconds=budget_seconds)
        if outcome.stored:
            break
    assert outcome.stored == len(world.store.stored()) > 0
    assert world.queue.depth().in_flight == 0


def test_a_message_that_comes_twice_while_in_flight_counts_once(world: World) -> None:
    """Its visibility ran out under a slow write: the newest receipt deletes it."""

    def come_again(_: Sequence[ReceivedEvent]) -> None:
        world.store.trouble = lambda _: None
        world.clock.advance(world.queue.visibility_seconds + 1)
        assert again.wait(60)

    again = threading.Event()
    receive = world.queue.receive

    def watched(*, wait_seconds: int, visibility_seconds: int | None = None) -> list[QueuedMessage]:
        found = receive(wait_seconds=wait_seconds, visibility_seconds=visibility_seconds)
        if any(message.receive_count == 2 for message in found):
            again.set()
        return found

    world.queue.receive = watched  # type: ignore[method-assign]
    world.store.trouble = come_again
    world.send([event("a"), "bad"])
    outcome = world.drain()
    assert (outcome.received, outcome.stored, outcome.dead_letters) == (2, 1, {"not-an-event": 1})
    assert len(world.dead_letters.contents()) == 1
    assert world.queue.contents() == []


def test_a_slow_write_shows_its_message_to_nobody_else(world: World) -> None:
    """Its visibility is extended for as long as the write takes, well beyond the time for which it was received."""
    queue, extensions, was_slow = MemoryEventQueue(visibility_seconds=1), Counter[str](), threading.Event()
    extend, received = queue.extend, list[QueuedMessage]()

    def watched(messages: Sequence[QueuedMessage], *, visibility_seconds: int) -> None:
        extend(messages, visibility_seconds=visibility_seconds)
        extensions.update(message.message_id for message in messages)
        if max(extensions.values()) >= 4:  # each comes half a visibility after the one before
            was_slow.set()

    def slow(_: Sequence[ReceivedEvent]) -> None:
        assert was_slow.wait(60)
        received.extend(queue.receive(wait_seconds=0))

    queue.extend = watched  # type: ignore[method-assign]
    world.store.trouble = slow
    services = dataclasses.replace(world.services, queue=queue, clock=lambda: dt.datetime.now(dt.UTC))
    queue.send([OutgoingMessage(json.dumps(event("slow")))])
    outcome = drain(services=services, config=FAST)
    assert (outcome.stored, outcome.duplicates, received) == (1, 0, [])
    assert queue.contents() == []


def test_a_failed_delete_doubles_nothing(world: World) -> None:
    delete = world.queue.delete
    failures = iter([True])

    def failing(messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        return list(messages) if next(failures, False) else delete(messages)

    world.queue.delete = failing  # type: ignore[method-assign]
    world.send([event("a"), "bad"], event("a"))
    outcome = world.drain()
    assert (outcome.received, outcome.stored, outcome.duplicates) == (3, 1, 1)
    assert len(world.dead_letters.contents()) == 1
    assert world.queue.contents() == []


def test_a_dead_letter_that_its_queue_will_not_take_delays_nobody(world: World) -> None:
    world = world.with_real_polls()  # else empty polls while others are still at work would end their visibility
    send, refused, stop = world.dead_letters.send, threading.Event(), threading.Event()

    def picky(messages: Sequence[OutgoingMessage]) -> None:
        if any("too long" in message.body for message in messages):
            refused.set()
            raise ServiceError("message must be shorter")
        send(messages)

    def look(progress: IngestProgress) -> None:
        if (progress.outcome.stored, progress.outcome.dead_letters) == (2, {"not-json": 1}) and refused.is_set():
            stop.set()

    world.dead_letters.send = picky  # type: ignore[method-assign]
    world.send([event("beside"), {"too long": 1}], "junk", event("a"))
    config = dataclasses.replace(FAST, snapshot_interval_seconds=0.02)
    outcome = world.drain(budget_seconds=60, config=config, stop=stop, on_progress=look)
    assert (outcome.stored, outcome.duplicates, outcome.dead_letters) == (2, 0, {"not-json": 1})
    assert len(world.queue.contents()) == 1
    del world.dead_letters.send
    world.clock.advance(3_600)  # what could not be settled was given back to come again later
    assert world.drain().dead_letters == {"bad-specversion": 1}
