"""`python -m tasks.prefect_server start …`: Prefect's server, as `prefect server start …`, which SQLite cannot silence.

Python collects garbage on whichever thread allocates, mostly that of the server's event loop. A cursor among it is
closed there, and that waits while the cursor's connection waits for the database, on a thread of its own; but whoever
has the database cannot let go of it without the event loop. Until SQLite gives up after a minute, the server answers
nobody; then it says “database is locked”. Here a thread of its own collects, and the event loop goes on meanwhile.
docs/decisions/0066-garbage-collected-apart.md has the rest.
"""

import contextlib
import gc
import sys
import threading
from collections.abc import Iterator

COLLECTOR = "garbage collector"
_EVERY_SECONDS = 1.0  # a crowd of orders makes some 10 MB in that time
_ROUNDS_TO_A_FULL_ONE = 30


@contextlib.contextmanager
def collecting_apart(*, every_seconds: float = _EVERY_SECONDS) -> Iterator[None]:
    """In the block garbage of this process is collected on the thread `COLLECTOR` alone."""
    ended = threading.Event()
    collector = threading.Thread(target=_collect, args=(ended, every_seconds), name=COLLECTOR, daemon=True)
    gc.disable()
    collector.start()
    try:
        yield
    finally:
        ended.set()
        collector.join()
        gc.enable()


def _collect(ended: threading.Event, every_seconds: float) -> None:
    rounds = 0
    while not ended.wait(every_seconds):
        rounds += 1
        gc.collect(1 if rounds % _ROUNDS_TO_A_FULL_ONE else 2)


def main() -> None:
    import prefect.server.api.server  # noqa: F401, PLC0415 -- what it loads stays, and need not be looked through
    from prefect.cli import app  # noqa: PLC0415

    gc.collect()
    gc.freeze()
    sys.argv = ["prefect", "server", *sys.argv[1:]]
    with collecting_apart():
        app()


if __name__ == "__main__":
    main()
