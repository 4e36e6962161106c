"""The drain over fakes while services fail, refuse or are away: nothing is lost, and everything goes back."""

import dataclasses
import json
import time
from collections.abc import Sequence

import pytest

from signtally.domain.events import ReceivedEvent
from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.queue import QueueDepth
from tests.support.ingest_world import FAST, Stuttering, World, event, ingest_world


@pytest.fixture
def world() -> World:
    return ingest_world()


@pytest.mark.parametrize("error", [ServiceError("validation"), ServiceUnavailableError("internal error")])
def test_a_poisoned_event_harms_no_neighbour_and_is_given_up(world: World, error: ServiceError) -> None:
    def poisoned(events: Sequence[ReceivedEvent]) -> None:
        if any(received.event.id == "poison" for received in events):
            raise error
        world.send(event(f"more{len(world.store.stored())}")) if len(world.store.stored()) < 300 else None

    world.store.trouble = poisoned
    world.send(*(event(f"e{number}") for number in range(150)), [event("poison"), event("beside"), 7])
    outcome = world.drain()
    assert outcome.dead_letters == {"gave-up": 1, "not-an-event": 1}
    assert {"beside", "e0", "e149"} <= set(world.store.stored())
    assert "poison" not in world.store.stored()
    assert world.queue.contents() == []
    [letter] = [each for each in world.dead_letters.contents() if each.attributes["reason"] == "gave-up"]
    assert json.loads(letter.body)["id"] == "poison"
    assert str(error) in letter.attributes["detail"]


def test_a_store_that_comes_back_costs_nothing(world: World) -> None:
    failures = iter(range(12))

    def away(_: Sequence[ReceivedEvent]) -> None:
        if next(failures, None) is not None:
            raise ServiceUnavailableError("away")

    world.store.trouble = away
    world.send(*(event(f"e{number}") for number in range(300)))
    outcome = world.drain()
    assert (outcome.stored, outcome.duplicates, outcome.dead_letters) == (300, 0, {})


def test_services_that_fail_every_other_time_cost_nothing(world: World) -> None:
    names = ("queue", "dead_letters", "usage_store", "objects")
    stuttering = {name: Stuttering(getattr(world.services, name)) for name in names}
    world.send(*(event(f"e{number}") for number in range(300)), "junk", event("e7"))
    outcome = world.drain(services=dataclasses.replace(world.services, **stuttering))  # type: ignore[arg-type]
    assert (outcome.stored, outcome.duplicates, outcome.dead_letters) == (300, 1, {"not-json": 1})
    assert world.queue.contents() == []
    assert world.settled_through() is not None


def test_what_a_run_holds_goes_back_even_to_a_queue_that_fails_every_other_time(world: World) -> None:
    def away(_: Sequence[ReceivedEvent]) -> None:
        raise ServiceUnavailableError("away")

    world.store.trouble = away
    world.send(*(event(f"e{number}") for number in range(150)))
    with pytest.raises(ServiceUnavailableError, match="away"):
        world.drain(
            services=dataclasses.replace(world.services, queue=Stuttering(world.queue)),  # type: ignore[arg-type]
            config=dataclasses.replace(FAST, retry_budget_seconds=0.05),
        )
    assert world.queue.depth() == QueueDepth(150, 0)


@pytest.mark.parametrize("error", [ServiceUnavailableError("away"), AccessRefusedError("no"), NotProvisionedError("?")])
def test_without_a_store_everything_goes_back_to_the_queue(world: World, error: ServiceError) -> None:
    def away(_: Sequence[ReceivedEvent]) -> None:
        raise error

    world.store.trouble = away
    world.send(*(event(f"e{number}") for number in range(150)), "junk")
    with pytest.raises(type(error)):
        world.drain(config=dataclasses.replace(FAST, retry_budget_seconds=0.05))
    assert world.queue.depth() == QueueDepth(151 - len(world.dead_letters.contents()), 0)
    world.store.trouble = lambda _: None
    assert world.drain().stored == 150
    assert world.reasons() == {"not-json": 1}


def test_a_missing_queue_stops_the_run_before_it_begins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> QueueDepth:
        raise NotProvisionedError("queue signtally-events-dead-letters does not exist")

    monkeypatch.setattr(world.dead_letters, "depth", missing)
    world.send(event("a"))
    with pytest.raises(NotProvisionedError):
        world.drain()
    assert world.queue.depth() == QueueDepth(1, 0)


def test_a_store_that_is_away_costs_no_message_a_receive(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise ServiceUnavailableError("away")

    monkeypatch.setattr(world.store, "check", away)
    world.send(event("a"))
    with pytest.raises(ServiceUnavailableError):
        world.drain(config=dataclasses.replace(FAST, retry_budget_seconds=0.05))
    (message,) = world.queue.receive(wait_seconds=0)
    assert message.receive_count == 1  # this one


def test_a_run_that_waits_for_a_service_to_begin_keeps_its_budget(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> None:
        raise ServiceUnavailableError("Timestream is away")

    monkeypatch.setattr(world.store, "check", away)
    begun = time.monotonic()
    with pytest.raises(ServiceUnavailableError):
        world.drain(config=dataclasses.replace(FAST, retry_budget_seconds=3_600), budget_seconds=0.1)
    assert time.monotonic() - begun < 60
    assert "Timestream is away" in caplog.text
    assert len(caplog.records) == 1  # not one an attempt
