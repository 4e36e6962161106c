"""A chunk's events to the usage store: sorted by tenant, several requests at a time."""

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from signtally.domain.dead_letters import DeadLetterReason
from signtally.domain.events import ReceivedEvent
from signtally.ports.usage_store import UsageStore, WriteOutcome, WriteResult
from signtally.retries import RetryPolicy
from signtally.threads import ContextThreads
from signtally.use_cases.event_writing import EventWriter, WriteFailure
from signtally.use_cases.importing.config import ImportConfig


class ChunkWriter:
    """Writes on the threads of *pool*; *cancel_event* ends every wait."""

    def __init__(
        self, store: UsageStore, pool: ContextThreads, *, cancel_event: threading.Event, config: ImportConfig
    ) -> None:
        retry_policy = RetryPolicy(cancel_event, config.retry_budget_seconds, config.initial_backoff_seconds)
        self._writer = EventWriter(store, retry_policy=retry_policy)
        self._pool = pool
        self._cancel_event = cancel_event
        self._config = config

    def write(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        """One outcome an event, in order; the events have distinct ids. Raises a ServiceError."""
        # Neighbours of one tenant share what they have in common, which makes a request smaller.
        by_tenant = sorted(range(len(events)), key=lambda index: events[index].event.tenant_id)
        size = self._config.write_batch_events
        batches = [by_tenant[begin : begin + size] for begin in range(0, len(by_tenant), size)]
        written = self._pool.map(lambda batch: self._write([events[index] for index in batch]), batches)
        outcomes = dict(zip(by_tenant, itertools.chain.from_iterable(written), strict=True))
        return [outcomes[index] for index in range(len(events))]

    def _write(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        """Try the failed ones again while the store takes others; after the last attempt they are refused."""
        outcomes: dict[int, WriteOutcome] = {}
        failed = list(range(len(events)))
        for attempt in range(1, self._config.max_attempts + 1):
            results = self._writer.write([events[index] for index in failed])
            outcomes |= {index: _outcome(result) for index, result in zip(failed, results, strict=True)}
            failed = [index for index, result in zip(failed, results, strict=True) if isinstance(result, WriteFailure)]
            if not failed or (attempt < self._config.max_attempts and self._is_cancelled_in_wait()):
                break
        return [outcomes[index] for index in range(len(events))]

    def _is_cancelled_in_wait(self) -> bool:
        return self._cancel_event.wait(self._config.retry_interval_seconds)


@contextmanager
def chunk_writer(store: UsageStore, *, config: ImportConfig) -> Iterator[ChunkWriter]:
    """A writer with threads of its own; when the block ends for whatever reason, none of them waits any longer."""
    cancel_event = threading.Event()
    pool = ContextThreads(config.writers, thread_name_prefix="import")
    try:
        yield ChunkWriter(store, pool, cancel_event=cancel_event, config=config)
    finally:
        cancel_event.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _outcome(result: WriteOutcome | WriteFailure) -> WriteOutcome:
    if isinstance(result, WriteFailure):
        return WriteOutcome(WriteResult.REFUSED, DeadLetterReason.GAVE_UP, result.detail)
    return result
