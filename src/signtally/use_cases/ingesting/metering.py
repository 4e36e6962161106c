"""What a run counts: the requests that it makes to queues and the usage store, and the events that it has settled."""

import dataclasses
import datetime as dt
import math
import threading
from collections import Counter
from collections.abc import Sequence

import polars as pl

from signtally.domain.events import ReceivedEvent
from signtally.domain.ingest_outcome import IngestOutcome
from signtally.domain.message_attributes import MessageLimits
from signtally.ports.queue import EventQueue, OutgoingMessage, QueueDepth, QueuedMessage
from signtally.ports.usage_store import UsageStore, WriteOutcome

SQS_BATCH_SIZE = 10  # messages a request


@dataclasses.dataclass(slots=True)
class RequestCounter:
    """Counts from many threads. Retries inside an adapter are not seen, nor a send that is cut in two by its size."""

    total: int = 0
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def add(self, number: int = 1) -> None:
        with self._lock:
            self.total += number


@dataclasses.dataclass(frozen=True, slots=True)
class MeteredQueue:
    """The part of an EventQueue that ingest uses."""

    queue: EventQueue
    requests: RequestCounter

    @property
    def visibility_seconds(self) -> int:
        return self.queue.visibility_seconds

    @property
    def limits(self) -> MessageLimits:
        return self.queue.limits

    def receive(self, *, wait_seconds: int) -> list[QueuedMessage]:
        self.requests.add()
        return self.queue.receive(wait_seconds=wait_seconds)

    def delete(self, messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        self.requests.add(math.ceil(len(messages) / SQS_BATCH_SIZE))
        return self.queue.delete(messages)

    def extend(self, messages: Sequence[QueuedMessage], *, visibility_seconds: int) -> None:
        self.requests.add(math.ceil(len(messages) / SQS_BATCH_SIZE))
        self.queue.extend(messages, visibility_seconds=visibility_seconds)

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        self.requests.add(math.ceil(len(messages) / SQS_BATCH_SIZE))
        self.queue.send(messages)

    def depth(self) -> QueueDepth:
        self.requests.add()
        return self.queue.depth()


@dataclasses.dataclass(frozen=True, slots=True)
class MeteredStore:
    """The part of a UsageStore that ingest uses."""

    store: UsageStore
    requests: RequestCounter

    @property
    def text_limit_bytes(self) -> int:
        return self.store.text_limit_bytes

    def check(self) -> None:
        self.requests.add()
        self.store.check()

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        self.requests.add()
        return self.store.put_events(events)

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        self.requests.add()
        return self.store.days_with_events(since=since, until=until, tenant_ids=tenant_ids)

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        self.requests.add()
        return self.store.events(since=since, until=until, tenant_ids=tenant_ids)


@dataclasses.dataclass(slots=True)
class IngestStats:
    """Events that are settled; what is in flight or went back to the queue is in no figure."""

    requests: RequestCounter
    stored: int = 0
    duplicates: int = 0
    dead_letters: Counter[str] = dataclasses.field(default_factory=Counter)  # by reason

    def outcome(self) -> IngestOutcome:
        return IngestOutcome(
            received=self.stored + self.duplicates + self.dead_letters.total(),
            stored=self.stored,
            duplicates=self.duplicates,
            dead_letters=dict(sorted(self.dead_letters.items())),
            requests=self.requests.total,
        )
