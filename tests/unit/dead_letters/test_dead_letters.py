"""What an operator sees of the dead letters, over fakes."""

import datetime as dt
import threading
from typing import Any

import pytest

from signtally.domain.dead_letter_queues import UnknownReasonError
from signtally.memory.queue import MemoryEventQueue
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage, QueueDepth, QueuedMessage
from signtally.services import Services
from signtally.threads import ContextThreads
from signtally.use_cases.dead_letters import list_dead_letters, replay_dead_letters, scanner
from tests.support.clocks import Clock
from tests.support.dead_letter_queues import START, put


def test_a_listing_counts_by_reason_and_leaves_every_dead_letter(
    services: Services, dead_letters: MemoryEventQueue
) -> None:
    put(services, "bad-time", 25)
    put(services, "bad-id", 40, replays="2")
    put(services, None, 3)
    before = dead_letters.contents()
    listing = list_dead_letters(services=services)
    assert [(each.reason, each.count, each.replayed) for each in listing.reasons] == [
        ("bad-id", 40, 40),
        ("bad-time", 25, 0),
        ("without-reason", 3, 0),
    ]
    times = listing.reasons[1]
    assert (times.oldest, times.newest) == (START, START + dt.timedelta(seconds=24))
    assert (listing.total, listing.is_complete, listing.in_flight_elsewhere) == (68, True, 0)
    assert dead_letters.contents() == before
    assert dead_letters.depth() == QueueDepth(68, 0), "all of them are given back"


def test_a_listing_can_be_narrowed(services: Services) -> None:
    put(services, "bad-time", 2)
    put(services, None)
    assert [each.reason for each in list_dead_letters(services=services, reasons=["without-reason"]).reasons] == [
        "without-reason"
    ]


def test_samples_are_few_short_and_different(services: Services, clock: Clock) -> None:
    for number in range(30):
        put(services, "bad-time", detail="always the same" if number % 10 else f"number {number}")
    services.dead_letters.send([OutgoingMessage("x" * 10_000, {"reason": "bad-id", "batch_message_id": "m1"})])
    clock.advance(1)
    times, ids = list_dead_letters(services=services, samples=4).reasons
    assert {sample.detail for sample in times.samples} == {"always the same", "number 0", "number 10", "number 20"}
    [sample] = ids.samples
    assert (len(sample.body), sample.detail, sample.batch_message_id) == (300, "", "m1")
    assert list_dead_letters(services=services, samples=0).reasons[0].samples == []


def test_what_another_reader_has_in_flight_is_told(services: Services, dead_letters: MemoryEventQueue) -> None:
    put(services, "bad-time", 12)
    held = dead_letters.receive(wait_seconds=0)
    listing = list_dead_letters(services=services)
    assert (listing.total, listing.in_flight_elsewhere) == (2, 10)
    assert dead_letters.delete(held) == [], "and stays that reader's"


def test_a_listing_ends_although_dead_letters_come_in_faster_than_it_reads(
    services: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(services, "bad-time", 15)
    assert list_dead_letters(services=services).is_complete
    dead_letters = services.dead_letters
    receive = dead_letters.receive

    def flooded(*, wait_seconds: int, visibility_seconds: int | None = None) -> list[QueuedMessage]:
        clock.advance(1)
        dead_letters.send([OutgoingMessage("new", {"reason": "bad-id"})] * 10)
        return receive(wait_seconds=wait_seconds, visibility_seconds=visibility_seconds)

    monkeypatch.setattr(dead_letters, "receive", flooded)
    listing = list_dead_letters(services=services)
    assert {each.reason: each.count for each in listing.reasons} == {"bad-time": 15}
    assert not listing.is_complete, "nobody saw the queue empty"
    assert dead_letters.depth().in_flight == 0


def test_a_listing_that_may_hold_no_more_says_so(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "MAX_IN_FLIGHT", 20)
    put(services, "bad-time", 200)
    listing = list_dead_letters(services=services)
    assert not listing.is_complete
    assert 20 <= listing.total < 200
    assert services.dead_letters.depth() == QueueDepth(200, 0)


def test_everything_is_given_back_when_a_look_fails(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    put(services, "bad-time", 35)
    receive, calls = services.dead_letters.receive, iter(range(100))

    def failing(*, wait_seconds: int, visibility_seconds: int | None = None) -> list[QueuedMessage]:
        if next(calls) == 3:
            raise ServiceUnavailableError("away")
        return receive(wait_seconds=wait_seconds, visibility_seconds=visibility_seconds)

    monkeypatch.setattr(services.dead_letters, "receive", failing)
    with pytest.raises(ServiceUnavailableError):
        list_dead_letters(services=services)
    assert services.dead_letters.depth() == QueueDepth(35, 0)


@pytest.mark.parametrize("call", [list_dead_letters, replay_dead_letters])
def test_an_unknown_reason_names_the_known_ones(services: Services, call: object) -> None:
    put(services, "bad-time")
    with pytest.raises(UnknownReasonError, match=r"'bad-tiem' is no reason.*bad-time.*gave-up.*without-reason"):
        call(services=services, reasons=["bad-tiem"])  # type: ignore[operator]


def test_a_stop_gives_everything_back(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes to the thread that waits for the others."""
    put(services, "bad-time", 50)
    received = note_receives(services, monkeypatch)

    def interrupted(*_: object, **__: object) -> object:
        assert received.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr(scanner, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list_dead_letters(services=services)
    assert services.dead_letters.depth() == QueueDepth(50, 0)


def test_a_stop_while_threads_are_started_gives_everything_back(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(services, "bad-time", 50)
    received = note_receives(services, monkeypatch)

    class InterruptedPool(ContextThreads):
        def submit(self, call: Any, /, *arguments: Any, **options: Any) -> Any:
            started = super().submit(call, *arguments, **options)
            if "visibility_seconds" not in options:
                assert received.wait(60)
                raise KeyboardInterrupt
            return started

    monkeypatch.setattr(scanner, "ContextThreads", InterruptedPool)
    with pytest.raises(KeyboardInterrupt):
        list_dead_letters(services=services)
    assert services.dead_letters.depth() == QueueDepth(50, 0)


def note_receives(services: Services, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the first letters are in somebody's hands."""
    received = threading.Event()
    receive = services.dead_letters.receive

    def noted(*, wait_seconds: int, visibility_seconds: int | None = None) -> list[QueuedMessage]:
        found = receive(wait_seconds=wait_seconds, visibility_seconds=visibility_seconds)
        received.set()
        return found

    monkeypatch.setattr(services.dead_letters, "receive", noted)
    return received
