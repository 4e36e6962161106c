"""CloudWatch's embedded metric format: metrics as JSON lines on stdout, of which CloudWatch Logs makes metrics.

Nothing is defined here: the lines are made from the registry that Prometheus reads. What Prometheus adds up since a
process began is written as what came since the line before, so that the processes of many machines add up.
"""

import itertools
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.registry import Collector

_NAMESPACE = "Signtally"
_MOST_METRICS = 100  # of one line, says the format
_COUNTER, _HISTOGRAM = "counter", "histogram"
_BUCKET, _SUM, _CREATED, _UPPER = "_bucket", "_sum", "_created", "le"
_UNITS = {"seconds": "Seconds", "bytes": "Bytes"}
_MILLISECONDS = 1000
Labels = tuple[tuple[str, str], ...]
Value = float | dict[str, object]  # a dictionary: how many observations there were of each value
Told = tuple[Labels, str, Value]  # of one combination of labels, by a metric's name


class EmbeddedMetrics:
    """What *collectors* know, as lines; each call tells what came since the call before. Thread-safe."""

    def __init__(self, *, seconds: Callable[[], float] = time.time) -> None:
        self._seconds = seconds
        self._before: dict[tuple[str, Labels], float] = {}
        self._lock = threading.Lock()

    def lines(self, *collectors: Collector) -> list[str]:
        """One for each combination of labels of which there is anything to tell."""
        by_labels = defaultdict[Labels, dict[str, Value]](dict)
        with self._lock:
            for metric in _metrics(collectors):
                told = self._of_histogram(metric) if metric.type == _HISTOGRAM else self._of(metric)
                for labels, name, value in told:
                    by_labels[labels][name] = value
        now = int(self._seconds() * _MILLISECONDS)
        return [_line(labels, some, now) for labels, values in by_labels.items() for some in _parts(values)]

    def _of(self, metric: Metric) -> Iterator[Told]:
        for sample in metric.samples:
            labels = _labels(sample.labels)
            if metric.type != _COUNTER:
                yield labels, sample.name, sample.value
            elif not sample.name.endswith(_CREATED) and (more := self._more(sample.name, labels, sample.value)):
                yield labels, sample.name, more

    def _of_histogram(self, metric: Metric) -> Iterator[Told]:
        """Prometheus's buckets hold all that is as large or smaller; CloudWatch's counts what is alike."""
        buckets = defaultdict[Labels, dict[float, float]](dict)
        sums: dict[Labels, float] = {}
        for sample in metric.samples:
            labels = _labels(sample.labels)
            if sample.name.endswith(_BUCKET):
                more = self._more(sample.name, _labels(sample.labels, but=()), sample.value)
                buckets[labels][float(sample.labels[_UPPER])] = more
            elif sample.name.endswith(_SUM):
                sums[labels] = self._more(sample.name, labels, sample.value)
        for labels, upper_bounds in buckets.items():
            if observed := _observed(upper_bounds, total=sums[labels]):
                yield labels, metric.name, observed

    def _more(self, name: str, labels: Labels, value: float) -> float:
        """How much was added since this was asked before."""
        before = self._before.get((name, labels), 0.0)
        self._before[name, labels] = value
        return value - before


def _observed(upper_bounds: Mapping[float, float], *, total: float) -> dict[str, object] | None:
    """How often each value, the middle of its bucket, was observed: of that CloudWatch makes percentiles."""
    lower, up_to_lower = 0.0, 0.0
    values, counts = list[float](), list[float]()
    for upper, up_to_upper in sorted(upper_bounds.items()):
        highest = lower if upper == float("inf") else upper
        if up_to_upper > up_to_lower:
            values.append(round((lower + highest) / 2, 6))
            counts.append(up_to_upper - up_to_lower)
        lower, up_to_lower = highest, up_to_upper
    if not counts:
        return None
    known = {"Min": values[0], "Max": values[-1], "Sum": total, "Count": sum(counts)}
    return {"Values": values, "Counts": counts, **known}


def _labels(labels: Mapping[str, str], *, but: tuple[str, ...] = (_UPPER,)) -> Labels:
    return tuple(sorted((name, value) for name, value in labels.items() if name not in but))


def _metrics(collectors: Iterable[Collector]) -> Iterable[Metric]:
    return itertools.chain.from_iterable(collector.collect() for collector in collectors)


def _parts(values: dict[str, Value]) -> Iterable[dict[str, Value]]:
    names = [*values]
    for start in range(0, len(names), _MOST_METRICS):
        yield {name: values[name] for name in names[start : start + _MOST_METRICS]}


def _line(labels: Labels, values: dict[str, Value], now: int) -> str:
    dimensions = [name for name, _ in labels]
    metrics = [{"Name": name, "Unit": _unit(name)} for name in values]
    directive = {"Namespace": _NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics}
    return json.dumps({"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, **dict(labels), **values})


def _unit(name: str) -> str:
    """By the name, as Prometheus has it: `signtally_report_seconds`, `process_resident_memory_bytes`."""
    return _UNITS.get(name.removesuffix("_total").rpartition("_")[2], "Count")
