"""From daily usage to the snapshot of a tenant's period."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.aggregation import TenantDay, daily_usage
from signtally.domain.allowance import AllowanceUse, allowance_use
from signtally.domain.periods import Period, PeriodKind, days_within
from signtally.domain.restatements import RestatedDay, since_reported
from signtally.domain.schemas import DAILY_USAGE, IDENTITY, STORED_USAGE
from signtally.domain.snapshot import DayUsage, UsageSnapshot, UserUsage
from signtally.domain.tenants import TenantProfile
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services
from signtally.stores.unread_rows import overlaid

_SUMS = [pl.col(measure).sum() for measure in MEASURES]


def read_usage(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None = None
) -> UsageSnapshot:
    """The figures of *period* up to the tenant's today, and those of the period before.

    *user_ids* narrows every figure to these users. Raises FuturePeriodError, ControlTotalsError or a ServiceError.
    """
    now = services.clock()
    clipped = period.clip(tenant.today(now))
    previous, allowed = clipped.previous, None if user_ids is not None else tenant.allowance.documents_per_month
    earliest = previous.first if allowed is None else min(previous.first, clipped.last.replace(day=1))
    # Before the rows: what is written between the two reads may only make them fresher than they say.
    data_through = services.stores.watermarks.data_through()
    spoken_of = Period(PeriodKind.RANGE, previous.first, clipped.last)
    with ThreadPoolExecutor(1) as beside:
        provisional = beside.submit(provisional_days, tenant, spoken_of, services=services)
        found, is_moving = _read(tenant, earliest, clipped.last, today=tenant.today(now), services=services)
    rows = _of_users(found, user_ids).filter(pl.any_horizontal(pl.col(MEASURES) != 0))
    current, before = days_of(clipped, rows), days_of(previous, rows)
    snapshot = UsageSnapshot(
        tenant=tenant,
        period=clipped,
        previous=previous,
        taken_at=now,
        data_through=data_through,
        totals=total_of(current),
        previous_totals=total_of(before),
        days=by_day(current, clipped),
        users=by_user(current, named_by=rows),
        user_ids=user_ids,
        provisional_days=tuple(clipped.days()) if is_moving else provisional.result(),
        allowance=None if allowed is None else _allowance(rows, allowed, as_of=clipped.last, today=tenant.today(now)),
    )
    snapshot.check_control_totals()
    return snapshot


def _read(
    tenant: TenantProfile, first: dt.date, last: dt.date, *, today: dt.date, services: Services
) -> tuple[pl.DataFrame, bool]:
    """Closed days from their daily usage, today from its events, so that each figure counts once.

    And whether days stand in another zone still than the tenant lives in by now, so that some overlap or leave a gap;
    the last of them may bear tomorrow's date.
    """
    if today > last:
        stored = _stored(tenant, Period(PeriodKind.RANGE, first, last), services=services)
        return stored, _is_elsewhere(stored, tenant)
    with ThreadPoolExecutor(1) as beside:
        live = beside.submit(read_live_day, tenant, today, services=services)
        stored = _stored(tenant, Period(PeriodKind.RANGE, first, today + ONE_DAY), services=services)
        return pl.concat([stored.filter(pl.col("day") < today), live.result()]), _is_elsewhere(stored, tenant)


def _is_elsewhere(stored: pl.DataFrame, tenant: TenantProfile) -> bool:
    figures = pl.any_horizontal(pl.col(MEASURES) != 0)
    return not stored.filter(figures, pl.col("timezone") != tenant.timezone).is_empty()


def _stored(tenant: TenantProfile, days: Period, *, services: Services) -> pl.DataFrame:
    """Schema DAILY_USAGE; what cannot be read yet is looked for first, since it is forgotten once it can be."""
    writes = [STORED_USAGE.to_frame(), *(each.rows for each in services.stores.unread_rows.writes(within=days))]
    of_days = pl.col("day").is_between(days.first, days.last)
    unread = pl.concat(writes).filter(of_days, tenant_id=tenant.tenant_id)
    stored = services.usage_store.daily_usage(first=days.first, last=days.last, tenant_ids=[tenant.tenant_id])
    return overlaid(stored, unread).select([*DAILY_USAGE])


def read_live_day(tenant: TenantProfile, day: dt.date, *, services: Services) -> pl.DataFrame:
    """Rows of schema DAILY_USAGE, as aggregation would write them now. Raises a ServiceError.

    Counted by the store; in this process where only some of the events count, or the day comes in two pieces.
    """
    store, counted_day = services.usage_store, TenantDay(tenant.tenant_id, day, tenant.timezone)
    since, until = counted_day.begins, counted_day.ends
    superseded = store.superseded(since=since, until=until, tenant_ids=[tenant.tenant_id])
    if superseded.is_empty() and len(counted_day.spans) == 1:
        counted = store.user_counts(tenant.tenant_id, since=since, until=until)
        where = {"tenant_id": pl.lit(tenant.tenant_id), "day": pl.lit(day), "timezone": pl.lit(tenant.timezone)}
        return counted.with_columns(**where).match_to_schema(DAILY_USAGE)
    events = store.events(since=since, until=until, tenant_ids=[tenant.tenant_id])
    valid = events.join(superseded, on=[*IDENTITY], how="anti")
    return daily_usage(valid.lazy(), days=[counted_day]).collect()


def restated_days(tenant: TenantProfile, period: Period, *, services: Services) -> tuple[RestatedDay, ...]:
    """The period's days whose figures have changed since a report first told them. Raises a ServiceError."""
    records = services.usage_store.restatements(first=period.first, last=period.last, tenant_ids=[tenant.tenant_id])
    if records.is_empty():
        return ()
    told = services.stores.reported_periods.first_told(tenant.tenant_id, period)
    return since_reported(records, told)


def provisional_days(tenant: TenantProfile, period: Period, *, services: Services) -> tuple[dt.date, ...]:
    """The period's days between the first and the last event that is stored and could not be read yet."""
    days: set[dt.date] = set()
    for span in services.stores.provisional.spans(tenant.tenant_id):
        days.update(days_within(span.since, span.until, tenant.zone))
    return tuple(sorted(day for day in days if period.first <= day <= period.last))


def _of_users(rows: pl.DataFrame, user_ids: tuple[str, ...] | None) -> pl.DataFrame:
    return rows if user_ids is None else rows.filter(pl.col("user_id").is_in(list(user_ids)))


def _allowance(rows: pl.DataFrame, allowed: int, *, as_of: dt.date, today: dt.date) -> AllowanceUse:
    sent = dict(rows.group_by("day").agg(pl.col("sent").sum()).iter_rows())
    return allowance_use(sent, allowed=allowed, as_of=as_of, today=today)


def days_of(period: Period, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("day").is_between(period.first, period.last))


def total_of(rows: pl.DataFrame) -> Counts:
    return Counts.of(rows.select(_SUMS).row(0, named=True))


def by_day(rows: pl.DataFrame, period: Period) -> tuple[DayUsage, ...]:
    counted = {row["day"]: Counts.of(row) for row in rows.group_by("day").agg(_SUMS).iter_rows(named=True)}
    return tuple(DayUsage(day, counted.get(day, Counts())) for day in period.days())


def by_user(rows: pl.DataFrame, *, named_by: pl.DataFrame) -> tuple[UserUsage, ...]:
    """One row a user, most documents sent first; names are the latest that any row read knows."""
    latest = [pl.col(name).drop_nulls().last() for name in ("user_name", "user_email")]
    names = named_by.sort("day").group_by("user_id").agg(latest)
    counted = rows.group_by("user_id").agg(_SUMS).join(names, on="user_id", how="left", validate="1:1")
    ordered = counted.sort("sent", "user_id", descending=[True, False])
    return tuple(
        UserUsage(row["user_id"], row["user_name"], row["user_email"], Counts.of(row))
        for row in ordered.iter_rows(named=True)
    )
