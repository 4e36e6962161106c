"""Dead letters on a real queue: looked at, replayed, and dead again, with ingest at work at the same time."""

import dataclasses
import datetime as dt
import json
import threading
from collections import Counter
from typing import Any

import pytest

from signtally.aws.clients import AwsClients
from signtally.domain.dead_letters import replays_of
from signtally.ports.queue import OutgoingMessage, QueueDepth, QueuedMessage
from signtally.sample.plan import TrafficPlan
from signtally.sample.sending import default_until, emit
from signtally.services import Services
from signtally.use_cases.dead_letters import list_dead_letters, replay_dead_letters
from signtally.use_cases.ingesting import IngestConfig, drain

CONFIG = IngestConfig(receive_wait_seconds=1)


@pytest.fixture
def services(real_services: Services) -> Services:
    """Queue and test run by one clock."""
    settings = real_services.settings.model_copy(update={"clock_skew": dt.timedelta(0)})
    return dataclasses.replace(real_services, settings=settings)


def letters_of(services: Services) -> list[QueuedMessage]:
    found: list[QueuedMessage] = []
    while some := services.dead_letters.receive(wait_seconds=1, visibility_seconds=30):
        found += some
    services.dead_letters.extend(found, visibility_seconds=0)
    return found


def test_junk_is_listed_replayed_and_comes_back_with_its_count(services: Services) -> None:
    until = default_until(services.clock())
    sent = emit(TrafficPlan(tenants=3, days=2, events=300, seed=3, until=until, junk=0.3), services=services)
    ingested = drain(services=services, config=CONFIG)
    assert ingested.dead_letters == sent.dead_letters
    bodies = Counter(letter.body for letter in letters_of(services))

    listing = list_dead_letters(services=services)
    assert {each.reason: each.count for each in listing.reasons} == ingested.dead_letters
    assert (listing.is_complete, listing.in_flight_elsewhere) == (True, 0)
    total = sum(ingested.dead_letters.values())
    assert services.dead_letters.depth() == QueueDepth(total, 0)

    assert replay_dead_letters(services=services, dry_run=True).replayed == ingested.dead_letters
    assert services.dead_letters.depth() == QueueDepth(total, 0)
    chosen = sorted(ingested.dead_letters)[:2]
    outcome = replay_dead_letters(services=services, reasons=chosen)
    assert outcome.replayed == {reason: ingested.dead_letters[reason] for reason in chosen}
    assert services.queue.depth() == QueueDepth(outcome.total, 0)
    again = drain(services=services, config=CONFIG)
    assert (again.stored, again.dead_letters) == (0, outcome.replayed)

    letters = letters_of(services)
    assert Counter(letter.body for letter in letters) == bodies
    for letter in letters:
        assert replays_of(letter.attributes) == (letter.attributes["reason"] in chosen)
    assert {each.reason for each in list_dead_letters(services=services).reasons if each.replayed} == set(chosen)


def test_mended_events_are_stored_once_while_ingest_is_at_work(services: Services) -> None:
    """Good events among the dead letters, as after a mended portal, profile or store; the rest is hopeless."""
    good = [_event(number) for number in range(120)]
    hopeless = [json.dumps({"junk": number}) for number in range(120)]
    for body in [*good, *hopeless]:
        services.dead_letters.send(
            [OutgoingMessage(body, {"reason": "gave-up", "detail": "then", "trace": body[-20:]})]
        )
    done = threading.Event()

    def ingest() -> None:
        while not done.is_set():
            drain(services=services, config=CONFIG)

    ingesting = threading.Thread(target=ingest)
    ingesting.start()
    try:
        outcome = replay_dead_letters(services=services)
    finally:
        done.set()
        ingesting.join()
    drain(services=services, config=CONFIG)
    assert outcome.replayed == {"gave-up": 240}
    day = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    events = services.usage_store.events(since=day, until=day + dt.timedelta(days=1), tenant_ids=["acme"])
    assert events.height == len(good)
    letters = letters_of(services)
    assert Counter(letter.body for letter in letters) == Counter(hopeless)
    assert {replays_of(letter.attributes) for letter in letters} == {1}
    assert all(letter.attributes["trace"] == letter.body[-20:] for letter in letters)


def test_whatever_attributes_a_sender_gave_come_through(services: Services) -> None:
    sqs = AwsClients().sqs
    url = sqs.get_queue_url(QueueName=services.settings.queue)["QueueUrl"]
    given: dict[str, Any] = {
        "size": {"DataType": "Number", "StringValue": "17"},
        "key": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
        "id": {"DataType": "String.uuid", "StringValue": "0c27-2225"},
    }
    sqs.send_message(QueueUrl=url, MessageBody='{"specversion": "1.0"}', MessageAttributes=given)
    for replays in (1, 2):
        drain(services=services, config=CONFIG)
        assert replay_dead_letters(services=services).replayed == {"bad-id": 1}
        [found] = sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0, WaitTimeSeconds=1
        )["Messages"]
        assert found["Body"] == '{"specversion": "1.0"}'
        assert found["MessageAttributes"] == given | {"replays": {"DataType": "String", "StringValue": str(replays)}}


def _event(number: int) -> str:
    data = {"tenant_id": "acme", "user_id": "ann", "document_id": f"d{number}"}
    fields = {"specversion": "1.0", "source": "/p", "type": "document.sent", "time": "2026-10-01T08:00:00Z"}
    return json.dumps({**fields, "id": f"e{number}", "data": data})
