"""Batches to the usage store: patient with a store that is away, and never stopped by one event that it cannot take."""

import dataclasses
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from signtally.domain.events import ReceivedEvent
from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.usage_store import WriteOutcome
from signtally.use_cases.ingesting.patience import Patience
from signtally.use_cases.ingesting.witness import EventReader, stored_beside

_ATTEMPTS_TOGETHER = 4  # at a part that fails, before it is taken apart


class EventStore(EventReader, Protocol):
    """The part of a UsageStore that ingest uses."""

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class WriteFailure:
    """The store takes others but not this event, and did not refuse it for good either."""

    detail: str


@dataclasses.dataclass(slots=True, eq=False)
class _Part:
    """Some of a batch's events, by their places in it."""

    places: range
    failures: int = 0

    def halves(self) -> "tuple[_Part, _Part]":
        middle = len(self.places) // 2
        return _Part(self.places[:middle], self.failures - 1), _Part(self.places[middle:], self.failures - 1)


@dataclasses.dataclass(slots=True)
class _Batch:
    """A write while it lasts: what is still to be tried, and the results so far by place."""

    events: Sequence[ReceivedEvent]
    parts: deque[_Part]
    results: dict[int, WriteOutcome | WriteFailure]


class EventWriter:
    """Called from several threads.

    A store that takes nothing at all is away: no event is to blame, and the writer waits within its patience and then
    raises. A store that takes other events has trouble with one of these: halves are tried, and halves of halves, until
    that event is alone. It comes back as a WriteFailure if the store takes another event *after* it failed: one that
    this run stored before, or else one that the tenant has in the store already.

    Where there is no other, nobody can tell a poisoned event from a store that is away. Then "not now" is believed: the
    event stays on the queue, the run fails for an operator to see, and the next event that is stored tells. Any other
    error is taken to be about the event.
    """

    def __init__(self, store: EventStore, *, patience: Patience) -> None:
        self._store = store
        self._patience = patience
        self._last_success = float("-inf")  # on the monotonic clock: when the latest request that succeeded began
        self._witness: ReceivedEvent | None = None  # stored already: writing it again changes nothing
        self._has_searched = False  # the store for a witness

    def write(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome | WriteFailure]:
        """One result an event; raise a ServiceError when patience ends and the store has taken nothing meanwhile."""
        batch = _Batch(events, deque([_Part(range(len(events)))]), {})
        while batch.parts:
            self._try_patiently(batch)
        return [batch.results[place] for place in range(len(events))]

    def _try_patiently(self, batch: _Batch) -> None:
        """Settle the batch, or find after all patience that the store is not away, and that it is worth going on."""
        begun = time.monotonic()
        for is_last in self._patience.attempts():
            error = self._try_parts(batch)
            if not batch.parts:
                return
            if is_last and error is not None and (self._last_success < begun or self._patience.hurry.is_set()):
                raise error

    def _try_parts(self, batch: _Batch) -> ServiceError | None:
        """Try every part once, or none after the first failure while the store takes nothing; return the last error."""
        last_error: ServiceError | None = None
        round_begun = time.monotonic()
        for _ in range(len(batch.parts)):
            part, begun = batch.parts.popleft(), time.monotonic()
            try:
                outcomes = self._put([batch.events[place] for place in part.places])
                batch.results |= zip(part.places, outcomes, strict=True)
            except (AccessRefusedError, NotProvisionedError):
                raise
            except ServiceError as error:
                last_error = error
                self._failed(batch, part, error, begun=begun)
                if self._last_success < round_begun and (_is_passing(error) or part in batch.parts):
                    break
        return last_error

    def _failed(self, batch: _Batch, part: _Part, error: ServiceError, *, begun: float) -> None:
        """Put the part back, or its halves, or let its one event fail."""
        # Anything but "not now" would be said again: there is nothing to wait for.
        part.failures = part.failures + 1 if _is_passing(error) else _ATTEMPTS_TOGETHER
        if part.failures < _ATTEMPTS_TOGETHER:
            batch.parts.append(part)
            return
        takes_others = self._takes_others(batch.events[part.places[0]], since=begun)
        if takes_others is False:
            batch.parts.append(part)
        elif len(part.places) > 1:
            batch.parts.extend(part.halves())
        elif takes_others or not _is_passing(error):
            batch.results[part.places[0]] = WriteFailure(str(error))
        else:
            batch.parts.append(part)

    def _put(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        begun = time.monotonic()
        outcomes = self._store.put_events(events)
        self._last_success, self._witness = max(begun, self._last_success), events[0]
        return outcomes

    def _takes_others(self, failed: ReceivedEvent, *, since: float) -> bool | None:
        """None when there is no other event to try it with."""
        if self._last_success >= since:
            return True
        try:
            if self._witness is None and not self._has_searched:
                self._has_searched = True
                self._witness = stored_beside(failed, store=self._store)
            if self._witness is None:
                return None
            self._put([self._witness])
        except ServiceError:
            return False
        return True


def _is_passing(error: ServiceError) -> bool:
    return isinstance(error, ServiceUnavailableError)
