"""Every message that is invisible to others because of this run."""

import datetime as dt
from collections.abc import Sequence

from signtally.domain.cloud_events import ParsedBody
from signtally.ports.queue import QueuedMessage
from signtally.stores.joint_looks import Holdings
from signtally.use_cases.ingesting.held import HeldMessage


class Custody:
    """Times are on the monotonic clock. A message is in hand until it is deleted or given back."""

    def __init__(self) -> None:
        self.events = 0  # in the messages in hand
        self.deleted_messages = 0
        self._held: dict[str, HeldMessage] = {}
        self._left: dict[str, HeldMessage] = {}  # back on the queue unsettled, to come again
        self._undeleted: set[str] = set()  # settled, but the queue did not delete them

    def __len__(self) -> int:
        return len(self._held)

    def take(self, message: QueuedMessage, parsed: ParsedBody, *, invisible_until: float) -> HeldMessage | None:
        """None for a message that is in hand already: it came again, and only its newest receipt is valid.

        What was left comes back with what is known of it, so that only what failed is tried again; what was settled
        and not deleted comes back as settled, lest its dead letters be sent twice.
        """
        key = message.message_id
        held = self._held.get(key) or self._left.pop(key, None) or HeldMessage(message, parsed, invisible_until)
        held.message, held.invisible_until = message, invisible_until
        if key in self._held:
            return None
        if key in self._undeleted:
            self._undeleted.discard(key)
            held.is_settled = True
        self._held[key] = held
        self.events += held.size
        return held

    def deleted(self, messages: Sequence[HeldMessage], *, kept: Sequence[QueuedMessage]) -> None:
        """Let go of settled messages, of which the queue *kept* some."""
        for held in messages:
            self._let_go(held)
        self._undeleted.update(message.message_id for message in kept)
        self.deleted_messages += len(messages) - len(kept)

    def leave(self, held: HeldMessage, *, invisible_until: float) -> None:
        """Let go of an unsettled message, but remember that it is unsettled."""
        self._let_go(held)
        held.invisible_until = invisible_until
        self._left[held.message.message_id] = held

    def forget_left(self, *, now: float) -> None:
        """The queue is empty: what was left and became visible since is in nobody's hands, and so it is settled."""
        self._left = {key: held for key, held in self._left.items() if held.invisible_until >= now}

    def due(self, *, before: float) -> list[HeldMessage]:
        """What becomes visible to others before that time."""
        return [held for held in self._held.values() if held.invisible_until < before]

    def settled(self) -> list[HeldMessage]:
        return [held for held in self._held.values() if held.is_settled]

    def unsettled(self) -> list[HeldMessage]:
        return [held for held in self._held.values() if not held.is_settled]

    def holdings(self, *, now: float, empty_at: dt.datetime | None) -> Holdings:
        """What the queue counts as in flight because of us, and what of it is not settled."""
        invisible = [held for held in self._left.values() if held.invisible_until > now]
        returned = [held for held in self._left.values() if held.invisible_until <= now]
        return Holdings(
            in_hand=len(self._held) + len(invisible),
            oldest_unsettled=_oldest([*self.unsettled(), *invisible]),
            oldest_returned=_oldest(returned),
            empty_at=empty_at,
        )

    def _let_go(self, held: HeldMessage) -> None:
        if self._held.pop(held.message.message_id, None) is not None:
            self.events -= held.size


def _oldest(messages: Sequence[HeldMessage]) -> dt.datetime | None:
    return min((held.message.sent_at for held in messages), default=None)
