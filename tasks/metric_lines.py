"""Metrics of a worker as JSON lines on its stdout, for CloudWatch, where `SIGNTALLY_METRICS_FORMAT=emf` asks for them.

A process that nobody can read lives too short for Prometheus and long enough for a line: the last ones are written as
it ends.
"""

import sys
import threading
from collections.abc import Callable

from prometheus_client.registry import Collector

from signtally.embedded_metrics import EmbeddedMetrics
from signtally.ending import at_end
from signtally.measurements import REGISTRY
from signtally.services import Services
from tasks.state_metrics import StateCollector

EMF = "emf"
_EVERY_SECONDS = 60.0


class MetricLines:
    """Writes what was measured once a minute, and what is left when it is closed; *write* takes a line."""

    def __init__(
        self, services: Services, *, write: Callable[[str], object], every_seconds: float = _EVERY_SECONDS
    ) -> None:
        self._write = write
        self._every_seconds = every_seconds
        self._metrics = EmbeddedMetrics()
        self._state = StateCollector(services)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, name="metric lines", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what was measured since the last lines. What queues and bucket say is no short process's to tell."""
        self._ended.set()
        self._thread.join()
        self._tell(REGISTRY)

    def _keep_writing(self) -> None:
        while not self._ended.wait(self._every_seconds):
            self._tell(REGISTRY, self._state)

    def _tell(self, *collectors: Collector) -> None:
        for line in self._metrics.lines(*collectors):
            self._write(line)


def write_if_asked(services: Services) -> None:
    """From now on until this process ends, if the setting says so."""
    if services.settings.metrics_format == EMF:
        at_end(MetricLines(services, write=_to_stdout).close)


def _to_stdout(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
