"""Events against daily usage: every tenant's closed days, in blocks, wider ones where there is little, read in bulk.

A day that is not over changes while one looks, and is left out. What differs is looked at twice, because others count
meanwhile: only what differs in the same way both times is a mismatch.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.aggregation import IDENTITY
from signtally.domain.local_dates import LocalDates
from signtally.domain.periods import Period
from signtally.domain.reconciliation import DAY_COUNTS, DIFFERENCES, EVENT_COUNTS, counted_plainly, differences
from signtally.services import Services
from signtally.use_cases.reconciling.circumstances import Circumstances, instants_of, look_around

_BLOCK_DAYS = 7  # of all tenants, whose events lie on the disk
_WIDEST_DAYS = 52 * 7  # of them, where there is little
_LITTLE = 20_000  # tenant-days
PART_EVENTS = 1_000_000  # of those, so many are in memory at a time
_NAMED_TENANTS = 500  # of more, everybody is looked at again
_DAY = ["tenant_id", "day"]
_ONE_DAY = dt.timedelta(days=1)


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
        block = Period(span.kind, first, min(span.last, first + (width - 1) * _ONE_DAY))
        looks.append(_look_twice(block, tenant_ids, services=services))
        width = min(2 * width, _WIDEST_DAYS) if len(looks[-1].compared) < _LITTLE else _BLOCK_DAYS
        first = block.last + _ONE_DAY
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
    second = _look(block, suspects if len(suspects) <= _NAMED_TENANTS else tenant_ids, services=services)
    return dataclasses.replace(
        first,
        pending=pl.concat([first.pending, second.pending]).unique(),
        mismatches=first.mismatches.join(second.mismatches, on=[*DIFFERENCES], how="semi", maintain_order="left"),
    )


def _look(block: Period, tenant_ids: Sequence[str] | None, *, services: Services) -> Comparison:
    """Rows are read before events, so that whatever was counted is among the events."""
    before = look_around(services=services)
    now = services.clock()
    dates = before.dates(block)
    stored = _stored(block, tenant_ids, dates, now=now, services=services)
    counted = _counted(block, tenant_ids, dates, now=now, services=services)
    after = look_around(services=services)
    differing = differences(counted, stored)
    pending = _pending(differing, counted, before.pending_days(block, later=after), before)
    with_figures = stored.filter(pl.any_horizontal(pl.col(MEASURES) != 0))
    return Comparison(
        compared=pl.concat([counted.select(_DAY), with_figures.select(_DAY)]).unique(),
        pending=pending,
        mismatches=differing.join(pending, on=_DAY, how="anti", maintain_order="left"),
    )


def _pending(
    differing: pl.DataFrame, counted: pl.DataFrame, noted: pl.DataFrame, circumstances: Circumstances
) -> pl.DataFrame:
    """The differing days that are noted, of moving tenants, or with events that may not be noted yet."""
    days = differing.select(_DAY).unique()
    moving = days.filter(circumstances.is_moving())
    settled = circumstances.settled_through
    fresh = counted.filter(pl.col("last_received") >= settled) if settled is not None else counted.clear()
    return pl.concat([days.join(each, on=_DAY, how="semi") for each in (noted, moving, fresh)]).unique()


def _stored(
    block: Period, tenant_ids: Sequence[str] | None, dates: LocalDates, *, now: dt.datetime, services: Services
) -> pl.DataFrame:
    with services.usage_store.scan_daily_usage(first=block.first, last=block.last, tenant_ids=tenant_ids) as rows:
        sums = rows.group_by(_DAY).agg(pl.col(MEASURES).sum())
        return dates.closed(sums, by=now).match_to_schema(DAY_COUNTS).collect(engine="streaming")


def _counted(
    block: Period, tenant_ids: Sequence[str] | None, dates: LocalDates, *, now: dt.datetime, services: Services
) -> pl.DataFrame:
    """By parts of all event ids, so that memory stays bounded: repetitions of an id fall into the same part."""
    store, (since, until) = services.usage_store, instants_of(block)
    superseded = store.superseded(since=since, until=until, tenant_ids=tenant_ids).lazy()
    with store.scan_events(since=since, until=until, tenant_ids=tenant_ids) as events:
        parts = 1 + events.select(pl.len()).collect().item() // PART_EVENTS
        counted = []
        for part in range(parts):
            own = events.filter(pl.col("event_id").hash() % parts == part)
            valid = own.join(superseded, on=[*IDENTITY], how="anti")
            counted.append(counted_plainly(valid, dates=dates))
    whole = pl.concat(counted).lazy().group_by(_DAY).agg(pl.col(MEASURES).sum(), pl.col("last_received").max())
    within = whole.filter(pl.col("day").is_between(block.first, block.last))
    return dates.closed(within, by=now).match_to_schema(EVENT_COUNTS).collect()
