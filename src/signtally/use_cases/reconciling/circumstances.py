"""What a comparison must know beforehand: in which zones tenants are counted, and which of their days cannot be judged.

A day is *pending* while events of it are noted and not counted, or may be stored without a note yet. That, and not a
fault, is why its figures may differ.
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
class Circumstances:
    """*moving* tenants are due to be counted in another zone, None: everybody is."""

    zones: Mapping[str, str]
    moving: frozenset[str] | None
    settled_through: dt.datetime | None  # what was sent before is stored and noted
    unsettled: pl.DataFrame  # tenants and instants of what is noted and not counted
    unread: pl.DataFrame  # tenants and days of rows that are written and cannot be read yet

    def dates(self, period: Period) -> LocalDates:
        since, until = instants_of(period)
        return LocalDates(self.zones, elsewhere=DEFAULT_ZONE, since=since, until=until)

    def pending_days(self, period: Period, *, later: "Circumstances") -> pl.DataFrame:
        """Tenants and days that were pending before or after a look."""
        since, until = instants_of(period)
        instants = pl.concat([self.unsettled, later.unsettled]).unique()
        within = instants.lazy().filter(pl.col("at").is_between(since, until, closed="left"))
        noted = self.dates(period).of(within, at="at").select("tenant_id", "day").collect()
        return pl.concat([noted, self.unread, later.unread]).unique()

    def is_moving(self) -> pl.Expr:
        """Of rows with a tenant_id."""
        return pl.lit(value=True) if self.moving is None else pl.col("tenant_id").is_in([*self.moving])


def look_around(*, services: Services) -> Circumstances:
    """To be read before events and figures are, for what is settled, and after, for what was noted meanwhile."""
    settled_through = services.stores.watermarks.settled_through()
    unsettled = _noted_instants(services)
    profiles = services.stores.tenants.zones()
    entries = services.stores.counted_zones(generation=services.usage_store.usage_generation()).read()
    known = {tenant_id: entry.zone for tenant_id, entry in (entries or {}).items() if entry.is_known}
    moving = _moving(entries, profiles)
    return Circumstances(profiles | known, moving, settled_through, unsettled, _unread_days(services))


def instants_of(period: Period) -> tuple[dt.datetime, dt.datetime]:
    """From when to when it is one of these days anywhere on Earth."""
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


def _noted_instants(services: Services) -> pl.DataFrame:
    """Both ends of each noted hour, since midnight may lie within; and what the store is still to leave out."""
    parts = [_INSTANTS.to_frame()]
    for note in services.stores.touched_hours.pending():
        hours = note.rows.select("tenant_id", at="hour").unique()
        parts += [hours, hours.with_columns(pl.col("at") + pl.duration(minutes=60, microseconds=-1))]
    parts.append(services.stores.superseding.all().select("tenant_id", at="occurred_at"))
    return pl.concat(parts).unique()
