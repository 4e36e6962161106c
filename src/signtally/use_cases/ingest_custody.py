"""Every message that is invisible to others because of this run."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from signtally.domain.cloud_events import ParsedBody
from signtally.ports.queue import QueuedMessage
from signtally.use_cases.ingest_held import HeldMessage


@dataclasses.dataclass(frozen=True, slots=True)
class _Left:
    """A message that went back to the queue unsettled, to come again after a while."""

    sent_at: dt.datetime
    invisible_until: float


class Custody:
    """Times are on the monotonic clock. A message is in hand until it is deleted or given back."""

    def __init__(self) -> None:
        self.events = 0  # in the messages in hand
        self._held: dict[str, HeldMessage] = {}
        self._left: dict[str, _Left] = {}
        self._undeleted: set[str] = set()  # settled, but the queue did not delete them

    def __len__(self) -> int:
        return len(self._held)

    def take(self, message: QueuedMessage, parsed: ParsedBody, *, invisible_until: float) -> HeldMessage | None:
        """None for a message that is in hand already: it came again, and only its newest receipt is valid.

        One that was settled before and not deleted comes back as settled, lest its dead letters be sent twice.
        """
        if (known := self._held.get(message.message_id)) is not None:
            known.message, known.invisible_until = message, invisible_until
            return None
        self._left.pop(message.message_id, None)
        held = HeldMessage(message, parsed, invisible_until, open_events=len(parsed.events))
        held.is_settled = message.message_id in self._undeleted
        self._undeleted.discard(message.message_id)
        self._held[message.message_id] = held
        self.events += held.size
        return held

    def deleted(self, messages: Sequence[HeldMessage], *, kept: Sequence[QueuedMessage]) -> None:
        """Let go of settled messages, of which the queue *kept* some."""
        for held in messages:
            self._let_go(held)
        self._undeleted.update(message.message_id for message in kept)

    def leave(self, held: HeldMessage, *, invisible_until: float) -> None:
        """Let go of an unsettled message, but remember that it is unsettled."""
        self._let_go(held)
        self._left[held.message.message_id] = _Left(held.message.sent_at, invisible_until)

    def forget_left(self, *, now: float) -> None:
        """The queue is empty: what was left and became visible since is in nobody's hands, and so it is settled."""
        self._left = {key: left for key, left in self._left.items() if left.invisible_until >= now}

    def due(self, *, before: float) -> list[HeldMessage]:
        """What becomes visible to others before that time."""
        return [held for held in self._held.values() if held.invisible_until < before]

    def settled(self) -> list[HeldMessage]:
        return [held for held in self._held.values() if held.is_settled]

    def unsettled(self) -> list[HeldMessage]:
        return [held for held in self._held.values() if not held.is_settled]

    def oldest_unsettled(self) -> dt.datetime | None:
        sent = [held.message.sent_at for held in self._held.values() if not held.is_settled]
        return min([*sent, *(left.sent_at for left in self._left.values())], default=None)

    def in_flight(self, *, now: float) -> int:
        """How many the queue counts as in flight because of us."""
        return len(self._held) + sum(left.invisible_until > now for left in self._left.values())

    def _let_go(self, held: HeldMessage) -> None:
        if self._held.pop(held.message.message_id, None) is not None:
            self.events -= held.size
