"""Counting the days that somebody names, whether anything touched them or not."""

import datetime as dt

from signtally.domain.periods import period_between
from signtally.domain.restatements import RestatementReason
from signtally.services import Services
from signtally.use_cases.aggregating.restating import AggregationOutcome, restate
from signtally.use_cases.aggregating.tenant_days import Calendars, blocks
from signtally.use_cases.aggregating.zone_moves import CountingZones, count_where_tenants_live, event_days, every_day

_BLOCK_DAYS = 14  # of all tenants, whose days are held in memory


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
            days = calendars.days_near(stayed, within=block)
            done.append(restate(days, reason=RestatementReason.RECOUNT, services=services))
        return AggregationOutcome.total(done)

    return count_where_tenants_live(count, tenant_id=tenant_id, services=services)
