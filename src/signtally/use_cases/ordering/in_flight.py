"""The orders that one consumer has: those that wait in its line, and those being made."""

import datetime as dt
import itertools
import threading

from signtally.domain.fair_line import FairLine
from signtally.domain.reports import ReportKey
from signtally.report_queue import ReceivedOrder


class OrdersInFlight:
    """Shared by the threads of one consumer. Of one version one order is made; its twins are finished with it."""

    def __init__(self) -> None:
        self._line: FairLine[ReportKey] = FairLine()
        self._received: dict[ReportKey, list[ReceivedOrder]] = {}  # all that wait or are being made
        self._making: list[ReportKey] = []
        self._is_closed = False
        self._changed = threading.Condition()

    def add(self, received: ReceivedOrder) -> None:
        """Take in what was received; an order that came again counts with its newest receipt."""
        key = received.order.key
        with self._changed:
            twins = self._received.setdefault(key, [])
            if not twins:
                self._line.add(key.tenant_id, key)
            others = [each for each in twins if each.message.message_id != received.message.message_id]
            self._received[key] = [*others, received]
            self._changed.notify_all()

    def take(self) -> ReceivedOrder | None:
        """Wait for the next order in turn; None when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._line) or self._is_closed)
            if not len(self._line):
                return None
            key = self._line.take()
            self._making.append(key)
            self._changed.notify_all()
            return self._received[key][0]

    def done(self, received: ReceivedOrder) -> list[ReceivedOrder]:
        """Let go of an order that was taken; it and its twins, with the receipts to acknowledge or release."""
        with self._changed:
            self._making.remove(received.order.key)
            self._changed.notify_all()
            return self._received.pop(received.order.key)

    def close(self) -> list[ReceivedOrder]:
        """Take in no more and return those that were not begun."""
        with self._changed:
            self._is_closed = True
            waiting = [each for key in self._line.take_all() for each in self._received.pop(key)]
            self._changed.notify_all()
            return waiting

    def has_room(self, *, tenants: int, orders: int) -> bool:
        """Whether fewer *tenants* and fewer *orders* wait."""
        with self._changed:
            return self._line.tenants < tenants and len(self._line) < orders

    def keys(self) -> tuple[tuple[ReportKey, ...], tuple[ReportKey, ...]]:
        """The versions being made, and those that wait in the order of their turns."""
        with self._changed:
            return tuple(self._making), tuple(self._line)

    def all(self) -> list[ReceivedOrder]:
        with self._changed:
            return [*itertools.chain.from_iterable(self._received.values())]

    def oldest(self) -> dt.datetime | None:
        """When the oldest order in flight was sent."""
        return min((each.message.sent_at for each in self.all()), default=None)

    @property
    def is_empty_for_good(self) -> bool:
        with self._changed:
            return self._is_closed and not self._received

    def wait_for_change(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait(seconds)

    def wait_for_end(self, seconds: float) -> None:
        """Wait until nothing is in flight for good, or so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed and not self._received, seconds)
