"""Expected changes: why a day may have other figures now than when a report was made."""

import collections
import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.periods import end_of_day, period_between
from signtally.domain.reports import ReportManifest
from signtally.domain.schemas import AFTER
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services
from signtally.use_cases.reconciling.context import ReconcileContext, load_context

_MAX_COUNTING_TIME = dt.timedelta(minutes=30)  # from reading events to having written their figures


class ExpectedChanges:
    """For days of these reports; *before* was loaded before the figures were read. Raises ServiceError."""

    def __init__(self, manifests: Sequence[ReportManifest], before: ReconcileContext, *, services: Services) -> None:
        self._settled_through = before.settled_through
        tenant_ids = sorted({each.key.tenant_id for each in manifests})
        span = period_between(min(each.period.first for each in manifests), max(each.period.last for each in manifests))
        tenants = pl.DataFrame({"tenant_id": tenant_ids}, schema={"tenant_id": pl.String})
        self._moving = {*tenants.filter(before.is_moving())["tenant_id"]}
        pending = before.pending_days(span, later=load_context(services=services))
        self._pending = {*pending.join(tenants, on="tenant_id", how="semi").iter_rows()}
        records = services.usage_store.restatements(first=span.first, last=span.last, tenant_ids=tenant_ids)
        self._restated: dict[tuple[str, dt.date], list[tuple[dt.datetime, Counts]]] = collections.defaultdict(list)
        for row in records.iter_rows(named=True):
            after = Counts.of({measure: row[f"{AFTER}{measure}"] for measure in MEASURES})
            self._restated[row["tenant_id"], row["day"]].append((row["restated_at"], after))

    def explains(
        self, manifest: ReportManifest, day: dt.date, *, stored: Counts, counted_at: dt.datetime | None
    ) -> bool:
        """Whether *day* of the report may differ from the *stored* figures, last counted at *counted_at*."""
        tenant_id, since = manifest.key.tenant_id, manifest.made_at - _MAX_COUNTING_TIME
        if tenant_id in self._moving or (tenant_id, day) in self._pending:
            return True
        of_some = manifest.request.user_ids is not None  # while records are of all users
        if any(at > since and (of_some or after == stored) for at, after in self._restated[tenant_id, day]):
            return True
        if not _was_live(manifest, day):
            return False
        is_counted_since = counted_at is not None and counted_at > since
        return is_counted_since or self._settled_through is None or self._settled_through < manifest.made_at


def _was_live(manifest: ReportManifest, day: dt.date) -> bool:
    """Whether the day was not over, or not fully counted, when the report was made; it changes without a record."""
    zone = ZoneInfo(manifest.timezone)
    today = manifest.made_at.astimezone(zone).date()
    if day >= today:
        return True
    is_settled = manifest.data_through is not None and manifest.data_through >= end_of_day(day, zone)
    return day == today - ONE_DAY and not is_settled
