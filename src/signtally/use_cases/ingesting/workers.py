"""Threads for calls that block, and one thread that owns the state and handles what they return."""

import queue
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

Result = TypeVar("Result")


class Workers:
    """Calls run on threads, in pools by the kind of work so that a slow kind never starves another.

    What is to be done with a result runs on the thread that calls `handle_next`, one at a time: state that only this
    thread touches needs no lock.
    """

    def __init__(self, threads: Mapping[str, int]) -> None:
        self._pools = {kind: ThreadPoolExecutor(number, thread_name_prefix=kind) for kind, number in threads.items()}
        self._finished: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._busy: Counter[str] = Counter()

    def start(self, kind: str, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        """Call *work* on a thread of its *kind*; its result goes to *then* when that is handled."""
        self._busy[kind] += 1
        self._pools[kind].submit(work).add_done_callback(
            lambda future: self._finished.put(partial(self._handle, kind, future, then))
        )

    def busy(self, kind: str) -> int:
        """How many calls are started and not yet handled."""
        return self._busy[kind]

    @property
    def has_results(self) -> bool:
        return not self._finished.empty()

    def handle_next(self, *, timeout_seconds: float) -> bool:
        """Handle one result, waiting for it so long; raise what the call raised; False when there is none."""
        try:
            handle = self._finished.get(timeout=timeout_seconds)
        except queue.Empty:
            return False
        handle()
        return True

    def close(self) -> None:
        """Forget what has not begun and wait for what has; its results can still be handled."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools.values():
            pool.shutdown(wait=True)

    def _handle(self, kind: str, future: Future[Result], then: Callable[[Result], None]) -> None:
        self._busy[kind] -= 1
        if not future.cancelled():  # cancelled is what had not begun when the run was given up
            then(future.result())
