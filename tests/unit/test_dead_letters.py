"""What an operator sees of the dead letters, and what a replay sends, over fakes."""

import dataclasses
import datetime as dt
import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from signtally.domain.dead_letter_queues import QueueName, UnknownReasonError
from signtally.domain.dead_letters import (
    dead_letter_attributes,
    replayed_attributes,
    replays_of,
)
from signtally.domain.operator_events import EventName, OperatorEvent
from signtally.mail_event_queue import MailEventQueue
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage, QueueDepth, QueuedMessage
from signtally.report_queue import ReportQueue
from signtally.services import Services
from signtally.settings import Settings
from signtally.threads import ContextThreads
from signtally.use_cases.dead_letters import list_dead_letters, replay_dead_letters, scanner
from signtally.use_cases.ingesting import IngestConfig, drain
from signtally.use_cases.mail_events import handle_mail_events
from tests.support.clocks import Clock

LIMITS = MemoryEventQueue().limits  # those of SQS
START = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)


class TroubledQueue(MemoryEventQueue):
    """Refuses every send that holds the body *poison*; has no room for others once *away*."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock, sleep=clock.advance)
        self.poison: str | None = None
        self.away: ServiceError | None = None
        self.sends_before_away = 0

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        if any(message.body == self.poison for message in messages):
            raise ServiceError("the queue is made for smaller messages")
        if self.away is not None and self.sends_before_away <= 0:
            raise self.away
        self.sends_before_away -= 1
        super().send(messages)


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def queue(clock: Clock) -> TroubledQueue:
    return TroubledQueue(clock)


@pytest.fixture
def dead_letters(clock: Clock) -> MemoryEventQueue:
    return MemoryEventQueue(clock=clock, sleep=clock.advance)


@pytest.fixture
def services(clock: Clock, queue: TroubledQueue, dead_letters: MemoryEventQueue) -> Services:
    return Services(
        settings=Settings(clock_skew=dt.timedelta(0)),
        queue=queue,
        dead_letters=dead_letters,
        usage_store=MemoryUsageStore(),
        objects=MemoryObjectStore(),
        mailer=MemoryMailer(),
        report_queue=MemoryReportQueue(),
        clock=clock,
    )


def put(services: Services, reason: str | None, number: int = 1, **attributes: str) -> None:
    """*number* letters of a reason, a second apart; without one, as SQS's own redrive leaves them."""
    given = attributes if reason is None else {"reason": reason, "detail": "why", **attributes}
    for _ in range(number):
        services.dead_letters.send([OutgoingMessage(f"body of {reason}", given)])
        services.clock.advance(1)  # type: ignore[attr-defined]


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


def test_a_replay_sends_body_and_sender_attributes_and_raises_the_count(
    services: Services, queue: TroubledQueue
) -> None:
    put(services, "bad-time", trace="t", batch_message_id="m1")
    put(services, "bad-time", trace="u", replays="7")
    put(services, None, reply="to", detail="of the sender")
    outcome = replay_dead_letters(services=services)
    assert (outcome.replayed, outcome.total) == ({"bad-time": 2, "without-reason": 1}, 3)
    assert services.dead_letters.depth() == QueueDepth(0, 0)
    sent = sorted((message.body, sorted(message.attributes.items())) for message in queue.contents())
    assert sent == [
        ("body of None", [("detail", "of the sender"), ("replays", "1"), ("reply", "to")]),
        ("body of bad-time", [("replays", "1"), ("trace", "t")]),
        ("body of bad-time", [("replays", "8"), ("trace", "u")]),
    ]


def test_a_dry_run_says_what_would_go_and_moves_nothing(services: Services, queue: TroubledQueue) -> None:
    put(services, "bad-time", 12)
    put(services, "bad-id", 3)
    outcome = replay_dead_letters(services=services, reasons=["bad-time"], dry_run=True)
    assert (outcome.replayed, outcome.left) == ({"bad-time": 12}, {"bad-id": 3})
    assert queue.contents() == []
    assert services.dead_letters.depth() == QueueDepth(15, 0)


@pytest.mark.parametrize("call", [list_dead_letters, replay_dead_letters])
def test_an_unknown_reason_names_the_known_ones(services: Services, call: object) -> None:
    put(services, "bad-time")
    with pytest.raises(UnknownReasonError, match=r"'bad-tiem' is no reason.*bad-time.*gave-up.*without-reason"):
        call(services=services, reasons=["bad-tiem"])  # type: ignore[operator]


def test_what_the_queue_will_not_take_stays_and_holds_up_nobody(services: Services, queue: TroubledQueue) -> None:
    put(services, "bad-time", 14)
    put(services, "bad-id")
    queue.poison = "body of bad-id"
    outcome = replay_dead_letters(services=services)
    assert (outcome.replayed, outcome.refused) == ({"bad-time": 14}, {"bad-id": 1})
    assert services.dead_letters.depth() == QueueDepth(1, 0)


def test_a_replay_that_breaks_off_leaves_the_rest_and_says_what_went(
    services: Services, queue: TroubledQueue, caplog: pytest.LogCaptureFixture
) -> None:
    put(services, "bad-time", 40)
    queue.away, queue.sends_before_away = ServiceUnavailableError("away"), 2
    with pytest.raises(ServiceUnavailableError):
        replay_dead_letters(services=services, threads=1)
    assert len(queue.contents()) == 20
    assert services.dead_letters.depth() == QueueDepth(20, 0)
    assert "replayed before that: {'bad-time': 20}" in caplog.text


def test_a_replay_does_not_begin_where_it_could_not_send(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    put(services, "bad-time")

    def absent() -> QueueDepth:
        raise NotProvisionedError("SQS: queue signtally-events does not exist")

    monkeypatch.setattr(services.queue, "depth", absent)
    with pytest.raises(NotProvisionedError):
        replay_dead_letters(services=services)
    assert services.dead_letters.depth() == QueueDepth(1, 0)


def test_a_replay_waits_for_clocks_that_differ(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    put(services, "bad-time")
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    careful = dataclasses.replace(services, settings=Settings(clock_skew=dt.timedelta(seconds=2)))
    assert replay_dead_letters(services=careful, dry_run=True).total == 1
    assert slept == []
    assert replay_dead_letters(services=careful).total == 1
    assert slept == [2]


def test_an_element_that_failed_alone_comes_back_alone_with_its_count(services: Services, clock: Clock) -> None:
    element = {"specversion": "1.0", "source": "/p", "id": "e", "type": "document.sent", "time": "when?"}
    junk = [json.dumps(element), "null"]
    services.queue.send([OutgoingMessage(f"[{', '.join(junk)}]", {"trace": "t"})])
    config = IngestConfig(write_wait_seconds=0.001, commit_interval_seconds=0.001, snapshot_interval_seconds=0.005)
    for replays in range(3):
        drain(services=services, consumers=1, config=config)
        clock.advance(1)
        letters = services.dead_letters.contents()  # type: ignore[attr-defined]
        assert sorted(letter.body for letter in letters) == sorted(junk)
        assert {letter.attributes["reason"] for letter in letters} == {"bad-time", "not-an-event"}
        assert [replays_of(letter.attributes) for letter in letters] == [replays] * 2
        assert [letter.attributes["trace"] for letter in letters] == ["t"] * 2
        assert ["batch_message_id" in letter.attributes for letter in letters] == [not replays] * 2
        assert replay_dead_letters(services=services).total == 2
        clock.advance(1)


def test_mail_events_and_report_orders_are_listed_and_replayed_as_well(services: Services, clock: Clock) -> None:
    """What nobody can read comes back with its count; what is an order by now is made."""
    events, buried = (MemoryEventQueue(clock=clock, sleep=clock.advance) for _ in range(2))
    with_events = dataclasses.replace(services, mail_events=MailEventQueue(events, buried))
    events.send([OutgoingMessage("nonsense")])
    told: list[OperatorEvent] = []
    for replays in range(2):
        assert len(handle_mail_events(services=dataclasses.replace(with_events, tell=told.append)).dead_letters) == 1
        clock.advance(1)
        listing = list_dead_letters(services=with_events, queue=QueueName.MAIL_EVENTS)
        [summary] = listing.reasons
        assert (summary.reason, summary.count, summary.replayed) == ("not-json", 1, replays)
        assert summary.explanation.startswith("The body, or the message that SNS wrapped")
        assert listing.other_queues == {}
        assert list_dead_letters(services=with_events).other_queues == {"mail-events": 1}
        outcome = replay_dead_letters(services=with_events, queue=QueueName.MAIL_EVENTS, reasons=["not-json"])
        assert (outcome.replayed, events.depth(), buried.depth()) == (
            {"not-json": 1},
            QueueDepth(1, 0),
            QueueDepth(0, 0),
        )
    assert [(each.name, each.look) for each in told] == [
        (EventName.DEAD_LETTERS_GROWN, "signtally dead-letters list --queue mail-events")
    ] * 2

    orders = ReportQueue(*(MemoryEventQueue(clock=clock, sleep=clock.advance) for _ in range(2)))
    services = dataclasses.replace(services, report_queue=orders)
    orders.pair.dead_letters.send([OutgoingMessage("{}", {"reason": "gave-up"})])
    clock.advance(1)
    assert replay_dead_letters(services=services, queue=QueueName.REPORT_ORDERS).replayed == {"gave-up": 1}
    assert orders.depth() == QueueDepth(1, 0)
    with pytest.raises(UnknownReasonError, match=r"of report-orders: there are not-an-order, gave-up, without-reason"):
        list_dead_letters(services=services, queue=QueueName.REPORT_ORDERS, reasons=["bad-time"])
    with pytest.raises(NotProvisionedError, match="SMTP server"):
        list_dead_letters(services=services, queue=QueueName.MAIL_EVENTS)


def test_ten_attributes_and_a_mebibyte_hold_whatever_is_replayed() -> None:
    full = {f"theirs{number}": "x" for number in range(LIMITS.attributes)}
    assert replayed_attributes("{}", full, limits=LIMITS).keys() == {"replays", *sorted(full)[:9]}
    assert replayed_attributes("x" * LIMITS.message_bytes, {"reason": "not-json"}, limits=LIMITS) == {}
    again = dead_letter_attributes("{}", reason="bad-id", detail="d", limits=LIMITS, original=full | {"replays": "3"})
    assert (len(again), again["replays"]) == (LIMITS.attributes, "3")


@pytest.mark.parametrize("written", ["", "-1", "often", "٣", "9" * 5_000])
def test_an_attribute_of_somebody_else_is_no_count(written: str) -> None:
    assert replays_of({"replays": written}) == 0
    assert replayed_attributes("{}", {"replays": written}, limits=LIMITS) == {"replays": "1"}


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
