"""The context of a comparison: in which zones tenants are counted, and which tenant-days are pending.

A day is *pending* while its hours are touched and not counted, or may hold events that are stored and not in a touched
batch yet: then its figures may differ without anything being wrong.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping

import polars as pl

from signtally.domain.local_dates import LocalDates
from signtally.domain.periods import Period
from signtally.domain.schemas import TENANT_DAYS, UTC_MICROSECONDS
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services
from signtally.stores.counted_zones import CountedZone, Entries
from signtally.stores.tenants import DEFAULT_ZONE

_INSTANTS = pl.Schema({"tenant_id": pl.String(), "at": UTC_MICROSECONDS})
_LATEST_ZONE, _EARLIEST_ZONE = dt.timedelta(hours=12), dt.timedelta(hours=14)  # behind UTC and ahead of it


@dataclasses.dataclass(frozen=True, slots=True)
class ReconcileContext:
    """*moving* tenants are due to be counted in another zone; None means all are."""

    zones: Mapping[str, str]
    moving: frozenset[str] | None
    settled_through: dt.datetime | None  # a watermark: what was sent before is stored and in a touched batch
    uncounted: pl.DataFrame  # tenants and instants of touched hours that are not counted
    unread: pl.DataFrame  # tenants and days of rows that are written and cannot be read yet

    def dates(self, period: Period) -> LocalDates:
        since, until = instants_of(period)
        return LocalDates(self.zones, elsewhere=DEFAULT_ZONE, since=since, until=until)

    def pending_days(self, period: Period, *, later: "ReconcileContext") -> pl.DataFrame:
        """Tenant-days that are pending here or in a *later* context, schema TENANT_DAYS."""
        since, until = instants_of(period)
        instants = pl.concat([self.uncounted, later.uncounted]).unique()
        within = instants.lazy().filter(pl.col("at").is_between(since, until, closed="left"))
        touched = self.dates(period).of(within, at="at").select("tenant_id", "day").collect()
        return pl.concat([touched, self.unread, later.unread]).unique()

    def is_moving(self) -> pl.Expr:
        """An expression over rows with a `tenant_id`."""
        return pl.lit(value=True) if self.moving is None else pl.col("tenant_id").is_in([*self.moving])


def load_context(*, services: Services) -> ReconcileContext:
    """Call it before events and figures are read, and again after, to see what was touched meanwhile.

    Raises ServiceError.
    """
    settled_through = services.stores.watermarks.settled_through()
    uncounted = _touched_instants(services)
    profiles = services.stores.tenants.zones()
    entries = services.stores.counted_zones(generation=services.usage_store.usage_generation()).read()
    known = {tenant_id: entry.zone for tenant_id, entry in (entries or {}).items() if entry.is_known}
    moving = _moving(entries, profiles)
    return ReconcileContext(profiles | known, moving, settled_through, uncounted, _unread_days(services))


def instants_of(period: Period) -> tuple[dt.datetime, dt.datetime]:
    """The instants between which it is one of these days anywhere on Earth."""
    midnight = dt.datetime.combine(period.first, dt.time.min, tzinfo=dt.UTC)
    return midnight - _EARLIEST_ZONE, midnight + period.day_count * ONE_DAY + _LATEST_ZONE


def _moving(entries: Entries | None, profiles: Mapping[str, str]) -> frozenset[str] | None:
    if entries is None:
        return None
    homes = {tenant_id: CountedZone(profiles.get(tenant_id, DEFAULT_ZONE)) for tenant_id in entries}
    return frozenset(tenant_id for tenant_id, entry in entries.items() if entry != homes[tenant_id])


def _unread_days(services: Services) -> pl.DataFrame:
    parts = [each.rows.select("tenant_id", "day") for each in services.stores.unread_rows.writes()]
    return pl.concat([TENANT_DAYS.to_frame(), *parts]).unique()


def _touched_instants(services: Services) -> pl.DataFrame:
    """Both ends of each touched hour, since midnight may lie within; and events that are being superseded."""
    parts = [_INSTANTS.to_frame()]
    for batch in services.stores.touched_hours.pending():
        hours = batch.rows.select("tenant_id", at="hour").unique()
        parts += [hours, hours.with_columns(pl.col("at") + pl.duration(minutes=60, microseconds=-1))]
    parts.append(services.stores.superseding.all().select("tenant_id", at="occurred_at"))
    return pl.concat(parts).unique()
