"""From rows of daily usage to the snapshot of a tenant's period."""

import dataclasses
import datetime as dt

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.allowance import AllowanceUse, allowance_use
from signtally.domain.periods import Period, PeriodKind, days_within
from signtally.domain.restatements import RestatedDay, since_reported
from signtally.domain.snapshot import DayUsage, UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.domain.user_tables import inactive_users_of, names_of, users_of
from signtally.services import Services
from signtally.threads import ContextThreads
from signtally.use_cases.figures.spans import ReportSpans
from signtally.use_cases.figures.usage_rows import UsageRows, count_day, read_rows

_SUMS = [pl.col(measure).sum() for measure in MEASURES]
_QUERIES_BESIDE = 3


@dataclasses.dataclass(frozen=True, slots=True)
class PeriodRows:
    """A period's rows and those that it is compared with, schema DAILY_USAGE, narrowed to the users asked for."""

    snapshot: UsageSnapshot  # what was read beside them, and the figures that they add up to
    current: pl.DataFrame
    before: pl.DataFrame
    names: pl.DataFrame  # the latest that any row read knows, schema `signtally.domain.document_rows.USER_NAMES`


def read_usage(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None = None
) -> UsageSnapshot:
    """The figures of *period* up to the tenant's today, and those that they are compared with.

    *user_ids* narrows every figure to these users. Raises FuturePeriodError, ControlTotalsError or a ServiceError.
    """
    rows = read_period_rows(tenant, period, services=services, user_ids=user_ids)
    snapshot = dataclasses.replace(rows.snapshot, users=users_of(rows.current, before=rows.before, names=rows.names))
    snapshot.check_control_totals()
    return snapshot


def read_period_rows(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None = None
) -> PeriodRows:
    """What `read_usage` answers, still without users. Raises FuturePeriodError or a ServiceError."""
    now = services.clock()
    spans = ReportSpans.of(tenant, period, now=now)
    today, clipped, previous, previous_until = spans.today, spans.period, spans.previous, spans.previous_until
    # Before the rows: what is written between the two reads may only make them fresher than they say.
    data_through = services.stores.watermarks.data_through()
    allowed = None if user_ids is not None else tenant.allowance.documents_per_month
    earliest = spans.first_day(with_allowance=allowed is not None)
    with ContextThreads(_QUERIES_BESIDE) as beside:
        spoken_of = Period(PeriodKind.RANGE, previous.first, clipped.last)
        provisional = beside.submit(provisional_days, tenant, spoken_of, services=services)
        began = beside.submit(services.usage_store.first_usage_day, tenant.tenant_id)
        cut = previous_until and beside.submit(
            count_day, tenant, previous.last, services=services, until=previous_until
        )
        found = read_rows(tenant, earliest, clipped.last, today=today, services=services)
    of_users = UsageRows(_of_users(found.found, user_ids), found.is_moving)
    current = of_users.within(clipped)
    before = _of_users(cut.result(), user_ids) if cut else of_users.within(previous)
    names = names_of(of_users.found)
    days = [day for day in (began.result(), found.found["day"].min()) if isinstance(day, dt.date)]
    snapshot = UsageSnapshot(
        tenant=tenant,
        period=clipped,
        previous=previous,
        previous_until=previous_until,
        taken_at=now,
        data_through=data_through,
        totals=total_of(current),
        previous_totals=total_of(before),
        days=by_day(current, clipped),
        users=(),
        inactive_users=inactive_users_of(current, before=before, names=names),
        user_ids=user_ids,
        provisional_days=tuple(clipped.days()) if found.is_moving else provisional.result(),
        allowance=None if allowed is None else _allowance(of_users.found, allowed, as_of=clipped.last, today=today),
        first_data_day=min(days, default=None),
    )
    return PeriodRows(snapshot, current, before, names)


def restated_days(tenant: TenantProfile, period: Period, *, services: Services) -> tuple[RestatedDay, ...]:
    """The period's days whose figures have changed since a report first told them. Raises a ServiceError."""
    records = services.usage_store.restatements(first=period.first, last=period.last, tenant_ids=[tenant.tenant_id])
    if records.is_empty():
        return ()
    told = services.stores.reported_periods.first_told(tenant.tenant_id, period)
    return since_reported(records, told)


def provisional_days(tenant: TenantProfile, period: Period, *, services: Services) -> tuple[dt.date, ...]:
    """The period's days between the first and the last event that is stored and could not be read yet."""
    days: set[dt.date] = set()
    for span in services.stores.provisional.spans(tenant.tenant_id):
        days.update(days_within(span.since, span.until, tenant.zone))
    return tuple(sorted(day for day in days if period.first <= day <= period.last))


def total_of(rows: pl.DataFrame) -> Counts:
    return Counts(*rows.select(_SUMS).row(0))


def by_day(rows: pl.DataFrame, period: Period) -> tuple[DayUsage, ...]:
    counted = {day: Counts(*figures) for day, *figures in rows.group_by("day").agg(_SUMS).iter_rows()}
    return tuple(DayUsage(day, counted.get(day, Counts())) for day in period.days())


def _of_users(rows: pl.DataFrame, user_ids: tuple[str, ...] | None) -> pl.DataFrame:
    return rows if user_ids is None else rows.filter(pl.col("user_id").is_in(list(user_ids)))


def _allowance(rows: pl.DataFrame, allowed: int, *, as_of: dt.date, today: dt.date) -> AllowanceUse:
    sent = dict(rows.group_by("day").agg(pl.col("sent").sum()).iter_rows())
    return allowance_use(sent, allowed=allowed, as_of=as_of, today=today)
