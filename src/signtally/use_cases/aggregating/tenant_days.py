"""Which calendar days of which tenants to count, in batches that lie close together in time."""

import datetime as dt
import functools
from collections.abc import Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.aggregation import TenantDay
from signtally.domain.periods import Period, days_within
from signtally.domain.time_units import ONE_DAY

_HOUR = dt.timedelta(hours=1)
# A query answers a page of 1,000 events or less at a time, and each page is a request and parsed in Python. So many
# tenant-days have about as many pages of events, which take longer than it takes to write and fetch files.
FEW = 1_000
_MANY = 100_000  # tenant-days of one bulk read: two days of all tenants
_SPAN = dt.timedelta(days=7)  # of what is read of many tenants in one go, with the days that nobody asked for
_MANY_TENANTS = 500  # of as many or more, a week is gigabytes
# Sparse history would be thousands of such reads: more time is read in one go while one of so many tenant-days in
# its rectangle was asked for.
_READ_FOR_ONE_ASKED = 30


class Calendars:
    """The days of tenants, each in its tenant's zone."""

    def __init__(self, zones: Mapping[str, str]) -> None:
        self._zones = zones

    def touched_days(self, rows: pl.DataFrame) -> set[TenantDay]:
        """The days that tenants' hours of UTC have a part in, two where one holds a midnight; *rows* have both."""
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
        """Days that may hold those events in any zone that the tenant lives in or lived in before."""
        shifts = [pl.col("utc_day") + shift * ONE_DAY for shift in (-1, 0, 1)]
        near = event_days.select("tenant_id", day=pl.concat_list(shifts)).explode("day").unique()
        wanted = near.filter(pl.col("day").is_between(within.first, within.last))
        return {TenantDay(tenant_id, day, self._zones[tenant_id]) for tenant_id, day in wanted.iter_rows()}


def batches(days: Iterable[TenantDay]) -> Iterator[list[TenantDay]]:
    """All of *days*, in batches that follow each other in time: of FEW for a query, or of many for a bulk read."""
    batch: list[TenantDay] = []
    tenants: set[str] = set()
    for day in sorted(days, key=lambda each: (each.begins, each.tenant_id)):
        span = day.begins - batch[0].begins if batch else dt.timedelta(0)
        read = (span // ONE_DAY + 1) * (len(tenants) + (day.tenant_id not in tenants))
        is_far = span >= _SPAN and (len(tenants) >= _MANY_TENANTS or read > _READ_FOR_ONE_ASKED * (len(batch) + 1))
        if is_far or len(batch) == _MANY:
            yield batch
            batch, tenants = [], set()
        batch.append(day)
        tenants.add(day.tenant_id)
    if batch:
        yield batch


def blocks(period: Period, *, days: int) -> Iterator[Period]:
    """The period in pieces of so many days."""
    for offset in range(0, period.day_count, days):
        first = period.first + dt.timedelta(days=offset)
        yield Period(period.kind, first, min(period.last, first + dt.timedelta(days=days - 1)))


@functools.lru_cache(maxsize=50_000)
def _days_of_hour(hour: dt.datetime, timezone: str) -> tuple[dt.date, ...]:
    return days_within(hour, hour + _HOUR, ZoneInfo(timezone))
