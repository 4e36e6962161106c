"""Where an order stands among those that wait."""

from signtally.domain.reports import ReportKey
from signtally.services import Services


def orders_ahead(key: ReportKey, *, services: Services) -> int:
    """About how many orders will be made before this one.

    Exact when a consumer has it in its line; else what all consumers have and what is still on the queue, as the queue
    counts it: an upper bound. Raises a ServiceError.
    """
    consumers = services.stores.order_consumers.alive()
    for beat in consumers:
        if key in beat.making:
            return 0
        if key in beat.waiting:
            return len(beat.making) + beat.waiting.index(key)
    received = sum(len(beat.making) + len(beat.waiting) for beat in consumers)
    on_the_queue = services.report_queue.recent_depth().visible
    return received + max(0, on_the_queue - 1)  # it is one of them
