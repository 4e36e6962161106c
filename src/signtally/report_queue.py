"""The queue of report orders: what the API sends and the consumers make. At least once: a claim makes it once."""

import contextlib
import dataclasses
import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

from pydantic import TypeAdapter, ValidationError

from signtally.domain.report_orders import ReportOrder
from signtally.domain.reports import ReportKey
from signtally.errors import SigntallyError
from signtally.grouped_calls import GroupedCalls
from signtally.ports.queue import EventQueue, OutgoingMessage, QueueDepth, QueuedMessage, QueuePair
from signtally.recent import Recent
from signtally.tracing import carried_trace

_ORDER = TypeAdapter(ReportOrder)
_DEPTH_SECONDS = 1
_ORDERS_A_REQUEST = 10
_LATELY_SECONDS = 5
_log = logging.getLogger(__name__)


class ReportQueueUnavailableError(SigntallyError):
    """Nobody makes ordered reports now: the report was not ordered; the text says what to start."""


class TooManyOrdersError(SigntallyError):
    """A tenant has as many ordered reports in work as it may: this one was not ordered."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReceivedOrder:
    """An order with the message that brought it."""

    order: ReportOrder
    message: QueuedMessage


class ReportQueue:
    """Orders on one queue, and on another those that were given up. Methods raise a ServiceError, as queues do."""

    def __init__(
        self, orders: EventQueue, dead_letters: EventQueue, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._orders = orders
        self._monotonic = monotonic
        self._sent: deque[tuple[float, ReportKey]] = deque()  # lately, by this process
        self._dead_letters = dead_letters
        self._sends = GroupedCalls(orders.send, most=_ORDERS_A_REQUEST)
        self._depth = Recent(orders.depth, seconds=_DEPTH_SECONDS)

    @property
    def pair(self) -> QueuePair:
        return QueuePair(self._orders, self._dead_letters)

    @property
    def visibility_seconds(self) -> int:
        """How long a received order stays invisible to other consumers unless that is extended."""
        return self._orders.visibility_seconds

    def send(self, order: ReportOrder) -> None:
        """Have a claimed version made. A tenant's orders form a group: fair queues of SQS serve groups in turn.

        Orders that are sent at the same time share a request.
        """
        group = hashlib.sha256(order.key.tenant_id.encode()).hexdigest()[:32]
        self._sends.call(OutgoingMessage(_ORDER.dump_json(order).decode(), carried_trace(), group=group))
        self._sent.append((self._monotonic(), order.key))

    def sent_lately(self, tenant_id: str) -> set[ReportKey]:
        """What this process has sent for a tenant so lately that no consumer may have told of it yet."""
        since = self._monotonic() - _LATELY_SECONDS
        with contextlib.suppress(IndexError):  # another thread may have taken the last one
            while self._sent[0][0] < since:
                self._sent.popleft()
        return {key for _, key in self._sent.copy() if key.tenant_id == tenant_id}

    def receive(self, *, wait_seconds: int) -> list[ReceivedOrder]:
        """Up to ten orders, or none after a long poll; what is no order becomes a dead letter."""
        received = []
        for message in self._orders.receive(wait_seconds=wait_seconds):
            try:
                received.append(ReceivedOrder(_ORDER.validate_json(message.body), message))
            except ValidationError as error:
                self._bury(message, reason="not-an-order", detail=str(error))
        return received

    def acknowledge(self, received: ReceivedOrder) -> None:
        """It was made, or failed for good: it will not come again."""
        self._orders.delete([received.message])

    def extend(self, received: Sequence[ReceivedOrder], *, visibility_seconds: int | None = None) -> None:
        """Keep orders from other consumers from now on for so long, or as is usual; 0 gives them back at once."""
        seconds = self.visibility_seconds if visibility_seconds is None else visibility_seconds
        self._orders.extend([each.message for each in received], visibility_seconds=seconds)

    def give_up(self, received: ReceivedOrder, *, reason: str, detail: str) -> None:
        """Move an order to the dead letters."""
        self._bury(received.message, reason=reason, detail=detail)

    def depth(self) -> QueueDepth:
        return self._orders.depth()

    def recent_depth(self) -> QueueDepth:
        """As it was at most a second ago, however often it is asked for."""
        return self._depth.get()

    def provision(self) -> dict[str, bool]:
        """Create both queues unless they exist; whether each had to be made."""
        return {"dead letters": self._dead_letters.provision(), "orders": self._orders.provision()}

    def _bury(self, message: QueuedMessage, *, reason: str, detail: str) -> None:
        _log.error("a report order became a dead letter (%s): %s", reason, detail)
        self.pair.bury(message, reason=reason, detail=detail)
