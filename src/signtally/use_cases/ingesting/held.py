"""What ingest has in hand: messages, and their events, each identity once."""

import dataclasses
import datetime as dt
import time
from collections import OrderedDict, deque

from signtally.domain.cloud_events import ParsedBody
from signtally.domain.events import ReceivedEvent
from signtally.ports.queue import QueuedMessage

_FirstReceived = tuple[dt.datetime, str, int]


@dataclasses.dataclass(slots=True, eq=False)
class HeldMessage:
    """A message from its receive until it is deleted or given back; deleted only when all its events are settled."""

    message: QueuedMessage
    parsed: ParsedBody
    invisible_until: float  # on the monotonic clock
    is_taken: bool = False  # its events went to be stored before; only those that failed need go again
    open_events: int = 0  # not yet stored, known as duplicates, refused or failed
    is_settled: bool = False  # stored, noted, and its bad parts dead-lettered; the delete may be under way
    stored: list[int] = dataclasses.field(default_factory=list)  # numbers of its events that are not noted yet
    refused: list[tuple[int, str, str]] = dataclasses.field(default_factory=list)  # number, reason, detail
    failed: list[tuple[int, str]] = dataclasses.field(default_factory=list)  # number, detail

    @property
    def size(self) -> int:
        return len(self.parsed.events) + len(self.parsed.bad)


@dataclasses.dataclass(frozen=True, slots=True)
class Copy:
    """One event of one message: the first seen of its identity, or a copy that waits for what becomes of that."""

    held: HeldMessage
    number: int  # of the event in the message

    @property
    def received(self) -> ReceivedEvent:
        message = self.held.message
        return ReceivedEvent(self.held.parsed.events[self.number], message.sent_at, message.message_id)

    @property
    def order(self) -> _FirstReceived:
        """Of two copies the smaller was received first and wins, as it does where days are aggregated."""
        return self.held.message.sent_at, self.held.message.message_id, self.number


@dataclasses.dataclass(slots=True, eq=False)
class DistinctEvent:
    """An identity that waits to be written or is being written, with every copy of its id that came meanwhile."""

    first: Copy
    gathered_at: float  # on the monotonic clock
    copies: list[Copy]  # the first among them
    is_being_written: bool = False

    def is_same(self, copy: Copy) -> bool:
        """Whether the store would see one identity; a second send may keep the id and change the rest."""
        ours, theirs = (each.held.parsed.events[each.number] for each in (self.first, copy))
        return (ours.occurred_at, ours.user_id, ours.action, ours.tenant_id) == (
            theirs.occurred_at,
            theirs.user_id,
            theirs.action,
            theirs.tenant_id,
        )


class Gathering:
    """Events on their way to the store, and the ids of those that went there last, bounded by *remembered*."""

    def __init__(self, *, remembered: int) -> None:
        self._open: dict[str, list[DistinctEvent]] = {}  # by event id; nearly always one each
        self._waiting: deque[DistinctEvent] = deque()
        self._stored: OrderedDict[str, _FirstReceived] = OrderedDict()
        self._remembered = remembered

    def add(self, copy: Copy) -> bool:
        """Take in an event; False when its id is stored already, so that it is settled as it stands.

        A copy that was sent before the one we know, and differs from it, is written too: the store keeps both, and
        aggregation counts the one received first.
        """
        event_id = copy.held.parsed.events[copy.number].event_id
        for distinct in self._open.get(event_id, ()):
            if distinct.is_same(copy):
                if not distinct.is_being_written and copy.order < distinct.first.order:
                    distinct.first = copy
            elif copy.order < distinct.first.order:
                continue
            distinct.copies.append(copy)
            return True
        known = self._stored.get(event_id)
        if known is not None and known <= copy.order:
            return False
        distinct = DistinctEvent(copy, time.monotonic(), [copy])
        self._open.setdefault(event_id, []).append(distinct)
        self._waiting.append(distinct)
        return True

    def next_batch(self, size: int, *, at_least: int) -> list[DistinctEvent]:
        """Up to *size* events of distinct identity to be written now; none unless *at_least* so many wait."""
        if not self._waiting or len(self._waiting) < at_least:
            return []
        batch = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
        for distinct in batch:
            distinct.is_being_written = True
        return batch

    def close(self, distinct: DistinctEvent, *, is_stored: bool) -> bool:
        """End a write; whether its id is new among the stored ones we remember.

        Only what this run stored is remembered: a record that another run stored may lack its note for aggregation,
        and the message that brought it must then be written, found identical, and noted.
        """
        event_id = distinct.first.held.parsed.events[distinct.first.number].event_id
        remaining = [other for other in self._open.pop(event_id) if other is not distinct]
        if remaining:
            self._open[event_id] = remaining
        if not is_stored:
            return False
        is_new = event_id not in self._stored
        self._stored[event_id] = min(distinct.first.order, self._stored.get(event_id, distinct.first.order))
        if len(self._stored) > self._remembered:
            self._stored.popitem(last=False)
        return is_new

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def waiting_since(self) -> float | None:
        """When the longest-waiting event was gathered, on the monotonic clock."""
        return self._waiting[0].gathered_at if self._waiting else None
