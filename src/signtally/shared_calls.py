"""Callers that ask for the same at the same time share one call."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Value = TypeVar("Value")


class SharedCalls(Generic[Value]):
    """Calls by what they are about; thread-safe."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Future[Value]] = {}
        self._lock = threading.Lock()

    def call(self, about: Hashable, function: Callable[[], Value]) -> Value:
        """What *function* returns or raises, or what another caller's does that is under way about the same."""
        with self._lock:
            shared = self._under_way.get(about)
            if shared is None:
                own = self._under_way[about] = Future()
        if shared is not None:
            return shared.result()
        try:
            value = function()
        except BaseException as error:
            self._forget(about)
            own.set_exception(error)
            raise
        self._forget(about)
        own.set_result(value)
        return value

    def _forget(self, about: Hashable) -> None:
        """Before the result is told: who asks from now on is not to get what may be out of date."""
        with self._lock:
            del self._under_way[about]
