"""What the events of many tenant-days amount to, and the rows that are there: by queries for a few, else in bulk."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from signtally.domain.aggregation import TenantDay, daily_usage
from signtally.domain.repeated_ids import RepeatedIds
from signtally.domain.schemas import TENANT_DAY_KEY, TENANT_DAYS
from signtally.domain.tenant_parts import daily_usage_by_parts
from signtally.ports.usage_store import UsageStore
from signtally.use_cases.aggregating.noted_events import NotedEvents
from signtally.use_cases.aggregating.tenant_days import FEW


@dataclasses.dataclass(frozen=True, slots=True)
class CountedDays:
    """All rows of *days*: as they should be (schema DAILY_USAGE), and as they are stored (STORED_USAGE)."""

    days: Sequence[TenantDay]
    counted: pl.DataFrame
    stored: pl.DataFrame


def read_days(days: Sequence[TenantDay], *, store: UsageStore, noted: NotedEvents) -> Iterator[CountedDays]:
    """Count *days*, which lie close together in time; all of what is yielded was read when the first of it comes.

    Rows are read before events: what is written over them knows all that they knew.
    """
    read = _by_query if is_few(days) else _in_bulk
    return read(days, store=store, noted=noted)


def is_few(days: Sequence[TenantDay]) -> bool:
    return len(days) <= FEW


def _by_query(days: Sequence[TenantDay], *, store: UsageStore, noted: NotedEvents) -> Iterator[CountedDays]:
    tenant_ids = sorted({each.tenant_id for each in days})
    since, until, first, last = _bounds(days)
    stored = store.daily_usage(first=first, last=last, tenant_ids=tenant_ids)
    events = store.events(since=since, until=until, tenant_ids=tenant_ids).lazy()
    noted.see(events)
    superseded = store.superseded(since=since, until=until, tenant_ids=tenant_ids)
    counted = daily_usage(events, days=days, ids=RepeatedIds.among(events, superseded=superseded)).collect()
    wanted = _wanted(days)
    yield CountedDays(
        days, counted, noted.written.over(stored.join(wanted, on=TENANT_DAY_KEY, how="semi"), days=wanted)
    )


def _in_bulk(days: Sequence[TenantDay], *, store: UsageStore, noted: NotedEvents) -> Iterator[CountedDays]:
    """The same number of reads for any number of tenants and events; the events are never in memory."""
    tenant_ids = sorted({each.tenant_id for each in days})
    since, until, first, last = _bounds(days)
    with (
        store.scan_daily_usage(first=first, last=last, tenant_ids=tenant_ids) as stored,
        store.scan_events(since=since, until=until, tenant_ids=tenant_ids) as events,
    ):
        noted.see(events)
        superseded = store.superseded(since=since, until=until, tenant_ids=None)  # few; naming tenants takes queries
        for part, own, counted in daily_usage_by_parts(events, days=days, superseded=superseded):
            wanted = _wanted(own)
            there = part.rows(stored).join(wanted.lazy(), on=TENANT_DAY_KEY, how="semi").collect(engine="streaming")
            yield CountedDays(own, counted, noted.written.over(there, days=wanted))


def _bounds(days: Sequence[TenantDay]) -> tuple[dt.datetime, dt.datetime, dt.date, dt.date]:
    """From which instant to which there may be events of *days*, and from which date to which rows."""
    dates = [each.day for each in days]
    return min(each.begins for each in days), max(each.ends for each in days), min(dates), max(dates)


def _wanted(days: Sequence[TenantDay]) -> pl.DataFrame:
    return pl.DataFrame([(each.tenant_id, each.day) for each in days], schema=TENANT_DAYS, orient="row")
