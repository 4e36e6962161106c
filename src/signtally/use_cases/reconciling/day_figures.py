"""Events against daily usage: every tenant's closed days, in blocks, wider ones where there is little, read in bulk.

A day that is not over changes while one looks, and is left out. What differs is looked at twice, because others count
meanwhile: only what differs in the same way both times is a mismatch.
"""

import dataclasses
from collections.abc import Sequence

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.periods import Period
from signtally.domain.reconciliation import (
    DIFFERENCES,
    USER_SHARES,
    counted_plainly,
    differences,
    summed,
    user_differences,
)
from signtally.domain.schemas import IDENTITY, TENANT_DAY_KEY, USER_DAY_KEY
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services
from signtally.use_cases.reconciling.circumstances import Circumstances, instants_of, look_around

_BLOCK_DAYS = 7  # of all tenants, whose events lie on the disk
_WIDEST_DAYS = 52 * 7  # of them, where there is little
_LITTLE = 20_000  # tenant-days
PART_EVENTS = 1_000_000  # of those, so many are in memory at a time
_NAMED_TENANTS = 500  # of more, everybody is looked at again


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """Frames of tenants and days: *compared*, *pending* (they differ, and may), *mismatches* in schema DIFFERENCES."""

    compared: pl.DataFrame
    pending: pl.DataFrame
    mismatches: pl.DataFrame


def compare_days(span: Period, *, tenant_id: str | None, services: Services) -> Comparison:
    """What the events of the closed days of *span* say, and what their daily usage says."""
    tenant_ids = None if tenant_id is None else [tenant_id]
    width = span.day_count if tenant_ids else _BLOCK_DAYS
    looks: list[Comparison] = []
    first = span.first
    while first <= span.last:
        block = Period(span.kind, first, min(span.last, first + (width - 1) * ONE_DAY))
        looks.append(_look_twice(block, tenant_ids, services=services))
        width = min(2 * width, _WIDEST_DAYS) if len(looks[-1].compared) < _LITTLE else _BLOCK_DAYS
        first = block.last + ONE_DAY
    return Comparison(
        pl.concat([look.compared for look in looks]),
        pl.concat([look.pending for look in looks]),
        pl.concat([look.mismatches for look in looks]),
    )


def _look_twice(block: Period, tenant_ids: Sequence[str] | None, *, services: Services) -> Comparison:
    first = _look(block, tenant_ids, services=services)
    if first.mismatches.is_empty():
        return first
    suspects = first.mismatches["tenant_id"].unique().sort().to_list()
    named = suspects if len(suspects) <= _NAMED_TENANTS else tenant_ids
    second = _look(block, named, services=services)
    seen_twice = first.mismatches.join(
        second.mismatches, on=[*DIFFERENCES], how="semi", nulls_equal=True, maintain_order="left"
    )
    is_of_users = pl.col("action") == USER_SHARES
    of_users = _look_at_users(block, named, seen_twice.filter(is_of_users).select(TENANT_DAY_KEY), services=services)
    return dataclasses.replace(
        first,
        pending=pl.concat([first.pending, second.pending]).unique(),
        mismatches=pl.concat([seen_twice.filter(~is_of_users), of_users]).sort(*TENANT_DAY_KEY, "user_id", "action"),
    )


def _look_at_users(
    block: Period, tenant_ids: Sequence[str] | None, days: pl.DataFrame, *, services: Services
) -> pl.DataFrame:
    """Which users' figures differ on these *days*, whose sums are right."""
    if days.is_empty():
        return DIFFERENCES.to_frame()
    look = _Look(block, tenant_ids, look_around(services=services), services=services, only=days)
    stored = look.stored(USER_DAY_KEY)
    return user_differences(look.counted(USER_DAY_KEY), stored)


def _look(block: Period, tenant_ids: Sequence[str] | None, *, services: Services) -> Comparison:
    """Rows are read before events, so that whatever was counted is among the events."""
    before = look_around(services=services)
    look = _Look(block, tenant_ids, before, services=services)
    stored = look.stored(TENANT_DAY_KEY)
    counted = look.counted(TENANT_DAY_KEY)
    after = look_around(services=services)
    differing = differences(counted, stored)
    pending = _pending(differing, counted, before.pending_days(block, later=after), before)
    with_figures = stored.filter(pl.any_horizontal(pl.col(MEASURES) != 0))
    return Comparison(
        compared=pl.concat([counted.select(TENANT_DAY_KEY), with_figures.select(TENANT_DAY_KEY)]).unique(),
        pending=pending,
        mismatches=differing.join(pending, on=TENANT_DAY_KEY, how="anti", maintain_order="left"),
    )


def _pending(
    differing: pl.DataFrame, counted: pl.DataFrame, noted: pl.DataFrame, circumstances: Circumstances
) -> pl.DataFrame:
    """The differing days that are noted, of moving tenants, or with events that may not be noted yet."""
    days = differing.select(TENANT_DAY_KEY).unique()
    moving = days.filter(circumstances.is_moving())
    settled = circumstances.settled_through
    fresh = counted.filter(pl.col("last_received") >= settled) if settled is not None else counted.clear()
    return pl.concat([days.join(each, on=TENANT_DAY_KEY, how="semi") for each in (noted, moving, fresh)]).unique()


class _Look:
    """Both sides of a block's days that were over when it began, *only* some of them or all.

    A row each by TENANT_DAY_KEY or by USER_DAY_KEY.
    """

    def __init__(
        self,
        block: Period,
        tenant_ids: Sequence[str] | None,
        circumstances: Circumstances,
        *,
        services: Services,
        only: pl.DataFrame | None = None,
    ) -> None:
        self._block = block
        self._tenant_ids = tenant_ids
        self._dates = circumstances.dates(block)
        self._store = services.usage_store
        self._only = only
        self._began = services.clock()

    def stored(self, by: Sequence[str]) -> pl.DataFrame:
        first, last = self._block.first, self._block.last
        with self._store.scan_daily_usage(first=first, last=last, tenant_ids=self._tenant_ids) as rows:
            return self._closed(summed(self._wanted(rows), by=by)).collect(engine="streaming")

    def counted(self, by: Sequence[str]) -> pl.DataFrame:
        """By parts of all event ids, so that memory stays bounded: repetitions of an id fall into the same part."""
        since, until = instants_of(self._block)
        superseded = self._store.superseded(since=since, until=until, tenant_ids=self._tenant_ids).lazy()
        with self._store.scan_events(since=since, until=until, tenant_ids=self._tenant_ids) as events:
            parts = 1 + events.select(pl.len()).collect().item() // PART_EVENTS
            counted = []
            for part in range(parts):
                own = events.filter(pl.col("event_id").hash() % parts == part)
                valid = own.join(superseded, on=[*IDENTITY], how="anti")
                counted.append(self._wanted(counted_plainly(valid, dates=self._dates, by=by).lazy()).collect())
        sums = [pl.col(name).sum() for name in (*MEASURES, USER_SHARES)]
        whole = pl.concat(counted).lazy().group_by(by).agg(*sums, pl.col("last_received").max())
        return self._closed(whole.filter(pl.col("day").is_between(self._block.first, self._block.last))).collect()

    def _wanted(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows if self._only is None else rows.join(self._only.lazy(), on=TENANT_DAY_KEY, how="semi")

    def _closed(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return self._dates.closed(rows, by=self._began)
