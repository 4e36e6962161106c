"""A bounded pool of connections, of whichever driver; psycopg's own pool takes none of ADBC's."""

import contextlib
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from signtally.ports.errors import ServiceUnavailableError


class Closable(Protocol):
    """What both drivers' connections can do."""

    def close(self) -> None: ...


_Connection = TypeVar("_Connection", bound=Closable)


class ConnectionPool(Generic[_Connection]):
    """At most *size* connections at once. Nothing is connected before it is needed; the one used last is used next."""

    def __init__(self, connect: Callable[[], _Connection], *, size: int, wait_seconds: float) -> None:
        """*wait_seconds* is how long to wait while all connections are in use."""
        self._connect = connect
        self._idle: deque[_Connection] = deque()
        self._free = threading.BoundedSemaphore(size)
        self._size = size
        self._wait_seconds = wait_seconds
        weakref.finalize(self, _all_closed, self._idle)  # also at the program's end, so that the server is told

    @contextlib.contextmanager
    def connection(self) -> Iterator[_Connection]:
        """For one thread. After an error the connection is closed: who knows in which state it is.

        Raises ServiceUnavailableError when none becomes free in time.
        """
        if not self._free.acquire(timeout=self._wait_seconds):
            raise ServiceUnavailableError(
                f"PostgreSQL: all {self._size} connections of this process were in use for {self._wait_seconds:g} s; "
                "raise SIGNTALLY_POSTGRESQL_CONNECTIONS"
            )
        try:
            with contextlib.ExitStack() as unless_done:
                connection = self._taken() or self._connect()
                unless_done.callback(_closed, connection)
                yield connection
                unless_done.pop_all()
            self._idle.append(connection)
        finally:
            self._free.release()

    def close_idle(self) -> None:
        """Also after a connection was lost: those beside it most likely are too."""
        _all_closed(self._idle)

    def _taken(self) -> _Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None


def _all_closed(idle: deque[_Connection]) -> None:
    with contextlib.suppress(IndexError):
        while True:
            _closed(idle.pop())


def _closed(connection: Closable) -> None:
    with contextlib.suppress(Exception):  # it is gone either way
        connection.close()
