"""The comparison of events with daily usage: every tenant's closed days, read in bulk in blocks of a week or longer.

A day that is not over changes during the comparison, and is left out. What differs is compared twice, because other
runs count meanwhile: only what differs in the same way both times is a mismatch.
"""

import dataclasses
from collections.abc import Sequence

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.periods import Period
from signtally.domain.reconciliation import (
    DIFFERENCES,
    USER_CHECKSUM,
    differences,
    reference_count,
    sum_by,
    user_differences,
)
from signtally.domain.schemas import ARRIVALS, IDENTITY, TENANT_DAY_KEY, USER_DAY_KEY
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services
from signtally.use_cases.reconciling.context import ReconcileContext, instants_of, load_context

_BLOCK_DAYS = 7  # of all tenants, whose events are on the disk meanwhile
_MAX_BLOCK_DAYS = 52 * 7  # a block doubles up to this while blocks are sparse
_SPARSE_TENANT_DAYS = 20_000  # a block with fewer is sparse
PART_MAX_EVENTS = 1_000_000  # that are in memory at a time
_QUERY_MAX_TENANTS = 500  # compared again by name; when more differ, all tenants are


@dataclasses.dataclass(frozen=True, slots=True)
class DayComparison:
    """Tenant-days (TENANT_DAYS) that were *compared* or are *pending*, and *mismatches* (schema DIFFERENCES)."""

    compared: pl.DataFrame
    pending: pl.DataFrame
    mismatches: pl.DataFrame


def compare_days(span: Period, *, tenant_id: str | None, services: Services) -> DayComparison:
    """Compare events with daily usage for the closed days of *span*. Raises ServiceError."""
    tenant_ids = None if tenant_id is None else [tenant_id]
    width = span.day_count if tenant_ids else _BLOCK_DAYS
    found: list[DayComparison] = []
    first = span.first
    while first <= span.last:
        block = Period(span.kind, first, min(span.last, first + (width - 1) * ONE_DAY))
        found.append(_compare_twice(block, tenant_ids, services=services))
        width = min(2 * width, _MAX_BLOCK_DAYS) if len(found[-1].compared) < _SPARSE_TENANT_DAYS else _BLOCK_DAYS
        first = block.last + ONE_DAY
    return DayComparison(
        pl.concat([each.compared for each in found]),
        pl.concat([each.pending for each in found]),
        pl.concat([each.mismatches for each in found]),
    )


def _compare_twice(block: Period, tenant_ids: Sequence[str] | None, *, services: Services) -> DayComparison:
    first = _compare(block, tenant_ids, services=services)
    if first.mismatches.is_empty():
        return first
    suspects = first.mismatches["tenant_id"].unique().sort().to_list()
    named = suspects if len(suspects) <= _QUERY_MAX_TENANTS else tenant_ids
    second = _compare(block, named, services=services)
    seen_twice = first.mismatches.join(
        second.mismatches, on=[*DIFFERENCES], how="semi", nulls_equal=True, maintain_order="left"
    )
    is_of_users = pl.col("action") == USER_CHECKSUM
    of_users = _compare_users(block, named, seen_twice.filter(is_of_users).select(TENANT_DAY_KEY), services=services)
    return dataclasses.replace(
        first,
        pending=pl.concat([first.pending, second.pending]).unique(),
        mismatches=pl.concat([seen_twice.filter(~is_of_users), of_users]).sort(*TENANT_DAY_KEY, "user_id", "action"),
    )


def _compare_users(
    block: Period, tenant_ids: Sequence[str] | None, days: pl.DataFrame, *, services: Services
) -> pl.DataFrame:
    """Differences by user on *days* whose sums are right, schema DIFFERENCES."""
    if days.is_empty():
        return DIFFERENCES.to_frame()
    sides = _Sides(block, tenant_ids, load_context(services=services), services=services, only=days)
    stored = sides.stored(USER_DAY_KEY)
    return user_differences(sides.counted(USER_DAY_KEY), stored)


def _compare(block: Period, tenant_ids: Sequence[str] | None, *, services: Services) -> DayComparison:
    """Rows are read before events, so that whatever was counted is among the events."""
    before = load_context(services=services)
    sides = _Sides(block, tenant_ids, before, services=services)
    stored = sides.stored(TENANT_DAY_KEY)
    counted = sides.counted(TENANT_DAY_KEY)
    after = load_context(services=services)
    differing = differences(counted, stored)
    pending = _pending(differing, counted, before.pending_days(block, later=after), before)
    with_figures = stored.filter(pl.any_horizontal(pl.col(MEASURES) != 0))
    return DayComparison(
        compared=pl.concat([counted.select(TENANT_DAY_KEY), with_figures.select(TENANT_DAY_KEY)]).unique(),
        pending=pending,
        mismatches=differing.join(pending, on=TENANT_DAY_KEY, how="anti", maintain_order="left"),
    )


def _pending(
    differing: pl.DataFrame, counted: pl.DataFrame, touched: pl.DataFrame, context: ReconcileContext
) -> pl.DataFrame:
    """Differing days that are *touched*, of moving tenants, or with events that may not be in a touched batch yet."""
    days = differing.select(TENANT_DAY_KEY).unique()
    moving = days.filter(context.is_moving())
    settled_through = context.settled_through
    fresh = (
        counted.filter(pl.col("last_received") >= settled_through) if settled_through is not None else counted.clear()
    )
    return pl.concat([days.join(each, on=TENANT_DAY_KEY, how="semi") for each in (touched, moving, fresh)]).unique()


class _Sides:
    """Stored and counted figures of a block's days that were over when it began; of *only* some days, or of all.

    *by* is TENANT_DAY_KEY or USER_DAY_KEY: one row for each.
    """

    def __init__(
        self,
        block: Period,
        tenant_ids: Sequence[str] | None,
        context: ReconcileContext,
        *,
        services: Services,
        only: pl.DataFrame | None = None,
    ) -> None:
        self._block = block
        self._tenant_ids = tenant_ids
        self._dates = context.dates(block)
        self._store = services.usage_store
        self._only = only
        self._began = services.clock()

    def stored(self, by: Sequence[str]) -> pl.DataFrame:
        first, last = self._block.first, self._block.last
        with self._store.scan_daily_usage(first=first, last=last, tenant_ids=self._tenant_ids) as rows:
            return self._closed(sum_by(self._wanted(rows), by=by)).collect(engine="streaming")

    def counted(self, by: Sequence[str]) -> pl.DataFrame:
        """Counts by parts of the event ids, so that memory stays bounded: copies of an id are in the same part."""
        since, until = instants_of(self._block)
        whose = self._tenant_ids
        superseded = self._store.superseded(since=since, until=until, tenant_ids=whose).lazy()
        with self._store.scan_events(since=since, until=until, tenant_ids=whose, columns=[*ARRIVALS]) as events:
            parts = 1 + events.select(pl.len()).collect().item() // PART_MAX_EVENTS
            counted = []
            for part in range(parts):
                own = events.filter(pl.col("event_id").hash() % parts == part)
                valid = own.join(superseded, on=[*IDENTITY], how="anti")
                counted.append(self._wanted(reference_count(valid, dates=self._dates, by=by).lazy()).collect())
        sums = [pl.col(name).sum() for name in (*MEASURES, USER_CHECKSUM)]
        whole = pl.concat(counted).lazy().group_by(by).agg(*sums, pl.col("last_received").max())
        return self._closed(whole.filter(pl.col("day").is_between(self._block.first, self._block.last))).collect()

    def _wanted(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows if self._only is None else rows.join(self._only.lazy(), on=TENANT_DAY_KEY, how="semi")

    def _closed(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return self._dates.closed(rows, by=self._began)
