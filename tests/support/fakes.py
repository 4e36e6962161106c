"""Every port behind its fake."""

import dataclasses
import datetime as dt
from collections.abc import Iterable

from signtally.domain.aggregation import TenantDay, daily_usage
from signtally.domain.events import ReceivedEvent
from signtally.domain.periods import days_within
from signtally.domain.tenants import TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.settings import Settings


def fake_services(**others: object) -> Services:
    """Empty fakes, and *others* in the place of some of them, or of the settings or the clock."""
    fakes = Services(
        settings=Settings(),
        queue=MemoryEventQueue(),
        dead_letters=MemoryEventQueue(),
        usage_store=MemoryUsageStore(),
        objects=MemoryObjectStore(),
        mailer=MemoryMailer(),
        report_queue=MemoryReportQueue(),
    )
    return dataclasses.replace(fakes, **others)  # type: ignore[arg-type] # fields of the bundle


def counted_services(
    events: Iterable[ReceivedEvent], *, tenant: TenantProfile, now: dt.datetime, days_back: int
) -> Services:
    """As ingest and aggregation would have left the events of one tenant; the clock stands still at *now*."""
    store = MemoryUsageStore()
    store.put_events([*events])
    span = {"since": now - dt.timedelta(days=days_back), "until": now + dt.timedelta(days=1)}
    days = [TenantDay(tenant.tenant_id, day, tenant.timezone) for day in days_within(**span, zone=tenant.zone)]
    found = store.events(**span, tenant_ids=[tenant.tenant_id])
    store.put_daily_usage(daily_usage(found.lazy(), days=days).collect(), version=1)
    return fake_services(usage_store=store, clock=lambda: now)
