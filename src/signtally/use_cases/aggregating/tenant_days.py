"""Tenant-days to count: found from touched hours or days with events, and put into batches for reading."""

import datetime as dt
import functools
from collections.abc import Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.aggregation import TenantDay
from signtally.domain.periods import Period, days_within
from signtally.domain.time_units import ONE_DAY

_HOUR = dt.timedelta(hours=1)
# A query answers at most 1,000 events a page; each page is a request and is parsed in Python. More tenant-days than
# this have so many pages that a bulk read, which writes and fetches files, is faster.
QUERY_MAX_TENANT_DAYS = 1_000
_BULK_MAX_TENANT_DAYS = 100_000  # in one bulk read: two days of all tenants
# One read covers every tenant of a batch for the batch's whole span, days that nobody asked for included. From so many
# tenants on, a span of more than a week is gigabytes. With fewer, sparse history would take thousands of weekly reads,
# so the span grows while at least one in 30 of the tenant-days that are read was asked for.
_BULK_MAX_SPAN = dt.timedelta(days=7)
_BULK_MIN_TENANTS = 500
_MAX_READ_PER_ASKED = 30


class Calendars:
    """Local days by each tenant's zone; *zones* maps tenant id to zone name."""

    def __init__(self, zones: Mapping[str, str]) -> None:
        self._zones = zones

    def touched_days(self, rows: pl.DataFrame) -> set[TenantDay]:
        """The local days that UTC hours overlap, two where midnight lies within; *rows* have `tenant_id` and `hour`."""
        homes = pl.DataFrame(
            [*self._zones.items()], schema={"tenant_id": pl.String, "timezone": pl.String}, orient="row"
        )
        hours = rows.select("tenant_id", "hour").unique().join(homes, on="tenant_id")
        zone_hours = hours.select("timezone", "hour").unique()
        days = pl.Series([_days_of_hour(hour, zone) for zone, hour in zone_hours.iter_rows()], dtype=pl.List(pl.Date))
        placed = zone_hours.with_columns(day=days).explode("day")
        found = hours.join(placed, on=["timezone", "hour"]).select("tenant_id", "day", "timezone").unique()
        return {TenantDay(*row) for row in found.iter_rows()}

    def days_near(self, event_days: pl.DataFrame, *, within: Period) -> set[TenantDay]:
        """Days of *within* on which events of *event_days* (schema EVENT_DAYS) may fall, in whatever zone."""
        shifts = [pl.col("utc_day") + shift * ONE_DAY for shift in (-1, 0, 1)]
        near = event_days.select("tenant_id", day=pl.concat_list(shifts)).explode("day").unique()
        wanted = near.filter(pl.col("day").is_between(within.first, within.last))
        return {TenantDay(tenant_id, day, self._zones[tenant_id]) for tenant_id, day in wanted.iter_rows()}


def batches(days: Iterable[TenantDay]) -> Iterator[list[TenantDay]]:
    """*days* in order of time, in batches of up to 100,000 tenant-days that are worth one read each."""
    batch: list[TenantDay] = []
    tenants: set[str] = set()
    for day in sorted(days, key=lambda each: (each.begins, each.tenant_id)):
        span = day.begins - batch[0].begins if batch else dt.timedelta(0)
        read = (span // ONE_DAY + 1) * (len(tenants) + (day.tenant_id not in tenants))
        is_wide = len(tenants) >= _BULK_MIN_TENANTS or read > _MAX_READ_PER_ASKED * (len(batch) + 1)
        if (span >= _BULK_MAX_SPAN and is_wide) or len(batch) == _BULK_MAX_TENANT_DAYS:
            yield batch
            batch, tenants = [], set()
        batch.append(day)
        tenants.add(day.tenant_id)
    if batch:
        yield batch


def blocks(period: Period, *, days: int) -> Iterator[Period]:
    """The period in blocks of up to *days* days."""
    for offset in range(0, period.day_count, days):
        first = period.first + dt.timedelta(days=offset)
        yield Period(period.kind, first, min(period.last, first + dt.timedelta(days=days - 1)))


@functools.lru_cache(maxsize=50_000)
def _days_of_hour(hour: dt.datetime, timezone: str) -> tuple[dt.date, ...]:
    return days_within(hour, hour + _HOUR, ZoneInfo(timezone))
