"""What the queues and the bucket say when somebody asks for metrics: how full they are, how late the figures are."""

import functools
import logging
from collections.abc import Iterator
from typing import TypeVar

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from signtally.ports.errors import ServiceError
from signtally.recent import Recent
from signtally.services import Services

_FRESH_SECONDS = 10.0  # however many ask
Value = TypeVar("Value")
_log = logging.getLogger(__name__)


class StateCollector(Collector):
    """What the queues and the bucket say when somebody asks; what does not answer is left out, and logged."""

    def __init__(self, services: Services) -> None:
        fresh = functools.partial(Recent, seconds=_FRESH_SECONDS)
        watermarks = services.stores.watermarks
        self._clock = services.clock
        self._queues = {
            "events": fresh(services.queue.depth),
            "dead_letters": fresh(services.dead_letters.depth),
            "report_orders": fresh(services.report_queue.depth),
        }
        self._watermarks = {
            "settled": fresh(watermarks.settled_through),
            "data": fresh(watermarks.data_through),
        }
        self._holds = fresh(lambda: sum(1 for _ in services.stores.holds.all()))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        messages = GaugeMetricFamily(
            "signtally_queue_messages", "Messages on a queue, about", labels=("queue", "state")
        )
        for name, queue in self._queues.items():
            if (depth := _read(queue)) is not None:
                messages.add_metric((name, "visible"), depth.visible)
                messages.add_metric((name, "in_flight"), depth.in_flight)
        lags = GaugeMetricFamily(
            "signtally_through_lag_seconds", "How long ago all was settled, and all was counted", labels=("watermark",)
        )
        for name, watermark in self._watermarks.items():
            if (instant := _read(watermark)) is not None:
                lags.add_metric((name,), (self._clock() - instant).total_seconds())
        held = GaugeMetricFamily("signtally_held_tenants", "Tenants whose scheduled sends wait for a rebuild")
        if (number := _read(self._holds)) is not None:
            held.add_metric((), number)
        yield from (messages, lags, held)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: to register it asks nobody."""
        yield from ()


def _read(recent: Recent[Value]) -> Value | None:
    try:
        return recent.get()
    except ServiceError as error:
        _log.warning("a metric is missing: %s", error)
        return None
