"""A queue in memory, with SQS's manners: at-least-once delivery, visibility, receipts of one receive, limits."""

import dataclasses
import datetime as dt
import re
import threading
import time
import uuid
from collections.abc import Callable, Sequence

from signtally.domain.message_attributes import MessageLimits
from signtally.ports.errors import ServiceError
from signtally.ports.queue import OutgoingMessage, QueueDepth, QueuedMessage

_LIMITS = MessageLimits(message_bytes=1_048_576, attributes=10, text_type="String")  # those of SQS
_BATCH_SIZE = 10
_ALLOWED = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


@dataclasses.dataclass(slots=True)
class _Stored:
    """A message on the queue; *visible_at* lies ahead while somebody holds it."""

    message: OutgoingMessage
    message_id: str
    sent_at: dt.datetime
    visible_at: dt.datetime
    receive_count: int = 0
    receipt: str = ""


class MemoryEventQueue:
    """*sleep* is what an empty long poll does: by default it waits in real time, a test may move its clock instead."""

    def __init__(
        self,
        *,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        sleep: Callable[[float], object] | None = None,
        visibility_seconds: int = 60,
    ) -> None:
        self._clock = clock
        self._sleep = sleep or self._wait
        self._visibility_seconds = visibility_seconds
        self._stored: dict[str, _Stored] = {}
        self._changed = threading.Condition()

    @property
    def visibility_seconds(self) -> int:
        return self._visibility_seconds

    @property
    def limits(self) -> MessageLimits:
        return _LIMITS

    def receive(self, *, wait_seconds: int, visibility_seconds: int | None = None) -> list[QueuedMessage]:
        deadline = time.monotonic() + wait_seconds
        hidden_seconds = self._visibility_seconds if visibility_seconds is None else visibility_seconds
        found = self._take(hidden_seconds)
        if not found and wait_seconds:
            self._sleep(deadline - time.monotonic())
            found = self._take(hidden_seconds)
        return found

    def delete(self, messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        kept = []
        with self._changed:
            for message in messages:
                if self._held(message) is None:
                    kept.append(message)
                else:
                    del self._stored[message.message_id]
        return kept

    def extend(self, messages: Sequence[QueuedMessage], *, visibility_seconds: int) -> None:
        with self._changed:
            for message in messages:
                if (stored := self._held(message)) is not None:
                    stored.visible_at = self._clock() + dt.timedelta(seconds=visibility_seconds)
            self._changed.notify_all()

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        for message in messages:
            _check(message)
        with self._changed:
            for message in messages:
                now = self._clock()
                # SQS's SentTimestamp is in whole milliseconds.
                sent_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
                message_id = str(uuid.uuid4())
                self._stored[message_id] = _Stored(message, message_id, sent_at, visible_at=now)
            self._changed.notify_all()

    def depth(self) -> QueueDepth:
        with self._changed:
            now = self._clock()
            visible = sum(stored.visible_at <= now for stored in self._stored.values())
            return QueueDepth(visible, len(self._stored) - visible)

    def provision(self) -> bool:
        return False  # a dictionary needs no making

    def contents(self) -> list[OutgoingMessage]:
        """Everything that is on the queue, in flight or not, in the order of sending."""
        with self._changed:
            return [stored.message for stored in self._stored.values()]

    def _take(self, hidden_seconds: int) -> list[QueuedMessage]:
        with self._changed:
            now = self._clock()
            visible = [stored for stored in self._stored.values() if stored.visible_at <= now][:_BATCH_SIZE]
            for stored in visible:
                stored.visible_at = now + dt.timedelta(seconds=hidden_seconds)
                stored.receive_count += 1
                stored.receipt = str(uuid.uuid4())
            return [_queued(stored) for stored in visible]

    def _held(self, message: QueuedMessage) -> _Stored | None:
        stored = self._stored.get(message.message_id)
        return stored if stored is not None and stored.receipt == message.receipt else None

    def _wait(self, seconds: float) -> None:
        """Until something is visible, looking anew when something changes or a visibility may have run out."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while (left := deadline - time.monotonic()) > 0:
                now = self._clock()
                ahead = [(stored.visible_at - now).total_seconds() for stored in self._stored.values()]
                if any(wait <= 0 for wait in ahead):
                    return
                self._changed.wait(min([left, *ahead]))


def _queued(stored: _Stored) -> QueuedMessage:
    return QueuedMessage(
        stored.message_id,
        stored.receipt,
        stored.message.body,
        stored.sent_at,
        stored.receive_count,
        dict(stored.message.attributes),
    )


def _check(message: OutgoingMessage) -> None:
    """Raises ServiceError for what SQS would not take."""
    texts = [message.body, *message.attributes.values()]
    if not all(_ALLOWED.fullmatch(text) for text in texts):
        raise ServiceError("the message or an attribute is empty or holds characters outside the allowed set")
    if len(message.attributes) > _LIMITS.attributes:
        raise ServiceError(f"a message has {_LIMITS.attributes} attributes at most")
    size_bytes = len(message.body.encode()) + sum(_LIMITS.attribute_bytes(*pair) for pair in message.attributes.items())
    if size_bytes > _LIMITS.message_bytes:
        raise ServiceError(f"the message has {size_bytes} bytes; {_LIMITS.message_bytes} is the limit")
