"""The queue of report orders in memory."""

import time
from collections.abc import Callable

from signtally.domain.report_orders import ReportOrder
from signtally.memory.queue import MemoryEventQueue
from signtally.ports.errors import ServiceUnavailableError
from signtally.report_queue import ReportQueue


class MemoryReportQueue(ReportQueue):
    """While *down* is set it takes no orders."""

    def __init__(
        self, orders: MemoryEventQueue | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.dead_letters = MemoryEventQueue()
        self.orders: list[ReportOrder] = []  # all that were ever sent
        self.down = False
        super().__init__(orders or MemoryEventQueue(), self.dead_letters, monotonic=monotonic)

    def send(self, order: ReportOrder) -> None:
        if self.down:
            raise ServiceUnavailableError("the queue of report orders does not answer; try again")
        super().send(order)
        self.orders.append(order)
