"""From daily usage to the snapshot of a tenant's period."""

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.counts import Counts
from signtally.domain.periods import Period
from signtally.domain.snapshot import DayUsage, UsageSnapshot, UserUsage
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.stores.freshness import Freshness

_SUMS = [pl.col(measure).sum() for measure in MEASURES]


def read_usage(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None = None
) -> UsageSnapshot:
    """The figures of *period* up to the tenant's today, and those of the period before, from one query.

    *user_ids* narrows every figure to these users. Raise FuturePeriodError, ControlTotalsError or a ServiceError.
    """
    now = services.clock()
    clipped = period.clip(tenant.today(now))
    previous = clipped.previous
    # Before the rows: what is written between the two reads may only make them fresher than they say.
    data_through = Freshness(services.objects).data_through()
    stored = services.usage_store.daily_usage(first=previous.first, last=clipped.last, tenant_ids=[tenant.tenant_id])
    rows = _of_users(stored, user_ids).filter(pl.any_horizontal(pl.col(MEASURES) != 0))
    current, before = rows.filter(pl.col("day") >= clipped.first), rows.filter(pl.col("day") < clipped.first)
    snapshot = UsageSnapshot(
        tenant=tenant,
        period=clipped,
        previous=previous,
        taken_at=now,
        data_through=data_through,
        totals=_total(current),
        previous_totals=_total(before),
        days=_days(current, clipped),
        users=_users(current, named_by=rows),
        user_ids=user_ids,
    )
    snapshot.check_control_totals()
    return snapshot


def _of_users(rows: pl.DataFrame, user_ids: tuple[str, ...] | None) -> pl.DataFrame:
    return rows if user_ids is None else rows.filter(pl.col("user_id").is_in(list(user_ids)))


def _total(rows: pl.DataFrame) -> Counts:
    return Counts.of(rows.select(_SUMS).row(0, named=True))


def _days(rows: pl.DataFrame, period: Period) -> tuple[DayUsage, ...]:
    counted = {row["day"]: Counts.of(row) for row in rows.group_by("day").agg(_SUMS).iter_rows(named=True)}
    return tuple(DayUsage(day, counted.get(day, Counts())) for day in period.days())


def _users(rows: pl.DataFrame, *, named_by: pl.DataFrame) -> tuple[UserUsage, ...]:
    """One row a user, most documents sent first; names are the latest that any row read knows."""
    latest = [pl.col(name).drop_nulls().last() for name in ("user_name", "user_email")]
    names = named_by.sort("day").group_by("user_id").agg(latest)
    counted = rows.group_by("user_id").agg(_SUMS).join(names, on="user_id", how="left", validate="1:1")
    ordered = counted.sort("sent", "user_id", descending=[True, False])
    return tuple(
        UserUsage(row["user_id"], row["user_name"], row["user_email"], Counts.of(row))
        for row in ordered.iter_rows(named=True)
    )
