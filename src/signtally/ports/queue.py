"""The queue of user actions and the queue of what could not be counted."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

from signtally.domain.dead_letters import dead_letter_attributes
from signtally.domain.message_attributes import MessageLimits


@dataclasses.dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message while we hold it; *receipt* is valid for this receive only."""

    message_id: str
    receipt: str
    body: str
    sent_at: dt.datetime  # aware, UTC: SentTimestamp, the same at every redelivery
    receive_count: int
    attributes: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class QueueDepth:
    """How much waits: approximate, as SQS's own figures are. What is delayed counts as in flight: it will come."""

    visible: int
    in_flight: int


@dataclasses.dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to be sent: its body, and string attributes by name."""

    body: str
    attributes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    group: str | None = None  # whose turn it is among others of the same queue, where the queue is fair


class EventQueue(Protocol):
    """A queue with at-least-once delivery. Methods raise a ServiceError of `signtally.ports.errors`."""

    @property
    def visibility_seconds(self) -> int:
        """How long a received message stays invisible to others unless that is extended."""
        ...

    @property
    def limits(self) -> MessageLimits:
        """How much a message to this queue may hold."""
        ...

    def receive(self, *, wait_seconds: int, visibility_seconds: int | None = None) -> list[QueuedMessage]:
        """Up to ten messages, or none after a long poll of *wait_seconds* (0–20).

        They stay invisible to others for *visibility_seconds*, or as long as is usual for this queue.
        """
        ...

    def delete(self, messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        """Delete in tens; return those that the queue did not delete (their receipt is no longer valid)."""
        ...

    def extend(self, messages: Sequence[QueuedMessage], *, visibility_seconds: int) -> None:
        """Keep messages invisible from now on for so long; 0 gives them back at once. Lost ones are no error."""
        ...

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        """Send in tens within SQS's limits (ten messages, 1 MiB a request); raise unless every one was taken."""
        ...

    def depth(self) -> QueueDepth: ...

    def provision(self) -> bool:
        """Create the queue unless it exists; whether it had to be made."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class QueuePair:
    """A queue, and the one to which its dead letters go."""

    queue: EventQueue
    dead_letters: EventQueue

    def bury(self, message: QueuedMessage, *, reason: str, detail: str) -> None:
        """Move a message to the dead letters, and say why in its attributes. Raises a ServiceError."""
        attributes = dead_letter_attributes(
            message.body,
            reason=reason,
            detail=detail,
            limits=self.dead_letters.limits,
            original=message.attributes,
        )
        self.dead_letters.send([OutgoingMessage(message.body, attributes)])
        self.queue.delete([message])
