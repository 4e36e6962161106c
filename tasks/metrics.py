"""`/metrics` of a worker or an order consumer: what it did, how full the queues are, how late the figures.

Served by Prometheus's client on a thread of its own, where `SIGNTALLY_METRICS_ADDRESS` is set.
"""

import contextlib
import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

from prometheus_client import start_http_server

from signtally.measurements import REGISTRY
from signtally.services import Services
from tasks.services import services
from tasks.state_metrics import StateCollector

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def serving(services: Services) -> Iterator[None]:
    """Serve them during the block, if the setting says where; another program's port is a warning."""
    address = services.settings.metrics_address
    if address is None:
        yield
        return
    parts, state = urlsplit(f"//{address}"), StateCollector(services)
    try:
        server, thread = start_http_server(parts.port or 0, addr=parts.hostname or "", registry=REGISTRY)
    except OSError as error:
        _log.warning("no metrics at %s: %s", address, error)
        yield
        return
    REGISTRY.register(state)
    try:
        yield
    finally:
        REGISTRY.unregister(state)
        server.shutdown()
        server.server_close()
        thread.join()


_for_ever = contextlib.ExitStack()


def serve() -> None:
    """From now on until this process ends: for `python -m warm_worker --warm-up tasks.metrics:serve`."""
    _for_ever.enter_context(serving(services()))
