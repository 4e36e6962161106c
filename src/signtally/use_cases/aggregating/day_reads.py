"""Reading and counting a batch of tenant-days: by queries when there are up to 1,000, else by bulk reads."""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from signtally.domain.aggregation import COUNTED_COLUMNS, COUNTED_WITHOUT_IDS, TenantDay, daily_usage
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


@dataclasses.dataclass(frozen=True, slots=True)
class _Extent:
    """Whose some tenant-days are, the instants between which they may have events, and their first and last date."""

    tenant_ids: list[str]
    since: dt.datetime
    until: dt.datetime
    first: dt.date
    last: dt.date

    @classmethod
    def of(cls, days: Sequence[TenantDay]) -> "_Extent":
        dates = {(each.day, each.timezone): each for each in days}  # few, of however many tenants
        since, until = min(each.begins for each in dates.values()), max(each.ends for each in dates.values())
        first, last = min(day for day, _ in dates), max(day for day, _ in dates)
        return cls(sorted({each.tenant_id for each in days}), since, until, first, last)


def _by_query(days: Sequence[TenantDay], *, store: UsageStore, read_back: ReadBackCheck) -> Iterator[CountedDays]:
    of, wanted = _Extent.of(days), _wanted(days)
    stored = store.daily_usage(first=of.first, last=of.last, tenant_ids=of.tenant_ids)
    events = store.events(since=of.since, until=of.until, tenant_ids=of.tenant_ids).lazy()
    read_back.observe(events)
    superseded = store.superseded(since=of.since, until=of.until, tenant_ids=of.tenant_ids)
    counted = daily_usage(events, days=days, ids=_repeated_ids(events, superseded, store=store)).collect()
    there = stored.join(wanted, on=TENANT_DAY_KEY, how="semi")
    yield CountedDays(days, counted, read_back.written.overlay(there, days=wanted))


def _in_bulk(days: Sequence[TenantDay], *, store: UsageStore, read_back: ReadBackCheck) -> Iterator[CountedDays]:
    """Three bulk reads for any number of tenants; events are scanned from files and never all in memory."""
    of, with_ids = _Extent.of(days), read_back.needs_ids or not store.refuses_repeated_ids
    with (
        store.scan_daily_usage(first=of.first, last=of.last, tenant_ids=of.tenant_ids) as stored,
        _scanned(of, store=store, with_ids=with_ids) as (events, ids),
    ):
        read_back.observe(events)
        for part, own, counted in daily_usage_by_parts(events, days=days, ids=ids):
            wanted = _wanted(own)
            there = part.rows(stored).join(wanted.lazy(), on=TENANT_DAY_KEY, how="semi").collect(engine="streaming")
            yield CountedDays(own, counted, read_back.written.overlay(there, days=wanted))


@contextlib.contextmanager
def _scanned(of: _Extent, *, store: UsageStore, with_ids: bool) -> Iterator[tuple[pl.LazyFrame, RepeatedIds]]:
    """The events, and which of their ids are repeated; without ids only where none is, and then read much faster.

    Superseded events are asked for after the others were read: those that they name may be among them. They are few,
    and naming tenants takes queries.
    """
    columns = COUNTED_COLUMNS if with_ids else COUNTED_WITHOUT_IDS
    reading = store.scan_events(since=of.since, until=of.until, tenant_ids=of.tenant_ids, columns=columns)
    with reading as events:
        superseded = store.superseded(since=of.since, until=of.until, tenant_ids=None)
        if with_ids or superseded.is_empty():
            yield events, _repeated_ids(events, superseded, store=store)
            return
    with _scanned(of, store=store, with_ids=True) as found:
        yield found


def _repeated_ids(events: pl.LazyFrame, superseded: pl.DataFrame, *, store: UsageStore) -> RepeatedIds:
    if store.refuses_repeated_ids and superseded.is_empty():
        return RepeatedIds.none()
    return RepeatedIds.among(events, superseded=superseded)


def _wanted(days: Sequence[TenantDay]) -> pl.DataFrame:
    return pl.DataFrame({name: [getattr(each, name) for each in days] for name in TENANT_DAYS}, schema=TENANT_DAYS)
