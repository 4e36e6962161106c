"""Thread pools for calls that block, and one thread that owns the state and runs the callbacks."""

import queue
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from signtally.threads import ContextThreads

Result = TypeVar("Result")


class TaskPools:
    """One pool a kind of work, so that a slow kind never starves another; *threads* says how many threads each has.

    Callbacks run one at a time on the thread that calls `run_next_callback`: state that only this thread touches needs
    no lock.
    """

    def __init__(self, threads: Mapping[str, int]) -> None:
        self._pools = {kind: ContextThreads(number, thread_name_prefix=kind) for kind, number in threads.items()}
        self._callbacks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._busy: Counter[str] = Counter()

    def submit(self, kind: str, function: Callable[[], Result], on_done: Callable[[Result], None]) -> None:
        """Call *function* on a thread of its *kind*; its result goes to *on_done*, on the owner's thread."""
        self._busy[kind] += 1
        self._pools[kind].submit(function).add_done_callback(
            lambda future: self._callbacks.put(partial(self._finish, kind, future, on_done))
        )

    def busy(self, kind: str) -> int:
        """How many calls are submitted whose callback has not run yet."""
        return self._busy[kind]

    @property
    def has_callbacks(self) -> bool:
        return not self._callbacks.empty()

    def run_next_callback(self, *, timeout_seconds: float) -> bool:
        """Run one callback, waiting for it so long; False when there is none. Raises what the call raised."""
        try:
            callback = self._callbacks.get(timeout=timeout_seconds)
        except queue.Empty:
            return False
        callback()
        return True

    def close(self) -> None:
        """Cancel what has not begun and wait for the rest; its callbacks can still be run."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools.values():
            pool.shutdown(wait=True)

    def _finish(self, kind: str, future: Future[Result], on_done: Callable[[Result], None]) -> None:
        self._busy[kind] -= 1
        if not future.cancelled():  # cancelled is what had not begun when the run was abandoned
            on_done(future.result())
