"""What a replay of dead letters sends, over fakes, and what of it stays."""

import dataclasses
import datetime as dt
import json

import pytest

from signtally.domain.dead_letter_queues import QueueName, UnknownReasonError
from signtally.domain.dead_letters import (
    dead_letter_attributes,
    replayed_attributes,
    replays_of,
)
from signtally.domain.operator_events import EventName, OperatorEvent
from signtally.mail_event_queue import MailEventQueue
from signtally.memory.queue import MemoryEventQueue
from signtally.ports.errors import NotProvisionedError, ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage, QueueDepth
from signtally.report_queue import ReportQueue
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases.dead_letters import list_dead_letters, replay_dead_letters
from signtally.use_cases.delivering import handle_mail_events
from signtally.use_cases.ingesting import IngestConfig, drain
from tests.support.clocks import Clock
from tests.support.dead_letter_queues import TroubledQueue, put

LIMITS = MemoryEventQueue().limits  # those of SQS


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
