"""Batches to the usage store: patient with a store that is away, and never stopped by one event that it cannot take."""

import dataclasses
import time
from collections.abc import Sequence
from typing import Protocol

from signtally.domain.events import ReceivedEvent
from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.usage_store import WriteOutcome
from signtally.use_cases.patience import Patience

_ATTEMPTS_TOGETHER = 4  # at a batch that fails while others are taken, before it is taken apart


class EventSink(Protocol):
    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class WriteFailure:
    """The store took others but not this event, and did not refuse it for good either."""

    detail: str


class EventWriter:
    """Called from several threads.

    A store that takes nothing at all is away: the writer waits within its patience and then raises, for no event is to
    blame. A store that takes others and fails this batch has trouble with one of its events: halves are tried, down
    to that event, which alone comes back as a WriteFailure.
    """

    def __init__(self, store: EventSink, *, patience: Patience) -> None:
        self._store = store
        self._patience = patience
        self._last_success = float("-inf")  # on the monotonic clock

    def write(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome | WriteFailure]:
        """One result an event; raise ServiceUnavailableError, AccessRefusedError or NotProvisionedError."""
        first_failure = 0.0
        for attempt, is_last in enumerate(self._patience.attempts(), start=1):
            try:
                return self._put(events)
            except (AccessRefusedError, NotProvisionedError):
                raise
            except ServiceUnavailableError as error:
                first_failure = first_failure or time.monotonic()
                if attempt >= _ATTEMPTS_TOGETHER and self._last_success > first_failure:
                    return self._apart(events, error)
                if is_last:
                    raise
            except ServiceError as error:
                return self._apart(events, error)
        raise AssertionError("the last attempt returns or raises")

    def _put(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome | WriteFailure]:
        outcomes = self._store.put_events(events)
        self._last_success = time.monotonic()
        return [*outcomes]

    def _apart(self, events: Sequence[ReceivedEvent], error: ServiceError) -> list[WriteOutcome | WriteFailure]:
        if len(events) == 1:
            return [WriteFailure(str(error))]
        middle = len(events) // 2
        return [*self.write(events[:middle]), *self.write(events[middle:])]
