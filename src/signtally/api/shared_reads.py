"""Readings that callers share, none of whom is told what was read before they asked."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from anyio import to_thread

Value = TypeVar("Value")


class SharedReads(Generic[Value]):
    """Readings by what they are about, each on another thread; for coroutines of any event loop."""

    def __init__(self, read: Callable[[str], Value]) -> None:
        self._read = read
        self._waiting: dict[str, Future[Value]] = {}  # that have not begun: who asks now may share them
        self._under_way: dict[str, Future[Value]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # an event loop itself keeps none alive
        self._lock = threading.Lock()

    async def get(self, about: str) -> Value:
        """What a reading that begins after this call returns or raises; all who wait for it share it."""
        with self._lock:
            reading = self._waiting.get(about)
            if reading is None:
                reading = self._waiting[about] = Future()
                task = asyncio.create_task(self._make(reading, about, earlier=self._under_way.get(about)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(asyncio.wrap_future(reading))  # who goes away does not end it for the others

    async def _make(self, reading: Future[Value], about: str, *, earlier: Future[Value] | None) -> None:
        try:
            if earlier is not None:
                await asyncio.wait([asyncio.wrap_future(earlier)])
            with self._lock:
                self._under_way[about] = self._waiting.pop(about)
            value = await to_thread.run_sync(self._read, about)
        except BaseException as error:  # noqa: BLE001 -- told to each who waits for it
            self._forget(reading, about)
            reading.set_exception(error)
        else:
            self._forget(reading, about)
            reading.set_result(value)

    def _forget(self, reading: Future[Value], about: str) -> None:
        with self._lock:
            for readings in (self._waiting, self._under_way):
                if readings.get(about) is reading:
                    del readings[about]
