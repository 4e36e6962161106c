"""What a rebuild would change, found by counting the same way and writing nothing."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

import polars as pl

from signtally.domain.aggregation import restatement
from signtally.domain.periods import Period
from signtally.domain.reconciliation import (
    USER_CHECKSUM,
    Difference,
    differences,
    sum_by,
    to_differences,
    user_differences,
)
from signtally.domain.schemas import TENANT_DAY_KEY, USER_DAY_KEY
from signtally.services import Services
from signtally.stores.counted_zones import CountedZone
from signtally.stores.tenants import DEFAULT_ZONE
from signtally.use_cases.aggregating import CountedDays, named_span, recount_dry_run


@dataclasses.dataclass(frozen=True, slots=True)
class DayChange:
    """One measure of a tenant-day before and after a rebuild; *user_id* is set when only users' shares change."""

    tenant_id: str
    day: dt.date
    measure: str
    before: int
    after: int
    user_id: str | None = None

    def __str__(self) -> str:
        of_user = "" if self.user_id is None else f" · {self.user_id}"
        return f"{self.tenant_id} · {self.day}{of_user} · {self.measure}: {self.before} → {self.after}"

    def as_dict(self) -> dict[str, object]:
        known = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        return known | {"day": self.day.isoformat()}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """*rows* would be written, some without changing a day's totals; *moves* are tenants to count in new zones."""

    period: Period
    rows: int
    changes: tuple[DayChange, ...]
    moves: dict[str, str]  # tenant → zone; a rebuild counts their other days too

    def as_dict(self) -> dict[str, object]:
        changes = [each.as_dict() for each in self.changes]
        span = {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}
        return {**span, "dry_run": True, "rows": self.rows, "changes": changes, "moves": self.moves}


def preview(
    *, services: Services, tenant_id: str | None = None, first: dt.date | None = None, last: dt.date | None = None
) -> Preview:
    """What `rebuild` with the same arguments would change within these days. Raises PeriodError, ServiceError."""
    span = named_span(first, last, services=services)
    rows = 0
    changes: list[DayChange] = []
    for part in recount_dry_run(span, tenant_id=tenant_id, services=services):
        rows += len(restatement(part.counted, existing=part.stored))
        changes += _changes(part)
    ordered = sorted(changes, key=lambda each: (each.tenant_id, each.day, each.user_id or "", each.measure))
    return Preview(period=span, rows=rows, changes=tuple(ordered), moves=_moves(tenant_id, services=services))


def _changes(part: CountedDays) -> Iterator[DayChange]:
    counted, stored = part.counted.lazy(), part.stored.lazy()
    changed = differences(sum_by(counted).collect(), sum_by(stored).collect())
    shifted = changed.filter(pl.col("action") == USER_CHECKSUM).select(TENANT_DAY_KEY)
    both = (each.join(shifted.lazy(), on=TENANT_DAY_KEY, how="semi") for each in (counted, stored))
    of_users = user_differences(*(sum_by(each, by=USER_DAY_KEY).collect() for each in both))
    found = to_differences(pl.concat([changed.filter(pl.col("action") != USER_CHECKSUM), of_users]))
    return map(_change, found)


def _change(found: Difference) -> DayChange:
    return DayChange(found.tenant_id, found.day, found.action, found.aggregates, found.events, found.user_id)


def _moves(tenant_id: str | None, *, services: Services) -> dict[str, str]:
    profiles = services.stores.tenants.zones()
    zones = services.stores.counted_zones(generation=services.usage_store.usage_generation())
    entries = zones.read() or {}
    homes = {each: profiles.get(each, DEFAULT_ZONE) for each in entries if tenant_id in {None, each}}
    return {each: zone for each, zone in sorted(homes.items()) if entries[each] != CountedZone(zone)}
