"""How messages leave the run's hands: deleted in tens, given back, or kept invisible until then."""

import dataclasses
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.ports.queue import QueuedMessage
from signtally.use_cases.ingesting.counted_ports import CountedQueue
from signtally.use_cases.ingesting.custody import Custody
from signtally.use_cases.ingesting.held import HeldMessage
from signtally.use_cases.ingesting.patience import Patience
from signtally.use_cases.ingesting.workers import Workers

log = logging.getLogger(__name__)

QUEUE = "queue"
_TENS = 10  # messages a request
_LAST_PATIENCE_SECONDS = 10.0  # with the queue, when a run that has failed gives back what it holds


class Releasing:
    """Touched by the owner of the run's state only."""

    def __init__(
        self, workers: Workers, queue: CountedQueue, custody: Custody, *, patience: Patience, threads: int
    ) -> None:
        self._workers = workers
        self._queue = queue
        self._custody = custody
        self._patience = patience
        self._threads = threads
        self._settled: deque[HeldMessage] = deque()
        self._failed: list[HeldMessage] = []
        self._extended_at = time.monotonic()

    def delete(self, messages: Iterable[HeldMessage]) -> None:
        """Settled ones, soon, in company."""
        self._settled.extend(messages)

    def leave(self, messages: Iterable[HeldMessage]) -> None:
        """Unsettled ones, to come again after a while."""
        self._failed.extend(messages)

    def start_deletes(self, *, company_may_come: bool) -> None:
        """No more of them than run at once: when a look at the queue is due, they must soon be over."""
        while self._workers.busy(QUEUE) < self._threads:
            if len(self._settled) < (_TENS if company_may_come else 1):
                return
            some = [self._settled.popleft() for _ in range(min(_TENS, len(self._settled)))]
            work = partial(self._patience.call, partial(self._queue.delete, [held.message for held in some]))
            self._workers.start(QUEUE, work, partial(self._deleted, some))

    def start_leaving(self, *, for_seconds: int) -> None:
        for some in _tens(self._failed):
            details = [detail for held in some for _, detail in held.failed]
            log.warning("%d messages could not be settled and come again: %s", len(some), "; ".join(details[:1]))
            self._workers.start(QUEUE, partial(self._extend, some, for_seconds), partial(self._left, some, for_seconds))
        self._failed = []

    def start_extending(self) -> None:
        """Keep what takes long from becoming visible to others."""
        now, visibility_seconds = time.monotonic(), self._queue.visibility_seconds
        if now - self._extended_at < min(1, visibility_seconds / 8):
            return
        self._extended_at = now
        for some in _tens(self._custody.due(before=now + visibility_seconds / 2)):
            for held in some:
                held.invisible_until = now + visibility_seconds
            self._workers.start(QUEUE, partial(self._extend, some, visibility_seconds), lambda _: None)

    def release_all(self) -> None:
        """As far as the queue can be reached: what cannot be released comes again when its time is up."""
        settled, unsettled = self._custody.settled(), self._custody.unsettled()
        patience = dataclasses.replace(
            self._patience,
            hurry=threading.Event(),
            budget_seconds=min(_LAST_PATIENCE_SECONDS, self._patience.budget_seconds),
        )
        with ThreadPoolExecutor(self._threads) as pool:
            works: list[Callable[[], object]] = [
                *(partial(self._queue.delete, [held.message for held in some]) for some in _tens(settled)),
                *(partial(self._queue_extend, some, visibility_seconds=0) for some in _tens(unsettled)),
            ]
            try:
                for call in [pool.submit(patience.call, work) for work in works]:
                    call.result()
            except ServiceError as error:
                pool.shutdown(wait=False, cancel_futures=True)
                log.warning("not every message could be given back at once: %s", error)

    def _deleted(self, some: Sequence[HeldMessage], kept: Sequence[QueuedMessage]) -> None:
        self._custody.deleted(some, kept=kept)

    def _left(self, some: Sequence[HeldMessage], for_seconds: int, _: None) -> None:
        for held in some:
            self._custody.leave(held, invisible_until=time.monotonic() + for_seconds)

    def _extend(self, some: Sequence[HeldMessage], visibility_seconds: int) -> None:
        # This begins at half time: later than three quarters it would hardly help.
        patience = dataclasses.replace(self._patience, budget_seconds=self._queue.visibility_seconds / 4)
        try:
            patience.call(partial(self._queue_extend, some, visibility_seconds=visibility_seconds))
        except ServiceUnavailableError as error:
            # Then they come again early, which costs a second write and harms nothing.
            log.warning("%d messages may come again early: %s", len(some), error)

    def _queue_extend(self, some: Sequence[HeldMessage], *, visibility_seconds: int) -> None:
        self._queue.extend([held.message for held in some], visibility_seconds=visibility_seconds)


def _tens(messages: Iterable[HeldMessage]) -> Iterator[list[HeldMessage]]:
    remaining = iter(messages)
    while some := list(islice(remaining, _TENS)):
        yield some
