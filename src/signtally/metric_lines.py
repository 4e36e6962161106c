"""Metrics as JSON lines on stdout, for CloudWatch, where `SIGNTALLY_METRICS_FORMAT=emf` asks for them.

A process that nobody can read lives too short for Prometheus and long enough for a line: the last ones are written as
it ends.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

from prometheus_client.registry import Collector

from signtally.embedded_metrics import EmbeddedMetrics
from signtally.ending import at_end

EMF = "emf"
_EVERY_SECONDS = 60.0


def _to_stdout(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class MetricLines:
    """Tells on stdout, or to *write*, what *collectors* know: what came since it was told before."""

    def __init__(self, *collectors: Collector, write: Callable[[str], object] = _to_stdout) -> None:
        self._collectors = collectors
        self._write = write
        self._metrics = EmbeddedMetrics()
        self._told_at = time.monotonic()

    def tell(self, *more: Collector) -> None:
        """Now, of these collectors too."""
        self._told_at = time.monotonic()
        for line in self._metrics.lines(*self._collectors, *more):
            self._write(line)

    def tell_after(self, seconds: float) -> None:
        """If so much time has passed since the last time: for a process that stands still between two calls."""
        if time.monotonic() - self._told_at >= seconds:
            self.tell()


@contextlib.contextmanager
def telling(lines: MetricLines, *state: Collector, every_seconds: float = _EVERY_SECONDS) -> Iterator[None]:
    """Tell once a minute during the block, and what is left at its end.

    *state* is told while the block lasts only: what queues and bucket say is no short process's to tell.
    """
    ended = threading.Event()

    def keep_telling() -> None:
        while not ended.wait(every_seconds):
            lines.tell(*state)

    thread = threading.Thread(target=keep_telling, name="metric lines", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        lines.tell()


def tell_until_the_end(lines: MetricLines, *state: Collector) -> None:
    """From now on until this process ends."""
    running = contextlib.ExitStack()
    running.enter_context(telling(lines, *state))
    at_end(running.close)
