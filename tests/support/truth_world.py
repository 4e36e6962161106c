"""A small world over fakes whose clock stands still, for what proves and mends figures."""

import dataclasses
import datetime as dt

import polars as pl

from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.memory.usage_store import MemoryUsageStore
from signtally.use_cases.aggregating import aggregate_touched
from tests.support.fakes import fake_services

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
ZONES = {"acme": "Asia/Kathmandu", "bolt": "Europe/Berlin", "coda": "America/St_Johns"}
EVER, FOR_EVER = dt.date(2000, 1, 1), dt.date(2030, 1, 1)
Figures = dict[tuple[str, str, dt.date], dict[str, int]]


def event(  # noqa: PLR0913 -- one parameter a field
    name: str,
    instant: dt.datetime,
    *,
    tenant_id: str = "acme",
    user_id: str = "u1",
    action: Action = Action.SENT,
    received_at: dt.datetime = NOW - dt.timedelta(hours=1),
) -> ReceivedEvent:
    happened = UsageEvent("/portal", name, action, tenant_id, user_id, "doc", instant)
    return ReceivedEvent(happened, received_at, f"m-{name}-{received_at.timestamp()}")


class World:
    """Everything sent before its *now* is settled."""

    def __init__(self, store: MemoryUsageStore | None = None) -> None:
        self.now = NOW
        self.store = store or MemoryUsageStore()
        self.mailer = MemoryMailer()
        self.received: list[ReceivedEvent] = []
        self.services = fake_services(usage_store=self.store, mailer=self.mailer, clock=lambda: self.now)
        for tenant_id, zone in ZONES.items():
            self.live_in(tenant_id, zone)
        self.services.stores.watermarks.publish_settled_through(NOW)
        aggregate_touched(services=self.services)  # from here on it is known in which zones tenants are counted

    def live_in(self, tenant_id: str, zone: str) -> None:
        self.services.stores.tenants.put(TenantProfile(tenant_id=tenant_id, timezone=zone))

    def ingest(self, *events: ReceivedEvent) -> None:
        self.store.put_events(events)
        self.received += events
        self.services.stores.touched_hours.append(each.event for each in events)

    def count(self, *events: ReceivedEvent) -> None:
        self.ingest(*events)
        aggregate_touched(services=self.services)

    def rows(self, *, first: dt.date = EVER, last: dt.date = FOR_EVER) -> pl.DataFrame:
        return self.store.daily_usage(first=first, last=last, tenant_ids=[*ZONES]).sort("tenant_id", "user_id", "day")

    def figures(self) -> Figures:
        """The rows that say anything; a row of zeros says the same as none."""
        rows = self.rows().iter_rows(named=True)
        found = {(row["tenant_id"], row["user_id"], row["day"]): {name: row[name] for name in MEASURES} for row in rows}
        return {row: counts for row, counts in found.items() if any(counts.values())}

    def overwrite(self, row: dict[str, object], **changed: object) -> None:
        """Write over a stored row as nobody should, in a version that is later than its own."""
        counted_at = row["counted_at"]
        assert isinstance(counted_at, dt.datetime)
        version = int(counted_at.timestamp() * 10**6) + 1
        frame = pl.DataFrame([{name: (row | changed)[name] for name in DAILY_USAGE}], schema=DAILY_USAGE)
        assert self.store.put_daily_usage(frame, version=version).is_empty()

    def lose_rows(self) -> None:
        """As when the table is dropped and made again."""
        kept = MemoryUsageStore()
        kept.put_events([*self.received])
        self.store = kept
        self.services = dataclasses.replace(self.services, usage_store=kept)

    def write(self, tenant_id: str, day: dt.date, **counts: int) -> None:
        """A row out of nowhere."""
        row = {"tenant_id": tenant_id, "user_id": "u1", "day": day, "timezone": ZONES[tenant_id]}
        zeros = dict.fromkeys(MEASURES, 0)
        frame = pl.DataFrame([{name: (row | zeros | counts).get(name) for name in DAILY_USAGE}], schema=DAILY_USAGE)
        assert self.store.put_daily_usage(frame, version=1).is_empty()
