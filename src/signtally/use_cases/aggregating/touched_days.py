"""Counting the days that ingest and imports touched since they were last counted."""

import dataclasses
import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from signtally.domain.counted import counted
from signtally.domain.operator_events import LATE_AFTER, data_through_late
from signtally.domain.restatements import RestatementReason
from signtally.domain.shards import ALL_TENANTS, Shard
from signtally.services import Services
from signtally.stores.touched_hours import TOUCHED, TouchedBatch
from signtally.use_cases.aggregating.read_back import ReadBackCheck
from signtally.use_cases.aggregating.restating import AggregationOutcome, restate
from signtally.use_cases.aggregating.tenant_days import Calendars
from signtally.use_cases.aggregating.written_rows import WrittenRows
from signtally.use_cases.aggregating.zone_moves import CountingZones, count_in_current_zones

_log = logging.getLogger(__name__)
_ROUND_MAX_EVENTS = 2_000_000  # touched events that one round holds in memory
_MAX_SINGLE_PROFILES = 40  # to read one by one; listing the profiles of 43,000 tenants takes about 40 requests


def aggregate_touched(*, services: Services, shard: Shard = ALL_TENANTS, due_only: bool = False) -> AggregationOutcome:
    """Count again the days of all touched hours, and every tenant that has moved to another zone. Idempotent.

    Then publish the watermark data-through; one shard of several cannot know it and publishes nothing. *due_only*, for
    the runs of every minute, skips what was done minutes ago: retrying events that could not be read, and comparing
    the zones of tenants without touched hours. Raises ServiceError.
    """
    watermarks, checks, now = services.stores.watermarks, services.stores.zone_checks, services.clock()
    checks_all_zones = not due_only or checks.is_due(now=now)
    # Read before the batches are listed: what was sent before this instant is stored and in a batch by now.
    settled_through = watermarks.settled_through() if shard.covers_all_tenants else None
    pending = services.stores.touched_hours.pending(due_only=due_only)
    total = AggregationOutcome.total(
        _aggregate_round(batches, shard, all_zones=checks_all_zones, services=services) for batches in _rounds(pending)
    )
    if due_only and checks_all_zones and shard.covers_all_tenants:
        checks.done(at=now)
    publish_counted(settled_through, services=services)
    return dataclasses.replace(total, data_through=settled_through)


def settled_now(*, services: Services) -> dt.datetime | None:
    """The data-through that applies once all shards have counted what is touched by now. Raises ServiceError."""
    return services.stores.watermarks.settled_through()


def publish_counted(settled_through: dt.datetime | None, *, services: Services) -> None:
    """Publish data-through after everything is counted; *settled_through* was read before that began.

    Operators are told of one that is late.
    """
    if settled_through is None:
        return
    services.stores.watermarks.publish_data_through(settled_through)
    if services.clock() - settled_through > LATE_AFTER:
        services.tell(data_through_late(settled_through, now=services.clock()))


def _aggregate_round(
    batches: Sequence[TouchedBatch], shard: Shard, *, all_zones: bool, services: Services
) -> AggregationOutcome:
    """Tenants are moved after their batches are read, so that a recount of all of their days covers these too."""
    own = [_of_shard(batch.rows, shard) for batch in batches]
    rows = pl.concat([TOUCHED.to_frame(), *own])
    read_back = ReadBackCheck(rows, written=WrittenRows(services.usage_store, services.objects))
    reasons = _reasons(rows)
    touched = {*rows["tenant_id"].unique()}

    def count(zones: CountingZones) -> AggregationOutcome:
        days = Calendars(zones.of(touched.difference(zones.recounted))).touched_days(rows)
        return restate(days, reason=reasons, read_back=read_back, services=services)

    movers = None if all_zones or len(touched) > _MAX_SINGLE_PROFILES else touched
    outcome = count_in_current_zones(count, tenant_ids=movers, read_back=read_back, shard=shard, services=services)
    not_visible = read_back.not_visible()
    reads_back = all_zones or len(rows) or read_back.written.has_own
    left = pl.concat([not_visible, read_back.unconfirmed()]) if reads_back else not_visible
    for batch, done in zip(batches, own, strict=True):
        _acknowledge(batch, done, left, services=services)
    if len(not_visible):
        stored = counted(len(not_visible), "event is", "events are")
        _log.warning("%s stored and cannot be read yet: such figures are provisional", stored)
    return dataclasses.replace(outcome, notes=len(batches), unreadable=len(not_visible))


def _acknowledge(batch: TouchedBatch, done: pl.DataFrame, postponed: pl.DataFrame, *, services: Services) -> None:
    """Take counted events out of their batch; those to retry get a new batch and marks before the old ones go."""
    touched, provisional = services.stores.touched_hours, services.stores.provisional
    left = done.join(postponed, on=[*TOUCHED], how="semi")
    if len(left):
        provisional.mark(touched.requeue(batch, left))
    if batch.tried_at is not None:
        provisional.clear(batch, done)
    if len(done):
        touched.ack(batch, done)


def _of_shard(rows: pl.DataFrame, shard: Shard) -> pl.DataFrame:
    if shard.covers_all_tenants:
        return rows
    own = [tenant_id for tenant_id in rows["tenant_id"].unique() if shard.owns(tenant_id)]
    return rows.filter(pl.col("tenant_id").is_in(own))


def _reasons(rows: pl.DataFrame) -> dict[str, RestatementReason]:
    """The reason for each tenant's restatements; any other reason overrides "late events"."""
    pairs = rows.select("tenant_id", "reason").unique().iter_rows()
    ordered = sorted(pairs, key=lambda pair: pair[1] != RestatementReason.LATE_EVENTS)
    return {tenant_id: RestatementReason(reason) for tenant_id, reason in ordered}


def _rounds(batches: Iterable[TouchedBatch]) -> Iterator[list[TouchedBatch]]:
    """Batches in rounds that fit into memory; at least one, because tenants move without a touched hour."""
    some: list[TouchedBatch] = []
    events = 0
    for batch in batches:
        some.append(batch)
        events += len(batch.rows)
        if events >= _ROUND_MAX_EVENTS:
            yield some
            some, events = [], 0
    yield some
