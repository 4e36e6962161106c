"""Services over fakes in which one tenant asks for reports, and a store that breaks when told to."""

import datetime as dt
from collections.abc import Callable, Sequence

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportKey, ReportRequest, ReportStatus
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases.ordering import request_report
from tests.support.clocks import Clock
from tests.support.order_consumers import consume

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
OCTOBER = ReportRequest("acme", parse_period("2026-10"), ("csv",))
NOVEMBER = ReportRequest("acme", parse_period("2026-11"), ("csv",))
MINUTE = dt.timedelta(minutes=1)


class FragileStore(MemoryUsageStore):
    """Breaks when told to."""

    error: Exception | None = None
    before_read: Callable[[], object] = staticmethod(lambda: None)

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        self.before_read()
        if self.error is not None:
            raise self.error
        return super().daily_usage(first=first, last=last, tenant_ids=tenant_ids)


def write(store: MemoryUsageStore, *, day: str, sent: int, version: int) -> None:
    row = {
        "tenant_id": "acme",
        "user_id": "u1",
        "day": dt.date.fromisoformat(day),
        **dict.fromkeys(MEASURES, 0),
        "sent": sent,
        "user_name": "Ann",
        "user_email": None,
        "timezone": "Asia/Kathmandu",
    }
    assert store.put_daily_usage(pl.DataFrame([row], schema=DAILY_USAGE), version=version).is_empty()


def ask(services: Services, request: ReportRequest = OCTOBER, *, is_consumed: bool = True) -> tuple[ReportStatus, int]:
    if is_consumed:
        consume(services)
    state = request_report(request, requested_by="ann", services=services)
    return state.status, state.claim.key.version


def key(version: int = 1, request: ReportRequest = OCTOBER) -> ReportKey:
    return ReportKey(request.tenant_id, request.report_id, version)


def stored_files(services: Services) -> list[str]:
    """The files that somebody can download."""
    return [found.key for found in services.objects.list_objects("reports/") if "/usage-" in found.key]


def services_over(clock: Clock, store: FragileStore, queue: MemoryReportQueue) -> Services:
    services = Services(
        settings=Settings(),
        queue=MemoryEventQueue(),
        dead_letters=MemoryEventQueue(),
        usage_store=store,
        objects=MemoryObjectStore(),
        mailer=MemoryMailer(),
        report_queue=queue,
        clock=clock,
    )
    services.stores.tenants.put(TenantProfile(tenant_id="acme", name="Acme", timezone="Asia/Kathmandu"))
    services.stores.watermarks.publish_data_through(NOW - MINUTE)
    write(store, day="2026-10-03", sent=41, version=1)
    write(store, day="2026-11-03", sent=5, version=1)
    return services
