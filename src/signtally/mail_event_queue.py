"""The queue of mail events: what the mail service writes there, and another one for what nobody can read."""

import logging
from collections.abc import Sequence
from typing import Protocol

from signtally.ports.queue import EventQueue, QueuedMessage, QueuePair

_log = logging.getLogger(__name__)


class MailEventFeed(Protocol):
    """What a mail service has to be told so that it writes its events to the queue."""

    def provision(self) -> bool:
        """Have it do so; whether that was new. Raises a ServiceError."""
        ...


class MailEventQueue:
    """Events on one queue, dead letters on another. Methods raise a ServiceError, as queues do."""

    def __init__(self, events: EventQueue, dead_letters: EventQueue, *, feed: MailEventFeed | None = None) -> None:
        self._events = events
        self._dead_letters = dead_letters
        self._feed = feed

    @property
    def pair(self) -> QueuePair:
        return QueuePair(self._events, self._dead_letters)

    def receive(self, *, wait_seconds: int) -> list[QueuedMessage]:
        """Up to ten messages, or none after a long poll."""
        return self._events.receive(wait_seconds=wait_seconds)

    def acknowledge(self, messages: Sequence[QueuedMessage]) -> None:
        self._events.delete(messages)

    def release(self, message: QueuedMessage, *, delay_seconds: int) -> None:
        """Let it come again after a delay."""
        self._events.extend([message], visibility_seconds=delay_seconds)

    def bury(self, message: QueuedMessage, *, reason: str, detail: str) -> None:
        """Move a message to the dead letters; the log does not repeat the detail, which may name an address."""
        _log.error("the mail event %s became a dead letter (%s)", message.message_id, reason)
        self.pair.bury(message, reason=reason, detail=detail)

    def provision(self) -> dict[str, bool]:
        """Create both queues unless they exist; whether each had to be made."""
        return {"dead letters": self._dead_letters.provision(), "events": self._events.provision()}

    def provision_feed(self) -> bool:
        """Have the mail service write to the queue; whether that was new."""
        return self._feed is not None and self._feed.provision()
