"""Ports that count the requests they make: what a run costs is seen where it is spent."""

import dataclasses
import datetime as dt
import math
import threading
from collections.abc import Sequence

import polars as pl

from signtally.domain.events import ReceivedEvent
from signtally.ports.queue import EventQueue, OutgoingMessage, QueueDepth, QueuedMessage
from signtally.ports.usage_store import UsageStore, WriteOutcome

_BATCH = 10  # messages a request to a queue


@dataclasses.dataclass(slots=True)
class RequestCount:
    """Counted from many threads. What an adapter repeats by itself is not seen, nor a send cut in two by its size."""

    total: int = 0
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def add(self, number: int = 1) -> None:
        with self._lock:
            self.total += number


@dataclasses.dataclass(frozen=True, slots=True)
class CountedQueue:
    """The part of an EventQueue that ingest uses."""

    queue: EventQueue
    requests: RequestCount

    @property
    def visibility_seconds(self) -> int:
        return self.queue.visibility_seconds

    def receive(self, *, wait_seconds: int) -> list[QueuedMessage]:
        self.requests.add()
        return self.queue.receive(wait_seconds=wait_seconds)

    def delete(self, messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        self.requests.add(math.ceil(len(messages) / _BATCH))
        return self.queue.delete(messages)

    def extend(self, messages: Sequence[QueuedMessage], *, visibility_seconds: int) -> None:
        self.requests.add(math.ceil(len(messages) / _BATCH))
        self.queue.extend(messages, visibility_seconds=visibility_seconds)

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        self.requests.add(math.ceil(len(messages) / _BATCH))
        self.queue.send(messages)

    def depth(self) -> QueueDepth:
        self.requests.add()
        return self.queue.depth()


@dataclasses.dataclass(frozen=True, slots=True)
class CountedStore:
    """The part of a UsageStore that ingest uses."""

    store: UsageStore
    requests: RequestCount

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
