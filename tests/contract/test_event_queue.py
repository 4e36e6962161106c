"""What every queue does, the one in memory and SQS alike."""

import base64
import datetime as dt
import json
import time
import uuid
from collections.abc import Callable

import pytest

from signtally.aws.clients import AwsClients
from signtally.aws.sqs import SqsEventQueue
from signtally.domain.message_attributes import TypedText
from signtally.local.local_aws import LocalAws
from signtally.memory.queue import MemoryEventQueue
from signtally.ports.errors import NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.queue import EventQueue, OutgoingMessage, QueuedMessage

MakeQueue = Callable[[int], EventQueue]


@pytest.fixture
def make_memory_queue() -> MakeQueue:
    return lambda visibility_seconds: MemoryEventQueue(visibility_seconds=visibility_seconds)


@pytest.fixture
def make_sqs_queue(local_aws: LocalAws) -> MakeQueue:
    del local_aws  # it only has to run
    sqs = AwsClients().sqs

    def make(visibility_seconds: int) -> EventQueue:
        queue = SqsEventQueue(sqs, name=f"q-{uuid.uuid4().hex}", visibility_seconds=visibility_seconds)
        assert queue.provision()
        return queue

    return make


@pytest.fixture(params=["memory", "sqs"])
def make_queue(request: pytest.FixtureRequest) -> MakeQueue:
    make: MakeQueue = request.getfixturevalue(f"make_{request.param}_queue")
    return make


@pytest.fixture
def queue(make_queue: MakeQueue) -> EventQueue:
    return make_queue(60)


def send(queue: EventQueue, *bodies: str) -> None:
    queue.send([OutgoingMessage(body) for body in bodies])


def receive_all(queue: EventQueue, *, wait_seconds: int = 0) -> list[QueuedMessage]:
    found: list[QueuedMessage] = []
    while some := queue.receive(wait_seconds=wait_seconds):
        found += some
    return found


def test_a_message_comes_as_it_was_sent(queue: EventQueue) -> None:
    before = dt.datetime.now(dt.UTC)
    sent = OutgoingMessage('{"name": "Ána 署名"}', {"reason": "bad-id", "detail": "ünïcode …"})
    queue.send([sent])
    [found] = queue.receive(wait_seconds=1)
    assert (found.body, found.attributes) == (sent.body, sent.attributes)
    assert found.receive_count == 1
    assert abs(found.sent_at - before) < dt.timedelta(seconds=5)
    assert found.sent_at.utcoffset() == dt.timedelta(0)


def test_attributes_keep_their_types(queue: EventQueue) -> None:
    sent = {
        "size": TypedText.of("17", data_type="Number"),
        "key": TypedText.of(base64.b64encode(b"\0\xff").decode(), data_type="Binary.key"),
        "trace": "t",
    }
    queue.send([OutgoingMessage("a", sent)])
    [found] = queue.receive(wait_seconds=1)
    assert found.attributes == sent
    assert {name: queue.limits.type_of(value) for name, value in found.attributes.items()} == {
        "size": "Number",
        "key": "Binary.key",
        "trace": "String",
    }


def test_a_receive_brings_ten_at_most(queue: EventQueue) -> None:
    send(queue, *(str(number) for number in range(23)))
    first = queue.receive(wait_seconds=0)
    assert len(first) == 10
    rest = receive_all(queue)
    assert {found.body for found in [*first, *rest]} == {str(number) for number in range(23)}


def test_what_is_held_is_invisible_and_counted_as_in_flight(queue: EventQueue) -> None:
    send(queue, "a", "b", "c")
    assert (queue.depth().visible, queue.depth().in_flight) == (3, 0)
    held = queue.receive(wait_seconds=0)
    assert queue.receive(wait_seconds=0) == []
    assert (queue.depth().visible, queue.depth().in_flight) == (0, 3)
    assert queue.delete(held) == []
    assert (queue.depth().visible, queue.depth().in_flight) == (0, 0)


def test_many_are_deleted_at_once(queue: EventQueue) -> None:
    send(queue, *(str(number) for number in range(37)))
    assert queue.delete(receive_all(queue)) == []
    assert (queue.depth().visible, queue.depth().in_flight) == (0, 0)


def test_what_is_given_back_comes_again_at_once(queue: EventQueue) -> None:
    send(queue, "a", "b")
    first = queue.receive(wait_seconds=0)
    queue.extend(first, visibility_seconds=0)
    second = queue.receive(wait_seconds=1)
    assert {found.body for found in second} == {"a", "b"}
    assert [found.receive_count for found in second] == [2, 2]
    assert {found.message_id: found.sent_at for found in first} == {found.message_id: found.sent_at for found in second}


def test_what_is_not_deleted_in_time_comes_again(make_queue: MakeQueue) -> None:
    queue = make_queue(1)
    send(queue, "a")
    [first] = queue.receive(wait_seconds=0)
    [second] = queue.receive(wait_seconds=5)
    assert (second.message_id, second.receive_count) == (first.message_id, 2)


def test_a_receive_may_hide_what_it_brings_for_another_time(make_queue: MakeQueue) -> None:
    queue = make_queue(60)
    send(queue, "a")
    [first] = queue.receive(wait_seconds=0, visibility_seconds=1)
    [second] = queue.receive(wait_seconds=5, visibility_seconds=0)
    assert (second.message_id, second.receive_count) == (first.message_id, 2)
    assert queue.receive(wait_seconds=0), "given back as it came"


def test_an_extended_message_stays_away(make_queue: MakeQueue) -> None:
    queue = make_queue(1)
    send(queue, "a")
    queue.extend(queue.receive(wait_seconds=0), visibility_seconds=60)
    assert queue.receive(wait_seconds=2) == []


def test_a_receipt_of_an_earlier_receive_deletes_nothing(queue: EventQueue) -> None:
    send(queue, "a", "b")
    stale = queue.receive(wait_seconds=0)
    queue.extend(stale, visibility_seconds=0)
    fresh = queue.receive(wait_seconds=1)
    queue.extend(stale, visibility_seconds=0)  # no longer ours: no error, no effect
    assert queue.delete(stale) == stale
    assert queue.depth().in_flight == 2
    assert queue.delete(fresh) == []


def test_a_long_poll_ends_when_something_comes(queue: EventQueue) -> None:
    send(queue, "a")
    started = time.monotonic()
    assert queue.receive(wait_seconds=20)
    assert time.monotonic() - started < 5


def test_many_are_sent_within_the_limits_of_a_request(queue: EventQueue) -> None:
    send(queue, *(f"{number}{'x' * 300_000}" for number in range(7)), *(str(number) for number in range(25)))
    assert len({found.body for found in receive_all(queue, wait_seconds=1)}) == 32


@pytest.mark.parametrize("body", ["", "nul \0", "x" * 1_048_577])
def test_what_cannot_be_sent_says_so(queue: EventQueue, body: str) -> None:
    with pytest.raises(ServiceError):
        send(queue, body)
    assert queue.depth().visible == 0


def test_nothing_to_do_is_no_error(queue: EventQueue) -> None:
    queue.send([])
    queue.extend([], visibility_seconds=0)
    assert queue.delete([]) == []


def test_sqs_queue_that_does_not_exist_is_named(local_aws: LocalAws) -> None:
    del local_aws
    queue = SqsEventQueue(AwsClients().sqs, name="never-made")
    for call in (queue.depth, lambda: queue.receive(wait_seconds=0), lambda: queue.send([OutgoingMessage("a")])):
        with pytest.raises(NotProvisionedError, match=r"never-made.*signtally provision"):
            call()


def test_sqs_that_is_away_is_unavailable(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    del local_aws
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")
    with pytest.raises(ServiceUnavailableError, match="AWS_ENDPOINT_URL"):
        SqsEventQueue(AwsClients().sqs, name="any").depth()


def test_provisioning_makes_both_queues_and_mends_what_differs(local_aws: LocalAws) -> None:
    del local_aws
    sqs = AwsClients().sqs
    name = f"q-{uuid.uuid4().hex}"
    queue = SqsEventQueue(sqs, name=name, dead_letter_queue=f"{name}-dead")
    assert queue.provision()
    assert not queue.provision()
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5", "MessageRetentionPeriod": "60"})
    assert not queue.provision()

    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == str(14 * 86_400)
    assert attributes["VisibilityTimeout"] == "60"
    assert attributes["MaximumMessageSize"] == "1048576"
    assert attributes["ReceiveMessageWaitTimeSeconds"] == "20"
    policy = json.loads(attributes["RedrivePolicy"])
    assert policy["maxReceiveCount"] == 100
    assert policy["deadLetterTargetArn"].endswith(f":{name}-dead")
    dead_url = sqs.get_queue_url(QueueName=f"{name}-dead")["QueueUrl"]
    dead = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["All"])["Attributes"]
    assert dead["MessageRetentionPeriod"] == str(14 * 86_400)
