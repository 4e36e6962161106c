"""What orders cost at the least: the same work in one process, without API, queue and consumer."""

import datetime as dt
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from signtally.api.concurrency import Bulkheads
from signtally.domain.periods import parse_period, period_between
from signtally.domain.reports import ReportRequest
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.use_cases import reporting
from signtally.use_cases.figures import read_totals
from signtally.use_cases.ordering import request_report

_TOGETHER = 10  # orders of a request to SQS, and entries of the audit trail in an object
Order = dict[str, Any]


def found(services: Services, tenant_id: str, order: Order) -> float:
    """Seconds until it is known in this process that a report is up to date."""
    began = time.perf_counter()
    state = request_report(_request(tenant_id, order), requested_by="benchmark", services=services)
    assert state.manifest is not None
    return time.perf_counter() - began


def read(services: Services, tenant_id: str, today: dt.date) -> float:
    """Seconds until a month's usage is read in this process."""
    began = time.perf_counter()
    tenant = services.stores.tenants.get(tenant_id)
    read_totals(tenant, parse_period(f"{today:%Y-%m}"), services=services)
    return time.perf_counter() - began


def accepted(services: Services, *, orders: int) -> float:
    """The requests to S3 and SQS that a crowd's orders cost, by as many threads as the API lets order at once."""
    objects, queue = services.objects, services.report_queue.pair.dead_letters  # nobody takes from those

    def requests(number: int) -> None:
        key = f"floor/{number:03}"
        assert not [*objects.list_objects(f"{key}/")]
        objects.put(f"{key}/entry", b"")
        assert objects.put_if_absent(f"{key}/request.json", b"{}")
        if number % _TOGETHER == 0:
            objects.get(f"{key}/request.json")  # as of a profile
            objects.put(f"{key}/audit", b"{}" * _TOGETHER)
            queue.send([OutgoingMessage("floor", {}, group="floor")] * _TOGETHER)

    began = time.perf_counter()
    with ThreadPoolExecutor(Bulkheads().orders.free) as threads:
        list(threads.map(requests, range(orders)))
    return time.perf_counter() - began


def made(services: Services, tenant_id: str, order: Order) -> float:
    """Seconds until a report is made and its signed URL has delivered it."""
    began = time.perf_counter()
    manifest = reporting.report_now(_request(tenant_id, order), requested_by="benchmark", services=services)
    url, _ = reporting.file_link(manifest, "pdf", services=services)
    httpx.get(url).raise_for_status()
    return time.perf_counter() - began


def _request(tenant_id: str, order: Order) -> ReportRequest:
    period = period_between(dt.date.fromisoformat(order["from"]), dt.date.fromisoformat(order["to"]))
    return ReportRequest(tenant_id, period, tuple(order["formats"]))


def crowd_made(services: Services, tenant_id: str, orders: Sequence[Order]) -> float:
    """Seconds until they are made, as many at a time as a consumer makes."""
    began = time.perf_counter()
    with ThreadPoolExecutor(2 * services.settings.render_processes) as threads:
        list(threads.map(lambda order: made(services, tenant_id, order), orders))
    return time.perf_counter() - began
