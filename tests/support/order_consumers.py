"""A consumer of report orders as the API sees it: by its sign of life."""

import datetime as dt

from signtally.services import Services
from signtally.stores.order_consumers import ConsumerBeat

_ID = "test"
_YEARS = dt.timedelta(days=3650)


def consume(services: Services) -> None:
    """Let it look as if ordered reports were made, whatever the clock says for years."""
    services.stores.order_consumers.beat(ConsumerBeat(_ID, services.clock() + _YEARS))


def stop_consuming(services: Services) -> None:
    services.stores.order_consumers.forget(_ID)
