"""What this process measures for Prometheus, in one registry. Nothing in it is about a tenant or a person."""

import contextlib
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_QUICK_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SLOW_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

AWS_SECONDS = Histogram(
    "signtally_aws_request_seconds",
    "One request to AWS, its retries included",
    ("service", "operation"),
    buckets=_QUICK_SECONDS,
    registry=REGISTRY,
)
AWS_ERRORS = Counter(
    "signtally_aws_errors",
    "Requests that AWS answered with an error",
    ("service", "operation", "code"),
    registry=REGISTRY,
)
EVENTS = Counter(
    "signtally_events",
    "Events off the queue, by what became of them: stored, duplicate, dead_letter",
    ("became",),
    registry=REGISTRY,
)
REPORT_SECONDS = Histogram(
    "signtally_report_seconds", "Making one report version", ("result",), buckets=_SLOW_SECONDS, registry=REGISTRY
)
DELIVERY_SECONDS = Histogram(
    "signtally_delivery_seconds",
    "One occurrence of a schedule: reports or digests",
    ("kind", "result"),
    buckets=_SLOW_SECONDS,
    registry=REGISTRY,
)
MAILS = Counter("signtally_mails", "Emails to recipients, by what became of them", ("state",), registry=REGISTRY)


@contextlib.contextmanager
def timed(histogram: Histogram, *labels: str) -> Iterator[None]:
    """Observe how long the block takes, under *labels* and its result: `made` or `failed`."""
    began, result = time.perf_counter(), "failed"
    try:
        yield
        result = "made"
    finally:
        histogram.labels(*labels, result).observe(time.perf_counter() - began)


def text() -> bytes:
    """All of it, as Prometheus reads it."""
    return generate_latest(REGISTRY)
