"""Prefect's server on SQLite: its event loop closes nobody's cursor."""

import gc
import threading

from tasks.prefect_server import COLLECTOR, collecting_apart

TIMEOUT_SECONDS = 60


class Cursor:
    """In a cycle, as those of SQLAlchemy are: only the garbage collector closes it."""

    def __init__(self, closed_by: list[str], closed: threading.Event) -> None:
        self.itself, self.closed_by, self.closed = self, closed_by, closed

    def __del__(self) -> None:
        self.closed_by.append(threading.current_thread().name)
        self.closed.set()


def test_garbage_is_collected_on_a_thread_of_its_own() -> None:
    closed_by, closed = list[str](), threading.Event()
    with collecting_apart(every_seconds=0.01):
        Cursor(closed_by, closed)
        more = [[each] for each in range(100_000)]  # more than Python lets pass by itself
        assert closed.wait(TIMEOUT_SECONDS)
        assert len(more) > 0
    assert closed_by == [COLLECTOR]
    assert gc.isenabled()
