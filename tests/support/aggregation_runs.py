"""Services of tenants in several zones, their events ingested and counted, and a store that gets stubborn."""

import datetime as dt
from collections.abc import Callable, Sequence

import polars as pl

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.tenants import TenantProfile
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.stores.touched_hours import TouchedHours
from tests.support.fakes import fake_services

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
ZONES = {"acme": "Asia/Kathmandu", "bolt": "Europe/Berlin", "coda": "America/St_Johns", "nobody-knows-it": "UTC"}
FIRST, LAST = dt.date(2026, 10, 20), dt.date(2026, 11, 5)


def services_over(store: MemoryUsageStore) -> Services:
    services = fake_services(usage_store=store, clock=lambda: NOW)
    for tenant_id, zone in ZONES.items():
        if zone != "UTC":
            services.stores.tenants.put(TenantProfile(tenant_id=tenant_id, timezone=zone))
    return services


def event(number: int, instant: dt.datetime, *, tenant_id: str = "acme", user_id: str = "u1") -> ReceivedEvent:
    return ReceivedEvent(
        UsageEvent("/portal", str(number), Action.SENT, tenant_id, user_id, "doc", instant), NOW, f"m{number}"
    )


def ingest(services: Services, events: Sequence[ReceivedEvent]) -> None:
    """What ingest does: write, then note what was touched."""
    services.usage_store.put_events(events)
    services.stores.touched_hours.append(received.event for received in events)


def stored(services: Services) -> pl.DataFrame:
    order = ["tenant_id", "user_id", "day"]
    return services.usage_store.daily_usage(first=FIRST, last=LAST, tenant_ids=[*ZONES]).sort(order)


def pending(services: Services) -> int:
    return len(list(TouchedHours(services.objects).pending()))


class StubbornStore(MemoryUsageStore):
    """Does something of its own just before a write."""

    def __init__(self) -> None:
        super().__init__()
        self.before_write: Callable[[], None] = lambda: None
        self.reads: list[str] = []

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        self.reads.append("events")
        return super().events(since=since, until=until, tenant_ids=tenant_ids)

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        self.reads.append("daily_usage")
        return super().daily_usage(first=first, last=last, tenant_ids=tenant_ids)

    def put_daily_usage(
        self, rows: pl.DataFrame, *, version: int, counted_at: dt.datetime | None = None
    ) -> pl.DataFrame:
        act, self.before_write = self.before_write, lambda: None
        act()
        return super().put_daily_usage(rows, version=version, counted_at=counted_at)
