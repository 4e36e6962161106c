"""Placing an order: the version that answers a request is found, or claimed and sent to the consumers."""

import datetime as dt

from signtally.domain.counted import counted
from signtally.domain.report_orders import ReportOrder
from signtally.domain.reports import ReportRequest, ReportStatus
from signtally.domain.tenants import TenantProfile
from signtally.report_queue import ReportQueueUnavailableError, TooManyOrdersError
from signtally.services import Services
from signtally.stores.report_records import ReportClaim
from signtally.stores.report_states import ReportState
from signtally.use_cases.reporting import find_or_claim, in_progress, up_to_date

# Whoever claimed it may have died before its order was sent; to send one twice does no harm.
_SENT_AGAIN_AFTER = dt.timedelta(minutes=1)


def request_report(
    request: ReportRequest, *, requested_by: str, services: Services, tenant: TenantProfile | None = None
) -> ReportState:
    """The version that answers this request: one being made, a ready one that is up to date, or a new one, ordered.

    *tenant* is the profile if it was just read. Raises FuturePeriodError, TooManyOrdersError,
    ReportQueueUnavailableError or a ServiceError; then nothing was ordered.
    """
    found = find_or_claim(
        request,
        (in_progress, up_to_date),
        requested_by=requested_by,
        services=services,
        tenant=tenant,
        before_claim=lambda: _require_room(request.tenant_id, services=services),
    )
    match found:
        case ReportState() as state:
            if state.status is ReportStatus.PENDING and _may_be_lost(state.claim, services=services):
                services.report_queue.send(_order(state.claim))
            return state
        case ReportClaim() as claim:
            return _send(claim, services=services)


def _require_room(tenant_id: str, *, services: Services) -> None:
    """Raises unless somebody makes ordered reports and the tenant has fewer in work than it may.

    Counted: what living consumers have, and what this process sent a moment ago; not what else lies on the queue, which
    is little, for each consumer takes hundreds into its line.
    """
    _require_consumers(services)
    most = services.settings.orders_in_work
    in_work = services.stores.order_consumers.in_flight(tenant_id) | services.report_queue.sent_lately(tenant_id)
    if most and len(in_work) >= most:
        reports = counted(len(in_work), "report", grouped=True)
        raise TooManyOrdersError(f"being made or waiting: {reports} of {tenant_id}, and {most:,} may")


def _require_consumers(services: Services) -> None:
    if not services.stores.order_consumers.alive():
        raise ReportQueueUnavailableError(
            "no order consumer is running: start `python -m flows.report_orders`, or run `signtally up`"
        )


def _may_be_lost(claim: ReportClaim, *, services: Services) -> bool:
    """Whether it waits for long and no consumer has it in its line."""
    if services.clock() - claim.requested_at < _SENT_AGAIN_AFTER:
        return False
    return all(claim.key not in (*beat.making, *beat.waiting) for beat in services.stores.order_consumers.alive())


def _send(claim: ReportClaim, *, services: Services) -> ReportState:
    """Send the order of a new claim; when that fails, withdraw the claim unless a consumer has begun already."""
    try:
        services.report_queue.send(_order(claim))
    except Exception:
        # The queue may have taken the order all the same, without an answer.
        if services.stores.reports.withdraw(claim):
            raise
    return ReportState(claim, ReportStatus.PENDING)


def _order(claim: ReportClaim) -> ReportOrder:
    return ReportOrder(claim.key, claim.requested_by, claim.requested_at)
