"""The trend of a report: its period and the twelve before, as far back as there are figures."""

from collections.abc import Sequence

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.basis import Basis
from signtally.domain.cohorts import COHORT_PREFIX, EVENTS_PREFIX, STAGES
from signtally.domain.day_totals import day_totals_of
from signtally.domain.documents import Cohort
from signtally.domain.periods import Period, PeriodKind
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.domain.trend import TrendPoint
from signtally.services import Services
from signtally.use_cases.figures.spans import ReportSpans
from signtally.use_cases.figures.usage_rows import stored_rows, unread_days

_STAGES = [f"{COHORT_PREFIX}{stage}" for stage in STAGES]
_COUNTED = [f"{EVENTS_PREFIX}{measure}" for measure in MEASURES]


def read_trend(snapshot: UsageSnapshot, *, services: Services) -> tuple[TrendPoint, ...]:
    """Oldest first; the last point is the period of *snapshot* itself, as it stands there. Raises a ServiceError."""
    if snapshot.cohort is None:
        raise ValueError("the snapshot was read without its cohort")
    now = TrendPoint(snapshot.period, snapshot.totals, snapshot.cohort)
    spans = ReportSpans.of(snapshot.tenant, snapshot.period, now=snapshot.taken_at)
    periods = spans.periods_before(began=snapshot.first_data_day)
    if not periods:
        return (now,)
    counted = _cohorts(snapshot, spans, periods, services=services)
    if snapshot.basis is Basis.COHORT:
        totals = [Counts(*counts) for counts in counted.select(_COUNTED).iter_rows()]
    else:
        totals = _totals(snapshot, periods, services=services)
    cohorts = [Cohort(*stages) for stages in counted.select(_STAGES).iter_rows()]
    return *map(TrendPoint, periods, totals, cohorts), now


def day_totals(
    tenant: TenantProfile, days: Period, *, services: Services, user_ids: Sequence[str] | None = None
) -> pl.DataFrame:
    """Schema DAY_TOTALS of closed days, added up by the store.

    Days with rows that were written and cannot be read yet are added up here, row by row. Raises a ServiceError.
    """
    unread = unread_days(tenant, days, services=services)
    span = {"first": days.first, "last": days.last}
    totals = services.usage_store.day_totals(tenant.tenant_id, **span, user_ids=user_ids)
    if not unread:
        return totals
    rows = stored_rows(tenant, Period(PeriodKind.RANGE, min(unread), max(unread)), services=services)
    wanted = rows if user_ids is None else rows.filter(pl.col("user_id").is_in(list(user_ids)))
    recounted = day_totals_of(wanted.filter(pl.col("day").is_in(list(unread))))
    return pl.concat([totals.filter(~pl.col("day").is_in(list(unread))), recounted])


def _totals(snapshot: UsageSnapshot, periods: Sequence[Period], *, services: Services) -> list[Counts]:
    whole = Period(PeriodKind.RANGE, periods[0].first, periods[-1].last)
    days = day_totals(snapshot.tenant, whole, services=services, user_ids=snapshot.user_ids)
    sums = (days.filter(pl.col("day").is_between(each.first, each.last)).select(MEASURES).sum() for each in periods)
    return [Counts(*each.row(0)) for each in sums]


def _cohorts(
    snapshot: UsageSnapshot, spans: ReportSpans, periods: Sequence[Period], *, services: Services
) -> pl.DataFrame:
    """One row a period: how far what was sent in it has come."""
    found = services.usage_store.cohorts(spans.trend(periods), user_ids=snapshot.user_ids)
    parts = pl.DataFrame({"part": range(len(periods))}, schema={"part": pl.Int64()})
    return parts.join(found, on="part", how="left", maintain_order="left").fill_null(0)
