"""Which days and instants a report on a tenant's period reads, worked out once for all who read them."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from signtally.domain.activity import offset_changes
from signtally.domain.periods import Period, PeriodKind, end_of_day, spans_of_day, start_of_day
from signtally.domain.tenants import TenantProfile
from signtally.domain.time_units import ONE_DAY
from signtally.domain.trend import TREND_PERIODS
from signtally.ports.document_store import TenantSpan

PREVIOUS_PART, CURRENT_PART = 0, 2  # of `ReportSpans.with_previous`; what lies between them is part 1


@dataclasses.dataclass(frozen=True, slots=True)
class ReportSpans:
    """Of *period*, clipped to the tenant's *today*, and of *previous*, with which it is compared."""

    tenant: TenantProfile
    today: dt.date
    period: Period
    previous: Period
    previous_until: dt.datetime | None  # as in `UsageSnapshot`

    @classmethod
    def of(cls, tenant: TenantProfile, period: Period, *, now: dt.datetime) -> "ReportSpans":
        """Raises FuturePeriodError."""
        today = tenant.today(now)
        clipped = period.clip(today)
        previous = clipped.compared_with(today=today)
        return cls(tenant, today, clipped, previous, same_time_yesterday(tenant, clipped, now=now))

    def first_day(self, *, with_allowance: bool) -> dt.date:
        """The first day whose rows are read; an allowance is of the month that holds the period's last day."""
        return min(self.previous.first, self.period.last.replace(day=1)) if with_allowance else self.previous.first

    @property
    def current(self) -> TenantSpan:
        """The period's own time."""
        zone = self.tenant.zone
        return TenantSpan(
            self.tenant.tenant_id, start_of_day(self.period.first, zone), end_of_day(self.period.last, zone)
        )

    @property
    def current_by_offset(self) -> TenantSpan:
        """The same, parted where clocks are set."""
        span = self.current
        return dataclasses.replace(span, parted_at=offset_changes(span.since, span.until, zone=self.tenant.zone))

    @property
    def with_previous(self) -> TenantSpan:
        """From the beginning of the previous period, which is PREVIOUS_PART, to the end of the period, CURRENT_PART."""
        current, zone = self.current, self.tenant.zone
        begins = start_of_day(self.previous.first, zone)
        ends = min(self.previous_until or end_of_day(self.previous.last, zone), current.since)
        return dataclasses.replace(current, since=begins, parted_at=(ends, current.since))

    def periods_before(self, *, began: dt.date | None) -> list[Period]:
        """Those of the trend, oldest first, from the one in which the tenant's figures *began*."""
        periods = [self.period]
        while len(periods) <= TREND_PERIODS and began is not None and periods[0].previous.last >= began:
            periods.insert(0, periods[0].previous)
        return periods[:-1]

    def trend(self, periods: Sequence[Period]) -> TenantSpan:
        """The time of the *periods* before, parted where each begins."""
        starts = [start_of_day(each.first, self.tenant.zone) for each in (*periods, self.period)]
        return TenantSpan(self.tenant.tenant_id, starts[0], starts[-1], tuple(starts[1:-1]))


def same_time_yesterday(tenant: TenantProfile, period: Period, *, now: dt.datetime) -> dt.datetime | None:
    """Of a day under way: when clocks there showed the same time the day before. None for any other period."""
    local = now.astimezone(tenant.zone)
    if period.kind is not PeriodKind.DAY or period.last != local.date():
        return None
    yesterday = dt.datetime.combine(period.first - ONE_DAY, local.time(), tzinfo=tenant.zone).astimezone(dt.UTC)
    spans = spans_of_day(period.first - ONE_DAY, tenant.zone)
    return yesterday if len(spans) == 1 else None
