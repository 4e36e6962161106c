"""A value that is read anew when it is older than a moment, however many ask for it."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """What *read* returned at most *seconds* ago. Threads that ask meanwhile wait for one reading."""

    def __init__(self, read: Callable[[], Value], *, seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._known: tuple[float, Value] | None = None  # when it was read (monotonic), and what
        self._lock = threading.Lock()

    def get(self) -> Value:
        """Raises what *read* raises; then the next call reads again."""
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > self._seconds:
                self._known = None
                self._known = (time.monotonic(), self._read())
            return self._known[1]

    def forget(self) -> None:
        """Let the next call read."""
        with self._lock:
            self._known = None
