"""Fakes whose calls go through a hook: a plan of faults, or whatever a test lets happen before a call."""

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from signtally.domain.events import ReceivedEvent
from signtally.domain.message_attributes import MessageLimits
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.ports.objects import ObjectSummary, StoredObject
from signtally.ports.queue import OutgoingMessage, QueueDepth, QueuedMessage
from signtally.ports.usage_store import WriteOutcome
from tests.support.crashes import CrashError

Result = TypeVar("Result")


class Hook(Protocol):
    """Called with each call of a service; does it, or raises."""

    def __call__(self, work: Callable[[], Result]) -> Result: ...


class FaultPlan:
    """One fate a call: `ok`, `before` or `after` (unavailable before or after it takes effect), or a crash likewise.

    Crashes are `crash-before` and `crash-after`; every later call raises CrashError. Calls beyond the plan are `ok`.
    Safe for many threads.
    """

    def __init__(self, plan: Iterable[str] = ()) -> None:
        self._plan = itertools.chain(plan, itertools.repeat("ok"))
        self._lock = threading.Lock()
        self._is_dead = False

    def __call__(self, work: Callable[[], Result]) -> Result:
        with self._lock:
            fate = next(self._plan)
            if self._is_dead:
                raise CrashError
            self._is_dead = fate.startswith("crash")
        if fate == "crash-before":
            raise CrashError
        if fate == "before":
            raise ServiceUnavailableError(fate)
        result = work()
        if fate == "crash-after":
            raise CrashError
        if fate == "after":
            raise ServiceUnavailableError(fate)
        return result


class InterposedQueue:
    """A queue whose every request goes through *hook*."""

    def __init__(self, queue: MemoryEventQueue, hook: Hook) -> None:
        self._queue = queue
        self._hook = hook

    @property
    def limits(self) -> MessageLimits:
        return self._queue.limits

    @property
    def visibility_seconds(self) -> int:
        return self._queue.visibility_seconds

    def receive(self, *, wait_seconds: int, visibility_seconds: int | None = None) -> list[QueuedMessage]:
        return self._hook(lambda: self._queue.receive(wait_seconds=wait_seconds, visibility_seconds=visibility_seconds))

    def delete(self, messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        return self._hook(lambda: self._queue.delete(messages))

    def extend(self, messages: Sequence[QueuedMessage], *, visibility_seconds: int) -> None:
        self._hook(lambda: self._queue.extend(messages, visibility_seconds=visibility_seconds))

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        self._hook(lambda: self._queue.send(messages))

    def depth(self) -> QueueDepth:
        return self._hook(self._queue.depth)

    def provision(self) -> bool:
        return self._queue.provision()


class InterposedObjects(MemoryObjectStore):
    """A bucket whose reads, writes and deletes of objects go through *hook*; listings do not."""

    def __init__(self, objects: MemoryObjectStore, hook: Hook) -> None:
        super().__init__()
        self._inner = objects
        self._hook = hook

    def get(self, key: str) -> StoredObject:
        return self._hook(lambda: self._inner.get(key))

    def put(self, key: str, body: bytes, *, content_type: str = "application/json") -> str:
        return self._hook(lambda: self._inner.put(key, body, content_type=content_type))

    def put_if_absent(self, key: str, body: bytes, *, content_type: str = "application/json") -> bool:
        return self._hook(lambda: self._inner.put_if_absent(key, body, content_type=content_type))

    def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
        return self._hook(lambda: self._inner.put_if_match(key, body, etag=etag, content_type=content_type))

    def delete(self, keys: Iterable[str]) -> None:
        self._hook(lambda: self._inner.delete(keys))

    def list_objects(self, prefix: str, *, after: str | None = None) -> Iterator[ObjectSummary]:
        return self._inner.list_objects(prefix, after=after)


class FaultyStore(MemoryUsageStore):
    """Writes go through a plan of faults; one that holds an event called `poison` always fails."""

    def __init__(self, store: MemoryUsageStore, faults: FaultPlan) -> None:
        super().__init__()
        self._inner = store
        self._faults = faults

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        assert len({(found.event.event_id, found.event.occurred_at, found.event.user_id) for found in events}) == len(
            events
        )
        if any(found.event.id == "poison" for found in events):
            raise ServiceError("something is wrong with an event")
        return self._faults(lambda: self._inner.put_events(events))
