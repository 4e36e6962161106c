"""The drain over fakes: what it notes before it deletes, up to when all is settled, and what an operator sees."""

import dataclasses
import datetime as dt
import json
import threading
from collections.abc import Sequence

import pytest

from signtally.domain.events import ReceivedEvent
from signtally.ports.errors import ServiceError
from signtally.ports.queue import QueuedMessage
from signtally.stores.touched_hours import TouchedHour, TouchedHours
from signtally.use_cases.ingesting import IngestProgress
from tests.support.ingest_world import FAR_AHEAD, FAST, SKEW, START, World, event, ingest_world


@pytest.fixture
def world() -> World:
    return ingest_world()


def test_what_is_written_is_noted_before_it_is_deleted(world: World) -> None:
    notes = TouchedHours(world.services.objects)
    delete = world.queue.delete

    def noted() -> set[TouchedHour]:
        return {hour for note in notes.pending() for hour in note.hours}

    def checked(messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        tenants = {json.loads(message.body)["data"]["tenant_id"] for message in messages}
        assert {TouchedHour(each, dt.datetime(2026, 10, 3, 11, tzinfo=dt.UTC)) for each in tenants} <= noted()
        return delete(messages)

    world.queue.delete = checked  # type: ignore[method-assign]
    world.send(*(event(f"e{number}", tenant_id=f"t{number}") for number in range(25)))
    world.drain()
    assert len(noted()) == 25


def test_what_a_failing_message_stored_is_noted_although_it_stays(world: World) -> None:
    def poisoned(events: Sequence[ReceivedEvent]) -> None:
        if any(received.event.id == "poison" for received in events):
            raise ServiceError("validation")

    world.store.trouble = poisoned
    world.send([event("poison"), event("beside", tenant_id="beside")])
    world.drain(budget_seconds=0.2)
    hours = {hour for note in TouchedHours(world.services.objects).pending() for hour in note.hours}
    assert {hour.tenant_id for hour in hours} == {"beside"}


def test_an_empty_queue_is_fresh_up_to_the_skew(world: World) -> None:
    world.send(event("a"))
    world.drain()
    settled = world.settled_through()
    assert settled is not None
    assert START - SKEW < settled <= world.clock() - SKEW


def test_freshness_never_moves_backwards(world: World) -> None:
    world.services.stores.watermarks.publish_settled_through(FAR_AHEAD)
    world.send(event("a"))
    world.drain()
    assert world.settled_through() == FAR_AHEAD


def test_what_others_hold_is_not_passed(world: World) -> None:
    """Somebody else's message is in flight while our traffic goes on: nobody knows when it was sent."""
    world.send(event("theirs"))
    theirs = world.queue.receive(wait_seconds=0)
    sent_at = theirs[0].sent_at
    numbers = iter(range(1_000_000))
    world.store.trouble = lambda _: world.send(event(f"more{next(numbers)}"))
    world.send(event("first"))
    world.queue.extend(theirs, visibility_seconds=10_000)
    seen, stop = list[IngestProgress](), threading.Event()

    def look(progress: IngestProgress) -> None:
        seen.append(progress)
        if len(seen) == 5:
            stop.set()

    config = dataclasses.replace(FAST, snapshot_interval_seconds=0.02)
    world.drain(budget_seconds=60, config=config, stop=stop, on_progress=look)
    assert len(seen) >= 5
    assert all(progress.in_flight for progress in seen)  # theirs
    settled = world.settled_through()
    assert settled is None or settled <= sent_at


def test_a_stuck_message_holds_freshness(world: World) -> None:
    def poisoned(events: Sequence[ReceivedEvent]) -> None:
        if any(received.event.id == "stuck" for received in events):
            raise ServiceError("validation")
        world.send(event(f"more{len(world.store.stored())}"))

    stop = threading.Event()

    def look(_: IngestProgress) -> None:
        if len(world.store.stored()) > 20 and world.settled_through() is not None:
            stop.set()

    world.store.trouble = poisoned
    sent_at = world.clock()
    world.send(event("stuck"), event("other"))
    config = dataclasses.replace(FAST, snapshot_interval_seconds=0.02, max_receives=10**6)
    world.drain(budget_seconds=60, config=config, stop=stop, on_progress=look)
    assert len(world.store.stored()) > 2
    settled = world.settled_through()
    assert settled is not None
    assert settled <= sent_at


def test_freshness_moves_under_traffic(world: World) -> None:
    numbers = iter(range(1_000_000))

    def more(_: Sequence[ReceivedEvent]) -> None:
        world.send(event(f"more{next(numbers)}"))

    def look(_: IngestProgress) -> None:
        settled = world.settled_through()
        if settled is not None and settled > START:
            stop.set()

    stop = threading.Event()
    world.store.trouble = more
    world.send(event("first"))
    config = dataclasses.replace(FAST, snapshot_interval_seconds=0.02)
    world.drain(budget_seconds=60, config=config, stop=stop, on_progress=look)
    assert stop.is_set(), "it moved while more came"


def test_an_operator_sees_how_far_it_is(world: World) -> None:
    seen: list[IngestProgress] = []
    world.send(*(event(f"e{number}") for number in range(30)))
    world.drain(on_progress=seen.append)
    assert seen[-1].outcome.stored == 30
    assert seen[-1].events_per_second > 0
    assert (seen[-1].visible, seen[-1].in_flight, seen[-1].oldest_unsettled) == (0, 0, None)
    assert (seen[-1].acknowledged, seen[-1].share_done, seen[-1].oldest_age) == (30, 1, None)


def test_no_more_is_in_flight_than_the_pace_allows(world: World) -> None:
    depths: list[int] = []
    world.store.trouble = lambda _: depths.append(world.queue.depth().in_flight)
    world.send(*([event(f"e{number}-{part}") for part in range(10)] for number in range(100)))
    outcome = world.drain(config=dataclasses.replace(FAST, max_in_flight_events=300))
    assert outcome.stored == 1_000
    assert max(depths) <= 30 + 4 * 10
