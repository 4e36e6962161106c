"""Rows of daily usage as they are stored, and counted just now where they cannot be: what all figures are made of."""

import dataclasses
import datetime as dt

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.aggregation import TenantDay, daily_usage
from signtally.domain.periods import Period, PeriodKind
from signtally.domain.schemas import DAILY_USAGE, IDENTITY, STORED_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.domain.time_units import ONE_DAY
from signtally.ports.document_store import TenantSpan
from signtally.services import Services
from signtally.stores.unread_rows import overlaid
from signtally.threads import ContextThreads

_HAS_FIGURES = pl.any_horizontal(pl.col(MEASURES) != 0)


@dataclasses.dataclass(frozen=True, slots=True)
class UsageRows:
    """Rows with figures, schema DAILY_USAGE, and whether some days stand in a zone where the tenant lived before."""

    found: pl.DataFrame
    is_moving: bool

    def within(self, period: Period) -> pl.DataFrame:
        return self.found.filter(pl.col("day").is_between(period.first, period.last))


def read_rows(tenant: TenantProfile, first: dt.date, last: dt.date, *, today: dt.date, services: Services) -> UsageRows:
    """Closed days from their daily usage, today from its events, so that each figure counts once.

    While days stand in another zone still than the tenant lives in by now, some overlap or leave a gap; the last of
    them may bear tomorrow's date. Raises a ServiceError.
    """
    if today > last:
        stored = stored_rows(tenant, Period(PeriodKind.RANGE, first, last), services=services)
        return UsageRows(stored.filter(_HAS_FIGURES), _is_elsewhere(stored, tenant))
    with ContextThreads(1) as beside:
        live = beside.submit(count_day, tenant, today, services=services)
        stored = stored_rows(tenant, Period(PeriodKind.RANGE, first, today + ONE_DAY), services=services)
        both = pl.concat([stored.filter(pl.col("day") < today), live.result()])
    return UsageRows(both.filter(_HAS_FIGURES), _is_elsewhere(stored, tenant))


def count_day(
    tenant: TenantProfile, day: dt.date, *, services: Services, until: dt.datetime | None = None
) -> pl.DataFrame:
    """Rows of schema DAILY_USAGE, as aggregation would write them now, of the day up to *until*. Raises a ServiceError.

    Counted by the store; in this process where only some of the events count, or the day comes in two pieces.
    """
    store, counted_day = services.usage_store, TenantDay(tenant.tenant_id, day, tenant.timezone)
    since, ends = counted_day.begins, min(until or counted_day.ends, counted_day.ends)
    superseded = store.superseded(since=since, until=ends, tenant_ids=[tenant.tenant_id])
    if superseded.is_empty() and len(counted_day.spans) == 1:
        counted = store.user_counts(TenantSpan(tenant.tenant_id, since, ends))
        where = {"tenant_id": pl.lit(tenant.tenant_id), "day": pl.lit(day), "timezone": pl.lit(tenant.timezone)}
        return counted.with_columns(**where).match_to_schema(DAILY_USAGE)
    events = store.events(since=since, until=ends, tenant_ids=[tenant.tenant_id])
    valid = events.join(superseded, on=[*IDENTITY], how="anti")
    return daily_usage(valid.lazy(), days=[counted_day]).collect()


def _is_elsewhere(stored: pl.DataFrame, tenant: TenantProfile) -> bool:
    return not stored.filter(_HAS_FIGURES, pl.col("timezone") != tenant.timezone).is_empty()


def stored_rows(tenant: TenantProfile, days: Period, *, services: Services) -> pl.DataFrame:
    """Rows of closed days, schema DAILY_USAGE.

    What cannot be read yet is looked for first, since it is forgotten once it can be. Raises a ServiceError.
    """
    unread = _unread(tenant, days, services=services)
    stored = services.usage_store.daily_usage(first=days.first, last=days.last, tenant_ids=[tenant.tenant_id])
    return overlaid(stored, unread).select([*DAILY_USAGE])


def unread_days(tenant: TenantProfile, days: Period, *, services: Services) -> set[dt.date]:
    """Of *days*, those with rows that were written and may not be readable yet. Raises a ServiceError."""
    return set(_unread(tenant, days, services=services)["day"])


def _unread(tenant: TenantProfile, days: Period, *, services: Services) -> pl.DataFrame:
    writes = [STORED_USAGE.to_frame(), *(each.rows for each in services.stores.unread_rows.writes(within=days))]
    of_days = pl.col("day").is_between(days.first, days.last)
    return pl.concat(writes).filter(of_days, tenant_id=tenant.tenant_id)
