"""Reading ahead: the figures of many tenants' reports in few queries, so that making each report asks nothing more.

Whoever makes a report calls `read_report` as for one tenant alone. Under it is a usage store that has the answers at
hand; what it was not asked to read ahead (today's figures, some users alone), it reads then.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

import polars as pl

from signtally.domain.periods import FuturePeriodError, Period
from signtally.domain.schemas import DAY_TOTALS, RESTATEMENTS, STORED_USAGE, by_tenant
from signtally.domain.tenants import TenantProfile
from signtally.ports.document_store import TenantSpan
from signtally.ports.usage_store import UsageStore
from signtally.services import Services
from signtally.stores.pinned_state import PinnedState
from signtally.use_cases.figures.spans import ReportSpans

_Days = tuple[str, dt.date, dt.date]  # tenant id, first, last


def read_ahead(wanted: Iterable[tuple[TenantProfile, Period]], *, services: Services, at: dt.datetime) -> Services:
    """Services with the figures at hand of reports on these periods as of *at*, on activity basis, of all users.

    Their clock goes on; what they say of figures is as of now. Raises a ServiceError.
    """
    # Before any row: see there.
    pinned = PinnedState(services.objects)
    figures = FiguresAhead(services.usage_store)
    for spans in _rounds(wanted, at=at):
        figures.read(spans)
    return dataclasses.replace(services, objects=pinned, usage_store=cast("UsageStore", figures))


def _rounds(wanted: Iterable[tuple[TenantProfile, Period]], *, at: dt.datetime) -> list[list[ReportSpans]]:
    """Each tenant once in a round; a period that lies in the future is for `read_report` to refuse."""
    rounds: list[dict[str, ReportSpans]] = []
    for tenant, period in wanted:
        try:
            spans = ReportSpans.of(tenant, period, now=at)
        except FuturePeriodError:
            continue
        free = next((each for each in rounds if tenant.tenant_id not in each), None)
        if free is None:
            rounds.append(free := {})
        free[tenant.tenant_id] = spans
    return [[*each.values()] for each in rounds]


class FiguresAhead:
    """A `UsageStore` that has read some answers ahead from *store*, and passes on every other call."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store
        self._documents: dict[TenantSpan, pl.DataFrame] = {}
        self._activity: dict[TenantSpan, pl.DataFrame] = {}
        self._cohorts: dict[TenantSpan, pl.DataFrame] = {}
        self._sender_cohorts: dict[TenantSpan, pl.DataFrame] = {}
        self._usage: dict[_Days, pl.DataFrame] = {}
        self._restatements: dict[_Days, pl.DataFrame] = {}
        self._day_totals: dict[_Days, pl.DataFrame] = {}
        self._first_days: dict[str, dt.date | None] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def read(self, reports: Sequence[ReportSpans]) -> None:
        """Read what these reports will ask for, each of another tenant. Raises a ServiceError."""
        store, tenant_ids = self._store, [each.tenant.tenant_id for each in reports]
        self._documents |= _by_span(store.documents_by_tenant, [each.current for each in reports])
        self._sender_cohorts |= _by_span(store.sender_cohorts_by_tenant, [each.with_previous for each in reports])
        self._activity |= _by_span(store.activity_by_tenant, [each.current_by_offset for each in reports])
        self._usage |= _by_days(store.daily_usage, STORED_USAGE, [_rows_of(each) for each in reports])
        restated = [(each.tenant.tenant_id, each.period.first, each.period.last) for each in reports]
        self._restatements |= _by_days(store.restatements, RESTATEMENTS, restated)
        found = dict(store.first_usage_days(tenant_ids).iter_rows())
        self._first_days |= {tenant_id: found.get(tenant_id) for tenant_id in tenant_ids}
        self._read_trends(reports)

    def _read_trends(self, reports: Sequence[ReportSpans]) -> None:
        before = [(each, each.periods_before(began=self._first_days[each.tenant.tenant_id])) for each in reports]
        trends = [(each, periods) for each, periods in before if periods]
        self._cohorts |= _by_span(self._store.cohorts_by_tenant, [each.trend(periods) for each, periods in trends])
        days = [(each.tenant.tenant_id, periods[0].first, periods[-1].last) for each, periods in trends]
        totals = _by_days(self._store.day_totals_by_tenant, by_tenant(DAY_TOTALS), days)
        self._day_totals |= {key: frame.drop("tenant_id") for key, frame in totals.items()}

    def documents(self, span: TenantSpan) -> pl.DataFrame:
        known = self._documents.get(span)
        return self._store.documents(span) if known is None else known

    def activity(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        known = self._activity.get(span) if user_ids is None else None
        return self._store.activity(span, user_ids=user_ids) if known is None else known

    def cohorts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        known = self._cohorts.get(span) if user_ids is None else None
        return self._store.cohorts(span, user_ids=user_ids) if known is None else known

    def sender_cohorts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        known = self._sender_cohorts.get(span) if user_ids is None else None
        return self._store.sender_cohorts(span, user_ids=user_ids) if known is None else known

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        known = self._usage.get((tenant_ids[0], first, last)) if len(tenant_ids) == 1 else None
        return self._store.daily_usage(first=first, last=last, tenant_ids=tenant_ids) if known is None else known

    def restatements(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        known = self._restatements.get((tenant_ids[0], first, last)) if len(tenant_ids) == 1 else None
        return self._store.restatements(first=first, last=last, tenant_ids=tenant_ids) if known is None else known

    def day_totals(
        self, tenant_id: str, *, first: dt.date, last: dt.date, user_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        known = self._day_totals.get((tenant_id, first, last)) if user_ids is None else None
        if known is None:
            return self._store.day_totals(tenant_id, first=first, last=last, user_ids=user_ids)
        return known

    def revision(self, tenant_id: str) -> str | None:
        """Unknown: what it is by now says nothing of figures that were read before."""
        del tenant_id
        return None

    def first_usage_day(self, tenant_id: str) -> dt.date | None:
        known = tenant_id in self._first_days
        return self._first_days[tenant_id] if known else self._store.first_usage_day(tenant_id)


def _rows_of(report: ReportSpans) -> _Days:
    has_allowance = report.tenant.allowance.documents_per_month is not None
    return report.tenant.tenant_id, report.first_day(with_allowance=has_allowance), report.period.last


def _by_span(
    read: Callable[[Sequence[TenantSpan]], pl.DataFrame], spans: Sequence[TenantSpan]
) -> dict[TenantSpan, pl.DataFrame]:
    if not spans:
        return {}
    found = read(spans)
    parts = _parts(found)
    nothing = found.clear()
    return {span: parts.get(span.tenant_id, nothing).drop("tenant_id") for span in spans}


def _by_days(
    read: Callable[..., pl.DataFrame], schema: pl.Schema, wanted: Sequence[_Days]
) -> dict[_Days, pl.DataFrame]:
    """Everybody's from the first day to the last one of all, then each tenant's own days."""
    if not wanted:
        return {}
    first, last = min(days[1] for days in wanted), max(days[2] for days in wanted)
    parts = _parts(read(first=first, last=last, tenant_ids=[tenant_id for tenant_id, _, _ in wanted]))
    nothing = schema.to_frame()
    return {days: parts.get(days[0], nothing).filter(pl.col("day").is_between(days[1], days[2])) for days in wanted}


def _parts(rows: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    return {str(tenant_id): part for (tenant_id,), part in rows.partition_by("tenant_id", as_dict=True).items()}
