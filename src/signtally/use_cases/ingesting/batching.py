"""From tracked messages to events in the store: gathered into batches, each identity written once."""

import dataclasses
import datetime as dt
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from functools import partial

from signtally.domain.dead_letters import DeadLetterReason
from signtally.domain.events import ReceivedEvent
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.use_cases.event_writing import EventWriter, WriteFailure
from signtally.use_cases.ingesting.config import IngestConfig
from signtally.use_cases.ingesting.in_flight import InFlightMessage
from signtally.use_cases.ingesting.metering import IngestStats
from signtally.use_cases.ingesting.task_pools import TaskPools

WRITE = "write"
_Order = tuple[dt.datetime, str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class EventOccurrence:
    """One event of one message: the first seen of its identity, or a copy that waits for what becomes of the first."""

    message: InFlightMessage
    index: int  # of the event in the message

    @property
    def received(self) -> ReceivedEvent:
        message = self.message.message
        return ReceivedEvent(self.message.parsed.events[self.index], message.sent_at, message.message_id)

    @property
    def event_id(self) -> str:
        return self.message.parsed.events[self.index].event_id

    @property
    def received_order(self) -> _Order:
        """Of two copies the smaller was received first and wins, as it does in aggregation."""
        return self.message.message.sent_at, self.message.message.message_id, self.index


@dataclasses.dataclass(slots=True, eq=False)
class PendingEvent:
    """An identity that waits to be written or is being written, with every copy of its id that came meanwhile."""

    first: EventOccurrence
    added_at: float  # monotonic
    occurrences: list[EventOccurrence]  # the first among them
    is_being_written: bool = False

    def is_same_record(self, other: EventOccurrence) -> bool:
        """Whether the store would see one record; a second send may keep the id and change the rest."""
        ours, theirs = (each.message.parsed.events[each.index] for each in (self.first, other))
        return (ours.occurred_at, ours.user_id, ours.action, ours.tenant_id) == (
            theirs.occurred_at,
            theirs.user_id,
            theirs.action,
            theirs.tenant_id,
        )


class WriteBatcher:
    """Events on their way to the store, and the ids of the *remembered* ones that were stored last."""

    def __init__(self, *, remembered: int) -> None:
        self._pending: dict[str, list[PendingEvent]] = {}  # by event id; nearly always one each
        self._waiting: deque[PendingEvent] = deque()
        self._stored: OrderedDict[str, _Order] = OrderedDict()
        self._remembered = remembered

    def add(self, occurrence: EventOccurrence) -> bool:
        """Take in an event; False when its id is stored already, so that it is a duplicate.

        A copy that was sent before the one we know, and differs from it, is written too: the store keeps both, and
        aggregation counts the one received first.
        """
        event_id = occurrence.event_id
        for pending in self._pending.get(event_id, ()):
            if pending.is_same_record(occurrence):
                if not pending.is_being_written and occurrence.received_order < pending.first.received_order:
                    pending.first = occurrence
            elif occurrence.received_order < pending.first.received_order:
                continue
            pending.occurrences.append(occurrence)
            return True
        known = self._stored.get(event_id)
        if known is not None and known <= occurrence.received_order:
            return False
        pending = PendingEvent(occurrence, time.monotonic(), [occurrence])
        self._pending.setdefault(event_id, []).append(pending)
        self._waiting.append(pending)
        return True

    def next_batch(self, size: int, *, at_least: int) -> list[PendingEvent]:
        """Up to *size* events of distinct identity to be written now; none unless *at_least* so many wait."""
        if not self._waiting or len(self._waiting) < at_least:
            return []
        batch = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
        for pending in batch:
            pending.is_being_written = True
        return batch

    def remove(self, pending: PendingEvent, *, is_stored: bool) -> bool:
        """End a write; return whether its id is new among the stored ones that are remembered.

        Only what this run stored is remembered: the touched hour of a record that another run stored may be missing,
        and the message that brought it must then be written, found identical, and its hour recorded.
        """
        event_id = pending.first.event_id
        remaining = [other for other in self._pending.pop(event_id) if other is not pending]
        if remaining:
            self._pending[event_id] = remaining
        if not is_stored:
            return False
        is_new = event_id not in self._stored
        self._stored[event_id] = min(
            pending.first.received_order, self._stored.get(event_id, pending.first.received_order)
        )
        if len(self._stored) > self._remembered:
            self._stored.popitem(last=False)
        return is_new

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def waiting_since(self) -> float | None:
        """When the longest-waiting event was added, on the monotonic clock."""
        return self._waiting[0].added_at if self._waiting else None


class WriteStage:
    """Writes the events of tracked messages, *writers* batches at a time, and hands over messages that are done.

    Touched by the thread that owns the run's state only.
    """

    def __init__(
        self, pools: TaskPools, writer: EventWriter, *, stats: IngestStats, config: IngestConfig, writers: int
    ) -> None:
        self.done_events = 0  # in the messages that wait to be handed over
        self._complete: list[InFlightMessage] = []
        self._failed: list[InFlightMessage] = []
        self._pools = pools
        self._writer = writer
        self._writers = writers
        self.stats = stats
        self._config = config
        self._batcher = WriteBatcher(remembered=config.remembered_event_ids)

    @property
    def is_idle(self) -> bool:
        return not self._batcher.waiting and not self._pools.busy(WRITE)

    @property
    def has_done(self) -> bool:
        return bool(self._complete or self._failed)

    def take_done(self) -> tuple[list[InFlightMessage], list[InFlightMessage]]:
        """Messages of which every event is stored, a duplicate or to be a dead letter; and those to be released.

        The latter have an event that could not be stored; the touched hours of their other events count all the same.
        """
        done = self._complete, self._failed
        self._complete, self._failed, self.done_events = [], [], 0
        return done

    def add(self, message: InFlightMessage) -> None:
        """Queue all events of a new message; of one that was released, those that failed."""
        indices = [index for index, _ in message.failed] if message.was_tried else range(len(message.parsed.events))
        message.failed, message.was_tried = [], True
        message.open_events = len(indices)
        for index in indices:
            self._queue(EventOccurrence(message, index))
        if not indices:
            self._finish(message)

    def start_writes(self, *, more_expected: bool) -> None:
        """Write full batches at once, and others when no more is expected or they have waited long enough."""
        while self._pools.busy(WRITE) < self._writers:
            since = self._batcher.waiting_since
            has_waited = since is not None and time.monotonic() - since >= self._config.write_wait_seconds
            size = self._config.write_batch_events
            batch = self._batcher.next_batch(size, at_least=size if more_expected and not has_waited else 1)
            if not batch:
                return
            events = [pending.first.received for pending in batch]
            self._pools.submit(WRITE, partial(self._writer.write, events), partial(self._written, batch))

    def _queue(self, occurrence: EventOccurrence) -> None:
        if not self._batcher.add(occurrence):
            self.stats.duplicates += 1
            self._close(occurrence)

    def _written(self, batch: Sequence[PendingEvent], results: Sequence[WriteOutcome | WriteFailure]) -> None:
        for pending, result in zip(batch, results, strict=True):
            if isinstance(result, WriteFailure) or result.result is WriteResult.REFUSED:
                self._on_not_stored(pending, result)
            elif result.result is WriteResult.STORED:
                self._on_stored(pending)
            else:
                self._on_duplicate(pending)

    def _on_stored(self, pending: PendingEvent) -> None:
        is_new = self._batcher.remove(pending, is_stored=True)
        pending.first.message.stored.append(pending.first.index)
        self.stats.stored += is_new
        self.stats.duplicates += len(pending.occurrences) - is_new
        for occurrence in pending.occurrences:
            self._close(occurrence)

    def _on_duplicate(self, pending: PendingEvent) -> None:
        """Another message stored it: perhaps one of those here, in a run that died before it recorded the hour.

        So its copies are tried as well, one by one. The store accepts the one whose record it holds as identical, and
        the hour is recorded then. (One that differs was sent later and must not count, hour or not.)
        """
        self._batcher.remove(pending, is_stored=False)
        for occurrence in pending.occurrences:
            if occurrence.message is not pending.first.message and pending.is_same_record(occurrence):
                self._queue(occurrence)
            else:
                self.stats.duplicates += 1
                self._close(occurrence)

    def _on_not_stored(self, pending: PendingEvent, result: WriteOutcome | WriteFailure) -> None:
        self._batcher.remove(pending, is_stored=False)
        for occurrence in pending.occurrences:
            message, index = occurrence.message, occurrence.index
            if not pending.is_same_record(occurrence):
                self._queue(occurrence)  # it waited for an event that came to nothing; now it counts for itself
                continue
            if isinstance(result, WriteFailure):
                message.failed.append((index, result.detail))
            else:
                message.refused.append((index, result.reason or DeadLetterReason.STORE_REFUSED, result.detail))
            self._close(occurrence)

    def _close(self, occurrence: EventOccurrence) -> None:
        occurrence.message.open_events -= 1
        if not occurrence.message.open_events:
            self._finish(occurrence.message)

    def _finish(self, message: InFlightMessage) -> None:
        self.done_events += message.size
        if message.failed and message.message.receive_count < self._config.max_receives:
            self._failed.append(message)
            return
        message.refused += [(index, DeadLetterReason.GAVE_UP, detail) for index, detail in message.failed]
        self._complete.append(message)
