"""CloudWatch's embedded metric format: metrics as JSON lines on stdout, of which CloudWatch Logs makes metrics.

Nothing is defined here: the lines are made from the registry that Prometheus reads. What Prometheus adds up since a
process began is written as what came since the line before, so that the processes of many machines add up.
"""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from prometheus_client import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

_NAMESPACE = "Signtally"
_MOST_METRICS = 100  # of one line, says the format
_CUMULATIVE = {"counter", "histogram"}
_LEFT_OUT = ("_bucket", "_created")  # a bucket would be a metric of its own, paid for each month
_UNITS = {"seconds": "Seconds", "bytes": "Bytes"}
_MILLISECONDS = 1000
Labels = tuple[tuple[str, str], ...]


class EmbeddedMetrics:
    """What *collectors* know, as lines; each call tells what came since the call before. Thread-safe."""

    def __init__(self, *, seconds: Callable[[], float] = time.time) -> None:
        self._seconds = seconds
        self._before: dict[tuple[str, Labels], float] = {}
        self._lock = threading.Lock()

    def lines(self, *collectors: Collector) -> list[str]:
        """One for each combination of labels of which there is anything to tell."""
        told = defaultdict[Labels, dict[str, float]](dict)
        with self._lock:
            for metric in _metrics(collectors):
                for sample in metric.samples:
                    labels = tuple(sorted(sample.labels.items()))
                    if (value := self._news(metric, sample, labels)) is not None:
                        told[labels][sample.name] = value
        now = int(self._seconds() * _MILLISECONDS)
        return [_line(labels, some, now) for labels, values in told.items() for some in _parts(values)]

    def _news(self, metric: Metric, sample: Sample, labels: Labels) -> float | None:
        """The value to write; None when there is none."""
        if sample.name.endswith(_LEFT_OUT):
            return None
        if metric.type not in _CUMULATIVE:
            return sample.value
        before = self._before.get((sample.name, labels), 0.0)
        self._before[sample.name, labels] = sample.value
        return (sample.value - before) or None


def _metrics(collectors: Iterable[Collector]) -> Iterable[Metric]:
    for collector in collectors:
        yield from collector.collect()


def _parts(values: dict[str, float]) -> Iterable[dict[str, float]]:
    names = [*values]
    for start in range(0, len(names), _MOST_METRICS):
        yield {name: values[name] for name in names[start : start + _MOST_METRICS]}


def _line(labels: Labels, values: dict[str, float], now: int) -> str:
    dimensions = [name for name, _ in labels]
    metrics = [{"Name": name, "Unit": _unit(name)} for name in values]
    directive = {"Namespace": _NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics}
    return json.dumps({"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, **dict(labels), **values})


def _unit(name: str) -> str:
    """By the name, as Prometheus has it: `signtally_report_seconds_sum`, `process_resident_memory_bytes`."""
    word = name.removesuffix("_sum").removesuffix("_total").rpartition("_")[2]
    return _UNITS.get(word, "Count")
