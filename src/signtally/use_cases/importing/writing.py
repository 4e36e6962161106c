"""A chunk's events to the usage store: tenant by tenant, several requests at a time."""

import itertools
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from signtally.domain.dead_letters import DeadLetterReason
from signtally.domain.events import ReceivedEvent
from signtally.ports.usage_store import UsageStore, WriteOutcome, WriteResult
from signtally.use_cases.importing.pace import ImportPace
from signtally.use_cases.ingesting.patience import Patience
from signtally.use_cases.ingesting.writing import EventWriter, WriteFailure


class ChunkWriter:
    def __init__(
        self, store: UsageStore, pool: ThreadPoolExecutor, *, hurry: threading.Event, pace: ImportPace
    ) -> None:
        patience = Patience(hurry, pace.patience_seconds, pace.pause_seconds)
        self._writer = EventWriter(store, patience=patience)
        self._pool = pool
        self._hurry = hurry
        self._pace = pace

    def write(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        """What became of each event, in order; they have distinct ids. Raise a ServiceError."""
        # Neighbours of one tenant share what they have in common, which makes a request smaller.
        places = sorted(range(len(events)), key=lambda place: events[place].event.tenant_id)
        size = self._pace.write_events
        batches = [places[begin : begin + size] for begin in range(0, len(places), size)]
        written = self._pool.map(lambda batch: self._write([events[place] for place in batch]), batches)
        outcomes = dict(zip(places, itertools.chain.from_iterable(written), strict=True))
        return [outcomes[place] for place in range(len(events))]

    def _write(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        """Try what fails again and again while the store takes others; give up on it in the end."""
        outcomes: dict[int, WriteOutcome] = {}
        failed = list(range(len(events)))
        for attempt in range(1, self._pace.give_up_attempts + 1):
            results = self._writer.write([events[place] for place in failed])
            outcomes |= {place: _outcome(result) for place, result in zip(failed, results, strict=True)}
            failed = [place for place, result in zip(failed, results, strict=True) if isinstance(result, WriteFailure)]
            if not failed or (attempt < self._pace.give_up_attempts and self._hurry.wait(self._pace.retry_seconds)):
                break
        return [outcomes[place] for place in range(len(events))]


@contextmanager
def chunk_writer(store: UsageStore, *, pace: ImportPace) -> Iterator[ChunkWriter]:
    """A writer with threads of its own; when the import ends for whatever reason, none of them waits any longer."""
    hurry = threading.Event()
    pool = ThreadPoolExecutor(pace.writers, thread_name_prefix="import")
    try:
        yield ChunkWriter(store, pool, hurry=hurry, pace=pace)
    finally:
        hurry.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _outcome(result: WriteOutcome | WriteFailure) -> WriteOutcome:
    if isinstance(result, WriteFailure):
        return WriteOutcome(WriteResult.REFUSED, DeadLetterReason.GAVE_UP, result.detail)
    return result
