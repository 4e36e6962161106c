"""Counting the days that ingest and imports touched since they were last counted."""

import dataclasses
import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from signtally.domain.restatements import RestatementReason
from signtally.domain.shards import EVERYBODY, Shard
from signtally.services import Services
from signtally.stores.touched_hours import TOUCHED, TouchedBatch
from signtally.use_cases.aggregating.noted_events import NotedEvents
from signtally.use_cases.aggregating.restating import AggregationOutcome, restate
from signtally.use_cases.aggregating.tenant_days import Calendars
from signtally.use_cases.aggregating.written_rows import WrittenRows
from signtally.use_cases.aggregating.zone_moves import CountingZones, count_where_tenants_live

_log = logging.getLogger(__name__)
_ROUND_EVENTS = 2_000_000  # noted events that are held in memory
_MOST_PROFILES = 40  # that are read one by one: about as many requests as it takes to list those of 43,000 tenants


def aggregate_touched(*, services: Services, shard: Shard = EVERYBODY, due_only: bool = False) -> AggregationOutcome:
    """Count again every day that was noted and every tenant that has moved to another zone. Idempotent.

    Then publish how far the figures are complete; a shard cannot know that and publishes nothing. With *due_only*, for
    runs of every minute, what was done not long ago is left for later: trying again events that could not be read, and
    looking at the zones of tenants that nothing has touched.
    """
    freshness, checks, now = services.stores.watermarks, services.stores.zone_checks, services.clock()
    is_everybodys = not due_only or checks.is_due(now=now)
    # Before the notes are listed: what was sent before this instant is stored by now, and noted.
    settled_through = freshness.settled_through() if shard.is_everybody else None
    pending = services.stores.touched_hours.pending(due_only=due_only)
    total = AggregationOutcome.total(
        _aggregate_round(notes, shard, moves_everybody=is_everybodys, services=services) for notes in _rounds(pending)
    )
    if due_only and is_everybodys and shard.is_everybody:
        checks.done(at=now)
    if settled_through is not None:
        freshness.publish_data_through(settled_through)
    return dataclasses.replace(total, data_through=settled_through)


def settled_now(*, services: Services) -> dt.datetime | None:
    """What the figures will be complete through when all shards have counted what is noted by now."""
    return services.stores.watermarks.settled_through()


def publish_counted(settled_through: dt.datetime | None, *, services: Services) -> None:
    """After all shards: what was settled before they began is in the figures."""
    if settled_through is not None:
        services.stores.watermarks.publish_data_through(settled_through)


def _aggregate_round(
    notes: Sequence[TouchedBatch], shard: Shard, *, moves_everybody: bool, services: Services
) -> AggregationOutcome:
    """Tenants are moved once their notes are read, so that a recount of all of their days settles these as well."""
    own = [_of_shard(note.rows, shard) for note in notes]
    rows = pl.concat([TOUCHED.to_frame(), *own])
    noted = NotedEvents(rows, written=WrittenRows(services.usage_store, services.objects))
    reasons = _reasons(rows)
    touched = {*rows["tenant_id"].unique()}

    def count(zones: CountingZones) -> AggregationOutcome:
        days = Calendars(zones.of(touched.difference(zones.recounted))).touched_days(rows)
        return restate(days, reason=reasons, noted=noted, services=services)

    movers = None if moves_everybody or len(touched) > _MOST_PROFILES else touched
    outcome = count_where_tenants_live(count, tenant_ids=movers, noted=noted, shard=shard, services=services)
    missing = noted.missing()
    is_worth_it = moves_everybody or len(rows) or noted.written.has_own  # to look what can be read by now
    left = pl.concat([missing, noted.unconfirmed()]) if is_worth_it else missing
    for note, done in zip(notes, own, strict=True):
        _settle(note, done, left, services=services)
    if len(missing):
        _log.warning("%d events are stored and cannot be read yet: their figures are provisional", len(missing))
    return dataclasses.replace(outcome, notes=len(notes), unreadable=len(missing))


def _settle(note: TouchedBatch, done: pl.DataFrame, postponed: pl.DataFrame, *, services: Services) -> None:
    """Forget what is counted; the new note of what is not stands before the old one falls, and its marks likewise."""
    touched, provisional = services.stores.touched_hours, services.stores.provisional
    left = done.join(postponed, on=[*TOUCHED], how="semi")
    if len(left):
        provisional.mark(touched.requeue(note, left))
    if note.tried_at is not None:
        provisional.clear(note, done)
    if len(done):
        touched.ack(note, done)


def _of_shard(rows: pl.DataFrame, shard: Shard) -> pl.DataFrame:
    if shard.is_everybody:
        return rows
    own = [tenant_id for tenant_id in rows["tenant_id"].unique() if shard.holds(tenant_id)]
    return rows.filter(pl.col("tenant_id").is_in(own))


def _reasons(rows: pl.DataFrame) -> dict[str, RestatementReason]:
    """By tenant; anything that is known better than "late" names the rest too."""
    pairs = rows.select("tenant_id", "reason").unique().iter_rows()
    ordered = sorted(pairs, key=lambda pair: pair[1] != RestatementReason.LATE_EVENTS)
    return {tenant_id: RestatementReason(reason) for tenant_id, reason in ordered}


def _rounds(notes: Iterable[TouchedBatch]) -> Iterator[list[TouchedBatch]]:
    """Notes by as many as fit into memory; at least one round, for tenants move without a note."""
    some: list[TouchedBatch] = []
    events = 0
    for note in notes:
        some.append(note)
        events += len(note.rows)
        if events >= _ROUND_EVENTS:
            yield some
            some, events = [], 0
    yield some
