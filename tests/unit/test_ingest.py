"""The drain over fakes: what becomes of each message, whatever the queue and the store do meanwhile."""

import dataclasses
import datetime as dt
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from signtally.domain.events import ReceivedEvent
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage, QueueDepth, QueuedMessage
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.touched_hours import TouchedHour, TouchedHours
from signtally.use_cases.ingesting import IngestConfig, IngestOutcome, IngestProgress, drain
from tests.support.clocks import Clock

START = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)
SKEW = dt.timedelta(seconds=2)
FAST = IngestConfig(
    write_wait_seconds=0.01, commit_interval_seconds=0.01, initial_backoff_seconds=0.001, retry_budget_seconds=5
)
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
FAR_AHEAD = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class Stuttering:
    """A port of which every call fails once before it succeeds."""

    def __init__(self, port: object) -> None:
        self._port = port
        self._failed: set[tuple[int, str]] = set()

    def __getattr__(self, name: str) -> object:
        found = getattr(self._port, name)
        return partial(self._stutter, found) if callable(found) else found

    def _stutter(self, call: Callable[..., object], *arguments: object, **options: object) -> object:
        this = threading.get_ident(), call.__name__
        if this not in self._failed:
            self._failed.add(this)
            raise ServiceUnavailableError("try again")
        self._failed.discard(this)
        return call(*arguments, **options)


class Store(MemoryUsageStore):
    """*trouble* sees every write first and may raise."""

    def __init__(self, refusal: Callable[[ReceivedEvent], WriteOutcome | None] = lambda _: None) -> None:
        super().__init__(refusal=refusal)
        self.trouble: Callable[[Sequence[ReceivedEvent]], None] = lambda _: None
        self.writes: list[int] = []

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        self.trouble(events)
        self.writes.append(len(events))
        return super().put_events(events)

    def stored(self) -> dict[str, ReceivedEvent]:
        return {found.event.id: found for found in self._between(LONG_AGO, FAR_AHEAD)}


@dataclasses.dataclass
class World:
    clock: Clock
    queue: MemoryEventQueue
    dead_letters: MemoryEventQueue
    store: Store
    services: Services

    def send(self, *contents: object) -> None:
        """Each content in a message of its own, a millisecond apart."""
        for content in contents:
            self.queue.send([OutgoingMessage(content if isinstance(content, str) else json.dumps(content))])
            self.clock.advance(0.001)

    def drain(self, **options: object) -> IngestOutcome:
        return drain(**{"services": self.services, "config": FAST, **options})  # type: ignore[arg-type]

    def with_real_polls(self) -> "World":
        """The same with a queue whose empty polls last, as SQS's do, and leave the clock alone."""
        queue = MemoryEventQueue(clock=self.clock)
        return dataclasses.replace(self, queue=queue, services=dataclasses.replace(self.services, queue=queue))

    def reasons(self) -> Counter[str]:
        return Counter(letter.attributes["reason"] for letter in self.dead_letters.contents())

    def settled_through(self) -> dt.datetime | None:
        return self.services.stores.watermarks.settled_through()


@pytest.fixture
def world() -> World:
    clock = Clock(START)
    queue = MemoryEventQueue(clock=clock, sleep=clock.advance)
    dead_letters, store = MemoryEventQueue(clock=clock), Store()
    services = Services(
        settings=Settings(clock_skew=SKEW),
        queue=queue,
        dead_letters=dead_letters,
        usage_store=store,
        objects=MemoryObjectStore(),
        mailer=MemoryMailer(),
        report_queue=MemoryReportQueue(),
        clock=clock,
    )
    return World(clock, queue, dead_letters, store, services)


def event(event_id: object, *, minute: int = 0, **data: object) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/portal",
        "type": "document.sent",
        "time": f"2026-10-03T11:{minute:02}:00Z",
        "data": {"tenant_id": "acme", "user_id": "u_1", "document_id": "d_1", **data},
    }


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
    outcome = world.drain()
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
    outcome = world.drain(budget_seconds=0.3)
    assert outcome.stored == len(world.store.stored()) > 0
    assert world.queue.depth().in_flight == 0


def test_a_message_that_comes_twice_while_in_hand_counts_once(world: World) -> None:
    """Its visibility ran out under a slow write: the newest receipt deletes it."""

    def come_again(_: Sequence[ReceivedEvent]) -> None:
        world.store.trouble = lambda _: None
        world.clock.advance(world.queue.visibility_seconds + 1)
        assert again.wait(5)

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
    send = world.dead_letters.send

    def picky(messages: Sequence[OutgoingMessage]) -> None:
        if any("too long" in message.body for message in messages):
            raise ServiceError("message must be shorter")
        send(messages)

    world.dead_letters.send = picky  # type: ignore[method-assign]
    world.send([event("beside"), {"too long": 1}], "junk", event("a"))
    outcome = world.drain(budget_seconds=0.3)
    assert (outcome.stored, outcome.duplicates, outcome.dead_letters) == (2, 0, {"not-json": 1})
    assert len(world.queue.contents()) == 1
    del world.dead_letters.send
    assert world.drain().dead_letters == {"bad-specversion": 1}


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

    world.store.trouble = poisoned
    sent_at = world.clock()
    world.send(event("stuck"), event("other"))
    world.drain(
        budget_seconds=0.5, config=dataclasses.replace(FAST, snapshot_interval_seconds=0.02, max_receives=10**6)
    )
    assert len(world.store.stored()) > 2
    settled = world.settled_through()
    assert settled is not None
    assert settled <= sent_at


def test_freshness_moves_under_traffic(world: World) -> None:
    numbers = iter(range(1_000_000))

    def more(_: Sequence[ReceivedEvent]) -> None:
        world.send(event(f"more{next(numbers)}"))

    world.store.trouble = more
    world.send(event("first"))
    world.drain(budget_seconds=0.5, config=dataclasses.replace(FAST, snapshot_interval_seconds=0.02))
    settled = world.settled_through()
    assert settled is not None
    assert settled > START


def test_an_operator_sees_how_far_it_is(world: World) -> None:
    seen: list[IngestProgress] = []
    world.send(*(event(f"e{number}") for number in range(30)))
    world.drain(on_progress=seen.append)
    assert seen[-1].outcome.stored == 30
    assert seen[-1].events_per_second > 0
    assert (seen[-1].visible, seen[-1].in_flight, seen[-1].oldest_unsettled) == (0, 0, None)
    assert (seen[-1].acknowledged, seen[-1].share_done, seen[-1].oldest_age) == (30, 1, None)


def test_no_more_is_taken_in_hand_than_the_pace_allows(world: World) -> None:
    depths: list[int] = []
    world.store.trouble = lambda _: depths.append(world.queue.depth().in_flight)
    world.send(*([event(f"e{number}-{part}") for part in range(10)] for number in range(100)))
    outcome = world.drain(config=dataclasses.replace(FAST, max_in_flight_events=300))
    assert outcome.stored == 1_000
    assert max(depths) <= 30 + 4 * 10


def test_outcomes_add_up() -> None:
    one = IngestOutcome(received=5, stored=2, duplicates=1, dead_letters={"bad-id": 2}, requests=7)
    two = IngestOutcome(received=3, stored=1, duplicates=0, dead_letters={"bad-id": 1, "not-json": 1}, requests=4)
    merged = IngestOutcome.merge([one, two])
    assert merged == IngestOutcome(8, 3, 1, {"bad-id": 3, "not-json": 1}, 11)
    assert IngestOutcome.merge([]) == IngestOutcome()
