"""From events to daily usage: counting again the days that ingest touched, or those that an operator names.

Runs may repeat, overlap and die at any point: notes of touched hours are forgotten only when they are counted, and
tenants that move are noted as moving before and as settled after they are recounted.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from signtally.domain.periods import period_between
from signtally.services import Services
from signtally.stores.freshness import Freshness
from signtally.stores.touched import TouchedNote, TouchedNotes
from signtally.use_cases.restating import AggregationOutcome, restate
from signtally.use_cases.tenant_days import Calendars, blocks
from signtally.use_cases.zone_moves import CountingZones, count_where_tenants_live, event_days, every_day

_ROUND_HOURS = 250_000  # touched hours that are held in memory
_BLOCK_DAYS = 14  # of all tenants, whose days are held in memory


def aggregate_touched(*, services: Services) -> AggregationOutcome:
    """Count again every day that ingest has noted and every tenant that has moved to another zone. Idempotent.

    Then publish how far the figures are complete.
    """
    freshness, touched = Freshness(services.objects), TouchedNotes(services.objects)
    # Before the notes are listed: what was sent before this instant is stored by now, and noted.
    settled_through = freshness.settled_through()
    total = AggregationOutcome.total(
        _aggregate_round(notes, touched=touched, services=services) for notes in _rounds(touched.pending())
    )
    if settled_through is not None:
        freshness.publish_data_through(settled_through)
    return dataclasses.replace(total, data_through=settled_through)


def aggregate_days(
    *, services: Services, tenant_id: str | None = None, first: dt.date | None = None, last: dt.date | None = None
) -> AggregationOutcome:
    """Count again the local days *first* to *last* of one tenant or of all, known by a profile or not. Idempotent.

    Without *first*, from the oldest event that is kept; without *last*, to the newest. A tenant that has moved to
    another zone since it was counted is counted whole, so that its days never stand in two zones. Raise PeriodError.
    """
    whole = every_day(services)
    span = period_between(first or min(whole.first, last or whole.last), last or whole.last).clip(whole.last)
    tenant_ids = None if tenant_id is None else [tenant_id]

    def count(zones: CountingZones) -> AggregationOutcome:
        done = []
        for block in blocks(span, days=_BLOCK_DAYS if tenant_ids is None else span.day_count):
            found = event_days(block, tenant_ids=tenant_ids, services=services)
            stayed = found.filter(~found["tenant_id"].is_in(list(zones.recounted)))
            calendars = Calendars(zones.of(stayed["tenant_id"].unique()))
            done.append(restate(calendars.days_near(stayed, within=block), services=services))
        return AggregationOutcome.total(done)

    return count_where_tenants_live(count, tenant_id=tenant_id, services=services)


def _aggregate_round(notes: Sequence[TouchedNote], *, touched: TouchedNotes, services: Services) -> AggregationOutcome:
    """Tenants are moved once their notes are read, so that a recount of all of their days settles these as well."""
    hours = {hour for note in notes for hour in note.hours}

    def count(zones: CountingZones) -> AggregationOutcome:
        stayed = [hour for hour in hours if hour.tenant_id not in zones.recounted]
        calendars = Calendars(zones.of({hour.tenant_id for hour in stayed}))
        return restate({day for hour in stayed for day in calendars.days_of(hour)}, services=services)

    outcome = count_where_tenants_live(count, starts_anew=True, services=services)
    touched.settle(notes)
    return dataclasses.replace(outcome, notes=len(notes))


def _rounds(notes: Iterable[TouchedNote]) -> Iterator[list[TouchedNote]]:
    """Notes by as many as fit into memory; at least one round, for tenants move without a note."""
    some: list[TouchedNote] = []
    hours = 0
    for note in notes:
        some.append(note)
        hours += len(note.hours)
        if hours >= _ROUND_HOURS:
            yield some
            some, hours = [], 0
    yield some
