"""Counting the days that somebody names, whether anything touched them or not."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.aggregation import TenantDay
from signtally.domain.periods import EARLIEST_DAY, FuturePeriodError, Period, PeriodKind, period_between
from signtally.domain.restatements import RestatementReason
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services
from signtally.stores.tenants import DEFAULT_ZONE
from signtally.stores.touched_hours import TOUCHED
from signtally.use_cases.aggregating.day_reads import CountedDays, read_days
from signtally.use_cases.aggregating.read_back import ReadBackCheck
from signtally.use_cases.aggregating.restating import AggregationOutcome, restate
from signtally.use_cases.aggregating.tenant_days import Calendars, batches
from signtally.use_cases.aggregating.written_rows import WrittenRows
from signtally.use_cases.aggregating.zone_moves import (
    CountingZones,
    count_in_current_zones,
    event_days,
    every_day,
    has_events_before,
)

_BLOCK_DAYS = 14  # of all tenants; a block's tenant-days are held in memory
_TENANT_BLOCK_DAYS = 52 * 7  # of one tenant
_MAX_WIDENING = 16  # a block without events or rows may be so many times longer


@dataclasses.dataclass(frozen=True, slots=True)
class OccupiedDays:
    """The days of *block* that may have figures: near *events* (schema EVENT_DAYS), or with non-zero *rows*.

    A row without events is possible: the events were lost, or somebody else wrote the row.
    """

    block: Period
    events: pl.DataFrame
    rows: pl.DataFrame  # schema TENANT_DAYS

    @property
    def tenant_ids(self) -> set[str]:
        return {*self.events["tenant_id"].unique(), *self.rows["tenant_id"].unique()}

    def __len__(self) -> int:
        return len(self.events) + len(self.rows)

    def in_zones(self, zones: dict[str, str]) -> set[TenantDay]:
        """The days to count of the tenants in *zones* (zone by tenant id)."""
        events, rows = (each.filter(pl.col("tenant_id").is_in([*zones])) for each in (self.events, self.rows))
        near = Calendars(zones).days_near(events, within=self.block)
        return near | {TenantDay(tenant_id, day, zones[tenant_id]) for tenant_id, day in rows.iter_rows()}


def aggregate_days(
    *, services: Services, tenant_id: str | None = None, first: dt.date | None = None, last: dt.date | None = None
) -> AggregationOutcome:
    """Count again the local days *first* to *last* of one tenant or of all, with or without a profile. Idempotent.

    Without *first*, from the oldest event that is kept; without *last*, to the newest. A tenant that has moved to
    another zone is counted whole, so that its days are never counted in two zones. Raises PeriodError, ServiceError.
    """
    span = named_span(first, last, services=services)
    counted = (outcome for _, outcome in recount(span, tenant_id=tenant_id, services=services))
    return AggregationOutcome.total(counted)


def named_span(first: dt.date | None, last: dt.date | None, *, services: Services) -> Period:
    """The days from *first* to *last*, clipped to those that may have events. Raises PeriodError."""
    whole = every_day(services)
    if first is not None and first > whole.last:
        raise FuturePeriodError(f"{first} lies ahead: there is nothing to count after {whole.last}")
    return period_between(first or min(whole.first, last or whole.last), last or whole.last).clip(whole.last)


def recount(span: Period, *, tenant_id: str | None, services: Services) -> Iterator[tuple[Period, AggregationOutcome]]:
    """Count *span* again block by block, the newest first; a block is stored when it is yielded.

    Raises ServiceError.
    """
    for occupied in _occupied_blocks(span, tenant_id=tenant_id, services=services):
        yield occupied.block, _count_again(occupied, tenant_id=tenant_id, services=services)


def recount_dry_run(span: Period, *, tenant_id: str | None, services: Services) -> Iterator[CountedDays]:
    """Count the days that `recount` counts, in the zones of the profiles, and write nothing. Raises ServiceError."""
    profiles = services.stores.tenants.zones()
    written = WrittenRows(services.usage_store, services.objects)
    written.refresh()
    read_back = ReadBackCheck(TOUCHED.to_frame(), written=written)
    for occupied in _occupied_blocks(span, tenant_id=tenant_id, services=services):
        zones = {each: profiles.get(each, DEFAULT_ZONE) for each in occupied.tenant_ids}
        for batch in batches(occupied.in_zones(zones)):
            yield from read_days(batch, store=services.usage_store, read_back=read_back)


def _occupied_blocks(span: Period, *, tenant_id: str | None, services: Services) -> Iterator[OccupiedDays]:
    """*span* in blocks, the newest first; each doubles in length while blocks are empty, and the last is the rest."""
    width = least = _BLOCK_DAYS if tenant_id is None else _TENANT_BLOCK_DAYS
    last = span.last
    while last >= span.first:
        block = Period(PeriodKind.RANGE, max(span.first, last - (width - 1) * ONE_DAY), last)
        occupied = _occupied(block, tenant_id=tenant_id, services=services)
        if len(occupied) and block.day_count > least:
            width = least  # it may hold too many days for one go
            continue
        if not len(occupied) and not _is_occupied_before(block.first, tenant_id=tenant_id, services=services):
            yield dataclasses.replace(occupied, block=Period(PeriodKind.RANGE, span.first, block.last))
            return
        yield occupied
        width = least if len(occupied) else min(2 * width, _MAX_WIDENING * least)
        last = block.first - ONE_DAY


def _occupied(block: Period, *, tenant_id: str | None, services: Services) -> OccupiedDays:
    tenant_ids = None if tenant_id is None else [tenant_id]
    events = event_days(block, tenant_ids=tenant_ids, services=services)
    with services.usage_store.scan_daily_usage(first=block.first, last=block.last, tenant_ids=tenant_ids) as stored:
        figures = stored.filter(pl.any_horizontal(pl.col(MEASURES) != 0))
        rows = figures.select("tenant_id", "day").unique().collect(engine="streaming")
    return OccupiedDays(block, events, rows)


def _is_occupied_before(day: dt.date, *, tenant_id: str | None, services: Services) -> bool:
    tenant_ids = None if tenant_id is None else [tenant_id]
    return has_events_before(day, tenant_ids=tenant_ids, services=services) or services.usage_store.has_daily_usage(
        first=EARLIEST_DAY, last=day - ONE_DAY, tenant_ids=tenant_ids
    )


def _count_again(occupied: OccupiedDays, *, tenant_id: str | None, services: Services) -> AggregationOutcome:
    def count(zones: CountingZones) -> AggregationOutcome:
        stayed = occupied.tenant_ids.difference(zones.recounted)
        days = occupied.in_zones(zones.of(stayed))
        return restate(days, reason=RestatementReason.RECOUNT, services=services)

    return count_in_current_zones(count, tenant_ids=None if tenant_id is None else [tenant_id], services=services)
