"""Tenants that move between zones, over fakes that keep what was asked of them."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence

import polars as pl

from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.tenants import TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.objects import StoredObject
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.counted_zones import CountedZone, CountedZones
from signtally.stores.tenants import Tenants
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases.aggregating import aggregate_touched
from tests.support.crashes import CrashError

NOW = dt.datetime(2026, 10, 20, 9, tzinfo=dt.UTC)
AUCKLAND, UTC, APIA, HONOLULU = "Pacific/Auckland", "UTC", "Pacific/Apia", "Pacific/Honolulu"
TENANTS = ("acme", "bolt")
STATE = "state/counted-zones.json"
Figures = dict[tuple[str, str, dt.date], int]


class TrackedStore(MemoryUsageStore):
    """Does something of its own before a write, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.before_writes: list[Callable[[], object]] = []
        self.asked: list[str] = []

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        self.asked.append("events")
        return super().events(since=since, until=until, tenant_ids=tenant_ids)

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        self.asked.append("days_with_events")
        return super().days_with_events(since=since, until=until, tenant_ids=tenant_ids)

    def put_daily_usage(
        self, rows: pl.DataFrame, *, version: int, counted_at: dt.datetime | None = None
    ) -> pl.DataFrame:
        if self.before_writes:
            self.before_writes.pop(0)()
        return super().put_daily_usage(rows, version=version, counted_at=counted_at)


class TrackedObjects(MemoryObjectStore):
    """Keeps which objects were read and written."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def get(self, key: str) -> StoredObject:
        self.calls["get"] += 1
        return super().get(key)

    def put(self, key: str, body: bytes, *, content_type: str = "application/json") -> str:
        self.calls["put"] += 1
        return super().put(key, body, content_type=content_type)

    def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
        self.calls["replace"] += 1
        return super().put_if_match(key, body, etag=etag, content_type=content_type)


class World:
    """A portal, a bucket and a store, in which everything that was sent is known."""

    def __init__(self) -> None:
        self.store = TrackedStore()
        self.objects = TrackedObjects()
        self.sent: list[ReceivedEvent] = []
        self.services = Services(
            settings=Settings(),
            queue=MemoryEventQueue(),
            dead_letters=MemoryEventQueue(),
            usage_store=self.store,
            objects=self.objects,
            mailer=MemoryMailer(),
            report_queue=MemoryReportQueue(),
            clock=lambda: NOW,
        )

    def live_in(self, zone: str, *, tenant_id: str = "acme") -> None:
        Tenants(self.objects).put(TenantProfile(tenant_id=tenant_id, timezone=zone))

    def send(self, *instants: str | dt.datetime, tenant_id: str = "acme", user_id: str = "u1") -> None:
        """What the portal and ingest do: the event is stored, and its hour is noted."""
        for instant in instants:
            when = dt.datetime.fromisoformat(instant) if isinstance(instant, str) else instant
            number = str(len(self.sent))
            event = UsageEvent("/portal", number, Action.SENT, tenant_id, user_id, "doc", when)
            self.sent.append(ReceivedEvent(event, NOW, f"m{number}"))
            self.store.put_events(self.sent[-1:])
            TouchedHours(self.objects).append([event])

    def aggregate(self) -> None:
        aggregate_touched(services=self.services)

    def figures(self) -> Figures:
        """What the rows say that say anything."""
        rows = self.store.daily_usage(first=dt.date(1999, 12, 1), last=dt.date(2027, 1, 1), tenant_ids=TENANTS)
        assert all(rows[measure].sum() == 0 for measure in MEASURES if measure != "sent")
        return {
            (row["tenant_id"], row["user_id"], row["day"]): row["sent"]
            for row in rows.iter_rows(named=True)
            if row["sent"]
        }

    def plain_count(self) -> Figures:
        profiles = Tenants(self.objects)
        return Counter(
            (
                sent.event.tenant_id,
                sent.event.user_id,
                sent.event.occurred_at.astimezone(profiles.get(sent.event.tenant_id).zone).date(),
            )
            for sent in self.sent
        )

    def is_right(self) -> bool:
        entries = CountedZones(self.objects, generation=self.store.usage_generation()).read() or {}
        zones = Tenants(self.objects).zones()
        assert entries == {tenant_id: CountedZone(zones.get(tenant_id, UTC)) for tenant_id in entries}
        return self.figures() == self.plain_count()


def crash() -> None:
    raise CrashError
