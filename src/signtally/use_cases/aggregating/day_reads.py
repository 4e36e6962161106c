"""Reading and counting a batch of tenant-days: by queries when there are up to 1,000, else by bulk reads."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from signtally.domain.aggregation import COUNTED_COLUMNS, TenantDay, daily_usage
from signtally.domain.repeated_ids import RepeatedIds
from signtally.domain.schemas import TENANT_DAY_KEY, TENANT_DAYS
from signtally.domain.tenant_parts import daily_usage_by_parts
from signtally.ports.usage_store import UsageStore
from signtally.use_cases.aggregating.read_back import ReadBackCheck
from signtally.use_cases.aggregating.tenant_days import QUERY_MAX_TENANT_DAYS


@dataclasses.dataclass(frozen=True, slots=True)
class CountedDays:
    """All rows of *days*: as their events say (*counted*, schema DAILY_USAGE) and as *stored* (STORED_USAGE)."""

    days: Sequence[TenantDay]
    counted: pl.DataFrame
    stored: pl.DataFrame


def read_days(days: Sequence[TenantDay], *, store: UsageStore, read_back: ReadBackCheck) -> Iterator[CountedDays]:
    """Count *days*, one batch of `batches`; everything is read before the first part is yielded.

    Rows are read before events, so the new rows rest on every event that the old ones did. Raises ServiceError.
    """
    read = _by_query if fits_queries(days) else _in_bulk
    return read(days, store=store, read_back=read_back)


def fits_queries(days: Sequence[TenantDay]) -> bool:
    return len(days) <= QUERY_MAX_TENANT_DAYS


def _by_query(days: Sequence[TenantDay], *, store: UsageStore, read_back: ReadBackCheck) -> Iterator[CountedDays]:
    tenant_ids = sorted({each.tenant_id for each in days})
    since, until, first, last = _bounds(days)
    stored = store.daily_usage(first=first, last=last, tenant_ids=tenant_ids)
    events = store.events(since=since, until=until, tenant_ids=tenant_ids).lazy()
    read_back.observe(events)
    superseded = store.superseded(since=since, until=until, tenant_ids=tenant_ids)
    counted = daily_usage(events, days=days, ids=RepeatedIds.among(events, superseded=superseded)).collect()
    wanted = _wanted(days)
    yield CountedDays(
        days, counted, read_back.written.overlay(stored.join(wanted, on=TENANT_DAY_KEY, how="semi"), days=wanted)
    )


def _in_bulk(days: Sequence[TenantDay], *, store: UsageStore, read_back: ReadBackCheck) -> Iterator[CountedDays]:
    """Three bulk reads for any number of tenants; events are scanned from files and never all in memory."""
    tenant_ids = sorted({each.tenant_id for each in days})
    since, until, first, last = _bounds(days)
    with (
        store.scan_daily_usage(first=first, last=last, tenant_ids=tenant_ids) as stored,
        store.scan_events(since=since, until=until, tenant_ids=tenant_ids, columns=COUNTED_COLUMNS) as events,
    ):
        read_back.observe(events)
        superseded = store.superseded(since=since, until=until, tenant_ids=None)  # few; naming tenants takes queries
        for part, own, counted in daily_usage_by_parts(events, days=days, superseded=superseded):
            wanted = _wanted(own)
            there = part.rows(stored).join(wanted.lazy(), on=TENANT_DAY_KEY, how="semi").collect(engine="streaming")
            yield CountedDays(own, counted, read_back.written.overlay(there, days=wanted))


def _bounds(days: Sequence[TenantDay]) -> tuple[dt.datetime, dt.datetime, dt.date, dt.date]:
    """The instants between which *days* may have events, and their first and last date."""
    dates = [each.day for each in days]
    return min(each.begins for each in days), max(each.ends for each in days), min(dates), max(dates)


def _wanted(days: Sequence[TenantDay]) -> pl.DataFrame:
    return pl.DataFrame([(each.tenant_id, each.day) for each in days], schema=TENANT_DAYS, orient="row")
