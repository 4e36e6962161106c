"""A queue of SQS: batches of ten, long polls, and partial failures that do not stay unseen."""

import base64
import datetime as dt
import functools
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from signtally.aws.errors import map_errors
from signtally.backoff import backoff_seconds
from signtally.domain.batches import batched
from signtally.domain.counted import counted
from signtally.domain.message_attributes import MessageLimits, TypedText
from signtally.ports.errors import NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage, QueueDepth, QueuedMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        MessageAttributeValueOutputTypeDef,
        MessageAttributeValueTypeDef,
        MessageTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

SQS_LIMITS = MessageLimits(message_bytes=1_048_576, attributes=10, text_type="String")
_BINARY = "Binary"  # the base type, as in `Binary.png`
_BATCH_SIZE = 10  # messages a request
_ATTEMPTS = 4  # at the entries of a batch that SQS failed by its own fault
_INITIAL_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.1, 1.0
_MAX_RECEIVES = 100
_RETENTION_SECONDS = 14 * 86_400  # the longest there is
_LONG_POLL_SECONDS = 20
_WAITING: tuple["QueueAttributeNameType", ...] = ("ApproximateNumberOfMessages",)
_IN_FLIGHT: tuple["QueueAttributeNameType", ...] = (
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class SqsEventQueue:
    """With *dead_letter_queue*, its name, `provision` makes that queue too and lets SQS move there what is hopeless."""

    def __init__(
        self, sqs: "SQSClient", *, name: str, dead_letter_queue: str | None = None, visibility_seconds: int = 60
    ) -> None:
        self._sqs = sqs
        self._name = name
        self._dead_letter_queue = dead_letter_queue
        self._visibility_seconds = visibility_seconds
        self._what = f"queue {name}"

    @property
    def visibility_seconds(self) -> int:
        return self._visibility_seconds

    @property
    def limits(self) -> MessageLimits:
        return SQS_LIMITS

    def receive(self, *, wait_seconds: int, visibility_seconds: int | None = None) -> list[QueuedMessage]:
        with map_errors("SQS", self._what):
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_BATCH_SIZE,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=self._visibility_seconds if visibility_seconds is None else visibility_seconds,
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
                MessageAttributeNames=["All"],
            )
        return [_message(found) for found in answer.get("Messages", ())]

    def delete(self, messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        kept: list[QueuedMessage] = []
        for batch in batched(messages, _BATCH_SIZE):
            remaining = {str(number): message for number, message in enumerate(batch)}
            for wait_seconds in _waits():
                time.sleep(wait_seconds)
                with map_errors("SQS", self._what):
                    failed = self._sqs.delete_message_batch(
                        QueueUrl=self._url,
                        Entries=[
                            {"Id": entry, "ReceiptHandle": message.receipt} for entry, message in remaining.items()
                        ],
                    ).get("Failed", [])
                kept += [remaining[entry["Id"]] for entry in failed if entry["SenderFault"]]
                remaining = {entry["Id"]: remaining[entry["Id"]] for entry in failed if not entry["SenderFault"]}
                if not remaining:
                    break
            kept += remaining.values()
        return kept

    def extend(self, messages: Sequence[QueuedMessage], *, visibility_seconds: int) -> None:
        for batch in batched(messages, _BATCH_SIZE):
            with map_errors("SQS", self._what):
                self._sqs.change_message_visibility_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": message.receipt, "VisibilityTimeout": visibility_seconds}
                        for number, message in enumerate(batch)
                    ],
                )

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        for batch in _requests(messages):
            remaining = {str(number): message for number, message in enumerate(batch)}
            failed: list[BatchResultErrorEntryTypeDef] = []
            for wait_seconds in _waits():
                time.sleep(wait_seconds)
                with map_errors("SQS", self._what):
                    entries = [_entry(number, message) for number, message in remaining.items()]
                    failed = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed", [])
                remaining = {entry["Id"]: remaining[entry["Id"]] for entry in failed}
                if not failed or any(entry["SenderFault"] for entry in failed):
                    break
            if failed:
                raise self._send_error(failed)

    def depth(self) -> QueueDepth:
        with map_errors("SQS", self._what):
            found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=[*_WAITING, *_IN_FLIGHT])
        figures = found.get("Attributes", {})
        waiting, in_flight = (sum(int(figures.get(name, 0)) for name in names) for names in (_WAITING, _IN_FLIGHT))
        return QueueDepth(waiting, in_flight)

    def provision(self) -> bool:
        attributes = self._attributes()
        try:
            url = self._url
        except NotProvisionedError:
            with map_errors("SQS", self._what):
                self._sqs.create_queue(QueueName=self._name, Attributes=attributes)
            return True
        with map_errors("SQS", self._what):
            found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {})
            if other := {name: value for name, value in attributes.items() if not _same(found.get(name), value)}:
                self._sqs.set_queue_attributes(QueueUrl=url, Attributes=other)
        return False

    @functools.cached_property
    def _url(self) -> str:
        with map_errors("SQS", self._what):
            return self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"]

    def _attributes(self) -> dict["QueueAttributeNameType", str]:
        attributes: dict[QueueAttributeNameType, str] = {
            "MessageRetentionPeriod": str(_RETENTION_SECONDS),
            # Queues of before 2025 take less: too little for a dead letter.
            "MaximumMessageSize": str(SQS_LIMITS.message_bytes),
            "VisibilityTimeout": str(self._visibility_seconds),
            "ReceiveMessageWaitTimeSeconds": str(_LONG_POLL_SECONDS),
        }
        if self._dead_letter_queue is not None:
            target = SqsEventQueue(self._sqs, name=self._dead_letter_queue)
            target.provision()
            policy = {"deadLetterTargetArn": target.arn, "maxReceiveCount": _MAX_RECEIVES}
            attributes["RedrivePolicy"] = json.dumps(policy)
        return attributes

    def allow_topic(self, topic_arn: str) -> None:
        """Let an SNS topic write to this queue, and nothing else of SNS."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        with map_errors("SQS", self._what):
            self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})

    @functools.cached_property
    def arn(self) -> str:
        with map_errors("SQS", self._what):
            found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        return found["Attributes"]["QueueArn"]

    def _send_error(self, failed: "Sequence[BatchResultErrorEntryTypeDef]") -> ServiceError:
        first = next((entry for entry in failed if entry["SenderFault"]), failed[0])
        messages = counted(len(failed), "message")
        text = f"SQS did not take {messages} for {self._what} ({first['Code']}: {first.get('Message', '')})"
        return ServiceError(text) if first["SenderFault"] else ServiceUnavailableError(f"{text}; try again")


def _message(found: "MessageTypeDef") -> QueuedMessage:
    system = found["Attributes"]
    return QueuedMessage(
        message_id=found["MessageId"],
        receipt=found["ReceiptHandle"],
        body=found["Body"],
        sent_at=dt.datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, dt.UTC),
        receive_count=int(system["ApproximateReceiveCount"]),
        attributes={name: _text(value) for name, value in found.get("MessageAttributes", {}).items()},
    )


def _text(value: "MessageAttributeValueOutputTypeDef") -> str:
    text = value["StringValue"] if "StringValue" in value else base64.b64encode(value["BinaryValue"]).decode()
    return text if value["DataType"] == SQS_LIMITS.text_type else TypedText.of(text, data_type=value["DataType"])


def _entry(number: str, message: OutgoingMessage) -> "SendMessageBatchRequestEntryTypeDef":
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": number,
        "MessageBody": message.body,
        "MessageAttributes": {name: _value(text) for name, text in message.attributes.items()},
    }
    if message.group is not None:
        entry["MessageGroupId"] = message.group
    return entry


def _value(text: str) -> "MessageAttributeValueTypeDef":
    data_type = SQS_LIMITS.type_of(text)
    if data_type.partition(".")[0] == _BINARY:
        return {"DataType": data_type, "BinaryValue": base64.b64decode(text)}
    return {"DataType": data_type, "StringValue": text}


def _requests(messages: Iterable[OutgoingMessage]) -> Iterator[list[OutgoingMessage]]:
    """Ten messages and 1 MiB a request, whichever comes first."""
    batch: list[OutgoingMessage] = []
    total_bytes = 0
    for message in messages:
        size_bytes = len(message.body.encode()) + _attributes_bytes(message.attributes)
        if batch and (len(batch) == _BATCH_SIZE or total_bytes + size_bytes > SQS_LIMITS.message_bytes):
            yield batch
            batch, total_bytes = [], 0
        batch.append(message)
        total_bytes += size_bytes
    if batch:
        yield batch


def _attributes_bytes(attributes: Mapping[str, str]) -> int:
    return sum(SQS_LIMITS.attribute_bytes(name, value) for name, value in attributes.items())


def _waits() -> Iterator[float]:
    """Seconds to wait before each attempt: none before the first, then a back-off."""
    yield 0
    for attempt in range(_ATTEMPTS - 1):
        yield backoff_seconds(attempt, initial_seconds=_INITIAL_BACKOFF_SECONDS, max_seconds=_MAX_BACKOFF_SECONDS)


def _same(found: str | None, wanted: str) -> bool:
    """Compare as JSON, which covers numbers and policies alike: SQS writes a policy's members in its own order."""
    return found is not None and json.loads(found) == json.loads(wanted)
