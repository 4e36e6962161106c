"""From messages in hand to events in the store: gathered into batches, each identity once."""

import time
from collections.abc import Sequence
from functools import partial

from signtally.domain.dead_letters import DeadLetterReason
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.use_cases.ingesting.held import Copy, DistinctEvent, Gathering, HeldMessage
from signtally.use_cases.ingesting.pace import IngestPace
from signtally.use_cases.ingesting.tally import Tally
from signtally.use_cases.ingesting.workers import Workers
from signtally.use_cases.ingesting.writing import EventWriter, WriteFailure

WRITE = "write"


class Storing:
    """Touched by the owner of the run's state only."""

    def __init__(self, workers: Workers, writer: EventWriter, *, tally: Tally, pace: IngestPace, writers: int) -> None:
        self.done_events = 0  # in the messages that wait to be handed over
        self._complete: list[HeldMessage] = []
        self._failed: list[HeldMessage] = []
        self._workers = workers
        self._writer = writer
        self._writers = writers
        self._tally = tally
        self._pace = pace
        self._gathering = Gathering(remembered=pace.remembered_events)

    @property
    def is_idle(self) -> bool:
        return not self._gathering.waiting and not self._workers.busy(WRITE)

    @property
    def has_done(self) -> bool:
        return bool(self._complete or self._failed)

    def hand_over(self) -> tuple[list[HeldMessage], list[HeldMessage]]:
        """Messages of which every event is stored, a duplicate or for the dead letters; and those that must come again.

        The latter have an event that could not be stored; what they stored besides is to be noted all the same.
        """
        done = self._complete, self._failed
        self._complete, self._failed, self.done_events = [], [], 0
        return done

    def take(self, held: HeldMessage) -> None:
        """All events of a new message; of one that was left, those that failed."""
        numbers = [number for number, _ in held.failed] if held.is_taken else range(len(held.parsed.events))
        held.failed, held.is_taken = [], True
        held.open_events = len(numbers)
        for number in numbers:
            self._gather(Copy(held, number))
        if not numbers:
            self._done(held)

    def start_writes(self, *, company_may_come: bool) -> None:
        """Write full batches at once, and others when nothing more is to be expected or the wait was long enough."""
        while self._workers.busy(WRITE) < self._writers:
            since = self._gathering.waiting_since
            waited = since is not None and time.monotonic() - since >= self._pace.gather_seconds
            size = self._pace.write_events
            batch = self._gathering.next_batch(size, at_least=size if company_may_come and not waited else 1)
            if not batch:
                return
            events = [distinct.first.received for distinct in batch]
            self._workers.start(WRITE, partial(self._writer.write, events), partial(self._written, batch))

    def _gather(self, copy: Copy) -> None:
        if not self._gathering.add(copy):
            self._tally.duplicates += 1
            self._close(copy)

    def _written(self, batch: Sequence[DistinctEvent], results: Sequence[WriteOutcome | WriteFailure]) -> None:
        for distinct, result in zip(batch, results, strict=True):
            if isinstance(result, WriteFailure) or result.result is WriteResult.REFUSED:
                self._not_written(distinct, result)
            elif result.result is WriteResult.STORED:
                self._stored(distinct)
            else:
                self._found_stored(distinct)

    def _stored(self, distinct: DistinctEvent) -> None:
        is_new = self._gathering.close(distinct, is_stored=True)
        distinct.first.held.stored.append(distinct.first.number)
        self._tally.stored += is_new
        self._tally.duplicates += len(distinct.copies) - is_new
        for copy in distinct.copies:
            self._close(copy)

    def _found_stored(self, distinct: DistinctEvent) -> None:
        """Another message stored it: perhaps one of those here, in a run that died before it could note that.

        So its copies are tried as well, one by one. The store takes the one whose record it holds for identical, and
        then its note is made up for. (One that differs was sent later and must not be counted, noted or not.)
        """
        self._gathering.close(distinct, is_stored=False)
        for copy in distinct.copies:
            if copy.held is not distinct.first.held and distinct.is_same(copy):
                self._gather(copy)
            else:
                self._tally.duplicates += 1
                self._close(copy)

    def _not_written(self, distinct: DistinctEvent, result: WriteOutcome | WriteFailure) -> None:
        self._gathering.close(distinct, is_stored=False)
        for copy in distinct.copies:
            if not distinct.is_same(copy):
                self._gather(copy)  # it waited for an event that came to nothing; now it counts for itself
                continue
            if isinstance(result, WriteFailure):
                copy.held.failed.append((copy.number, result.detail))
            else:
                copy.held.refused.append((copy.number, result.reason or DeadLetterReason.STORE_REFUSED, result.detail))
            self._close(copy)

    def _close(self, copy: Copy) -> None:
        copy.held.open_events -= 1
        if not copy.held.open_events:
            self._done(copy.held)

    def _done(self, held: HeldMessage) -> None:
        self.done_events += held.size
        if held.failed and held.message.receive_count < self._pace.give_up_receives:
            self._failed.append(held)
            return
        held.refused += [(number, DeadLetterReason.GAVE_UP, detail) for number, detail in held.failed]
        self._complete.append(held)
