"""Batches to the usage store: retried while the store is away, and split until a bad event is found and set aside."""

import dataclasses
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from signtally.domain.events import ReceivedEvent
from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.usage_store import WriteOutcome
from signtally.retries import RetryPolicy
from signtally.use_cases.event_writing.probe import StoredEvents, find_probe_event

_ATTEMPTS_BEFORE_SPLIT = 4  # at a part that fails, before it is halved


class WritableEvents(StoredEvents, Protocol):
    """The part of `ports.usage_store.EventStore` that the writer uses."""

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class WriteFailure:
    """The store takes other events but not this one, and has not refused it for good: it may be tried again later."""

    detail: str


@dataclasses.dataclass(slots=True, eq=False)
class _Part:
    """Some of a batch's events, by their indices in it, and how often writing them together has failed."""

    indices: range
    failures: int = 0

    def halves(self) -> "tuple[_Part, _Part]":
        middle = len(self.indices) // 2
        return _Part(self.indices[:middle], self.failures - 1), _Part(self.indices[middle:], self.failures - 1)


@dataclasses.dataclass(slots=True)
class _Batch:
    """A write while it lasts: the parts still to be tried, and the results so far by index."""

    events: Sequence[ReceivedEvent]
    parts: deque[_Part]
    results: dict[int, WriteOutcome | WriteFailure]


class EventWriter:
    """Writes batches of events; many threads may share one writer.

    A store that takes nothing at all is away: no event is to blame, and the writer retries by its policy and then
    raises. A store that takes other events has trouble with one of these: the batch is halved, and halved again, until
    that event is alone. It comes back as a WriteFailure if the store takes another event *after* it failed: one that
    this writer stored before, or else a probe, an event that the tenant has in the store already.

    Where there is no other event, nobody can tell a poisoned event from a store that is away. Then "unavailable" is
    believed: the writer raises, the event stays where it came from, and the next event that is stored tells. Any other
    error is taken to be about the event.
    """

    def __init__(self, store: WritableEvents, *, retry_policy: RetryPolicy) -> None:
        self._store = store
        self._retry_policy = retry_policy
        self._last_success = float("-inf")  # monotonic: when the latest request that succeeded began
        self._probe: ReceivedEvent | None = None
        self._has_searched_probe = False

    def write(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome | WriteFailure]:
        """One result an event, in order. Raises a ServiceError when the store took nothing until retries ended."""
        batch = _Batch(events, deque([_Part(range(len(events)))]), {})
        while batch.parts:
            self._write_with_retries(batch)
        return [batch.results[index] for index in range(len(events))]

    def _write_with_retries(self, batch: _Batch) -> None:
        """Return when every part has its results, or when retries ended but the store took something meanwhile."""
        begun = time.monotonic()
        for is_last in self._retry_policy.attempts():
            error = self._try_parts(batch)
            if not batch.parts:
                return
            is_away = self._last_success < begun or self._retry_policy.cancel_event.is_set()
            if is_last and error is not None and is_away:
                raise error

    def _try_parts(self, batch: _Batch) -> ServiceError | None:
        """Try every part once, or stop at the first failure while the store takes nothing; return the last error."""
        last_error: ServiceError | None = None
        round_begun = time.monotonic()
        for _ in range(len(batch.parts)):
            part, begun = batch.parts.popleft(), time.monotonic()
            try:
                outcomes = self._put([batch.events[index] for index in part.indices])
                batch.results |= zip(part.indices, outcomes, strict=True)
            except (AccessRefusedError, NotProvisionedError):
                raise
            except ServiceError as error:
                last_error = error
                self._handle_failure(batch, part, error, begun=begun)
                if self._last_success < round_begun and (_is_transient(error) or part in batch.parts):
                    break
        return last_error

    def _handle_failure(self, batch: _Batch, part: _Part, error: ServiceError, *, begun: float) -> None:
        """Queue the part again, or its halves, or give its single event a WriteFailure."""
        # An error that is not transient would only be repeated: there is nothing to wait for.
        part.failures = part.failures + 1 if _is_transient(error) else _ATTEMPTS_BEFORE_SPLIT
        if part.failures < _ATTEMPTS_BEFORE_SPLIT:
            batch.parts.append(part)
            return
        takes_others = self._takes_others(batch.events[part.indices[0]], since=begun)
        if takes_others is False:
            batch.parts.append(part)
        elif len(part.indices) > 1:
            batch.parts.extend(part.halves())
        elif takes_others or not _is_transient(error):
            batch.results[part.indices[0]] = WriteFailure(str(error))
        else:
            batch.parts.append(part)

    def _put(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        begun = time.monotonic()
        outcomes = self._store.put_events(events)
        self._last_success, self._probe = max(begun, self._last_success), events[0]
        return outcomes

    def _takes_others(self, failed: ReceivedEvent, *, since: float) -> bool | None:
        """Whether the store took another event since then; None when there is no other event to try."""
        if self._last_success >= since:
            return True
        try:
            if self._probe is None and not self._has_searched_probe:
                self._has_searched_probe = True
                self._probe = find_probe_event(failed, store=self._store)
            if self._probe is None:
                return None
            self._put([self._probe])
        except ServiceError:
            return False
        return True


def _is_transient(error: ServiceError) -> bool:
    return isinstance(error, ServiceUnavailableError)
