"""Orders for reports in memory: kept for whoever makes them, or refused."""

import threading

from signtally.domain.reports import ReportRequest
from signtally.ports.report_queue import ReportQueueUnavailableError


class MemoryReportQueue:
    """While *down* is set it takes no orders."""

    def __init__(self) -> None:
        self.orders: list[tuple[ReportRequest, int]] = []
        self.down = False
        self._lock = threading.Lock()

    def order(self, request: ReportRequest, *, version: int) -> str:
        if self.down:
            raise ReportQueueUnavailableError("nobody takes orders now; try again")
        with self._lock:
            self.orders.append((request, version))
            return f"memory-{len(self.orders)}"
