"""One order: whether it still is to be made, making it, and what becomes of it when that fails."""

import enum
import logging
import threading
from collections import Counter
from collections.abc import Callable

from signtally.domain.counted import counted
from signtally.domain.operator_events import report_failed, store_unavailable
from signtally.domain.report_failures import FailureCode, FailureReason
from signtally.domain.reports import ReportKey, ReportManifest, ReportStatus
from signtally.log_fields import log_fields
from signtally.ports.errors import ServiceError
from signtally.report_queue import ReceivedOrder
from signtally.retries import RetryPolicy
from signtally.services import Services
from signtally.stores.report_states import ReportMissingError
from signtally.tracing import span_of
from signtally.use_cases.reporting import fail_report

_log = logging.getLogger(__name__)
_MOST_RECEIVES = 8  # an order that was begun so often ends the process that makes it, or its service stays away
_PUT_OFF_SECONDS = 15
_FAILED, _GAVE_UP = FailureReason(FailureCode.FAILED), FailureReason(FailureCode.GAVE_UP)


class OrderResult(enum.StrEnum):
    """What came of an order."""

    MADE = "made"
    FAILED = "failed"  # and whoever waits is told why
    GIVEN_UP = "given up"  # failed, and a dead letter
    PUT_OFF = "put off"  # a service is away: it comes again
    NOTHING_TO_DO = "nothing to do"  # made before, or withdrawn


class OrderMaker:
    """Makes orders one at a time a thread; *stop* ends its waits for a service that is away."""

    def __init__(
        self,
        services: Services,
        *,
        make: Callable[[ReportKey], ReportManifest | None],
        stop: threading.Event,
    ) -> None:
        self.stop = stop
        self._services = services
        self._make = make
        self._results: Counter[OrderResult] = Counter()
        self._lock = threading.Lock()

    @property
    def results(self) -> dict[OrderResult, int]:
        """How many orders came to what, since the start."""
        with self._lock:
            return {result: self._results[result] for result in OrderResult}

    def make(self, received: ReceivedOrder) -> int | None:
        """Make an order. None when it is finished, else in how many seconds it is to come again."""
        what = {"tenant": received.order.key.tenant_id, "report": received.order.key.report_id}
        with log_fields(**what), span_of(received.message.attributes, "make order", "consumer", **what):
            return self._make_or_put_off(received)

    def _make_or_put_off(self, received: ReceivedOrder) -> int | None:
        budget_seconds = self._services.settings.retry_budget.total_seconds()
        retry_policy = RetryPolicy(self.stop, budget_seconds)
        try:
            result = retry_policy.call(lambda: self._try(received))
        except ServiceError as error:
            _log.warning("order %s comes again: %s", received.order.key, error)
            self._services.tell(store_unavailable("making ordered reports", str(error)))
            result = OrderResult.PUT_OFF
        with self._lock:
            self._results[result] += 1
        if result is not OrderResult.PUT_OFF:
            return None
        return 0 if self.stop.is_set() else _PUT_OFF_SECONDS

    def _try(self, received: ReceivedOrder) -> OrderResult:
        """Raises a ServiceError when a service is away."""
        key = received.order.key
        if not self._is_wanted(received):
            return OrderResult.NOTHING_TO_DO
        if received.message.receive_count > _MOST_RECEIVES:
            fail_report(key, _GAVE_UP, services=self._services)
            detail = f"received {counted(received.message.receive_count, 'time')} and never made"
            self._services.report_queue.give_up(received, reason="gave-up", detail=detail)
            self._services.tell(report_failed(key, detail))
            return OrderResult.GIVEN_UP
        try:
            self._make(key)
        except ServiceError:
            raise
        except ReportMissingError:  # withdrawn while it was made
            return OrderResult.NOTHING_TO_DO
        except Exception as error:  # noqa: BLE001 -- a report that cannot be made fails alone
            _log.exception("%s has failed", key)
            fail_report(key, _FAILED, services=self._services)  # unless its asker was told more already
            self._services.tell(report_failed(key, f"{type(error).__name__}: {error}"))
            return OrderResult.FAILED
        return OrderResult.MADE

    def _is_wanted(self, received: ReceivedOrder) -> bool:
        """Whether somebody waits for this version, and it is neither made nor failed."""
        order, now = received.order, self._services.clock()
        try:
            state = self._services.stores.reports.state(order.key, now=now)
        except ReportMissingError:
            return False
        if state.claim.requested_at != order.requested_at:
            return False
        if state.status is ReportStatus.FAILED and state.failure is not None:
            self._services.stores.reports.fail(order.key, state.failure)  # what was too late fails for good
        return state.status in {ReportStatus.PENDING, ReportStatus.RUNNING}
