"""A tenant's today, counted from the events themselves: its daily usage always lags behind."""

import datetime as dt

import polars as pl

from signtally.domain.aggregation import DAILY_USAGE, IDENTITY, TenantDay, daily_usage
from signtally.domain.tenants import TenantProfile
from signtally.services import Services


def read_live_day(tenant: TenantProfile, day: dt.date, *, services: Services) -> pl.DataFrame:
    """Rows of schema DAILY_USAGE, as aggregation would write them now. Raise a ServiceError.

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
