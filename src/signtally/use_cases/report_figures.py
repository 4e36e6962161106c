"""The whole snapshot that files are made of: the counts, and what documents and hours say beyond them."""

import dataclasses

import polars as pl

from signtally.domain.activity import activity_of
from signtally.domain.basis import Basis, cohort_usage
from signtally.domain.cohorts import cohort_of, sender_cohorts
from signtally.domain.document_lifecycles import of_senders, sent_within
from signtally.domain.document_rows import document_rows, sender_names
from signtally.domain.insights import Insights, figures_of_cohort, figures_until
from signtally.domain.periods import Period
from signtally.domain.restatements import RestatedDay
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.domain.user_tables import inactive_users_of, median_turnarounds, user_days_of, users_of
from signtally.services import Services
from signtally.threads import ContextThreads
from signtally.use_cases.reading import (
    PeriodRows,
    by_day,
    read_period_rows,
    restated_days,
    total_of,
)
from signtally.use_cases.report_spans import ReportSpans
from signtally.use_cases.trends import read_trend

_QUERIES_BESIDE = 4  # the counts are read meanwhile


def read_report(
    tenant: TenantProfile,
    period: Period,
    *,
    services: Services,
    user_ids: tuple[str, ...] | None = None,
    basis: Basis = Basis.ACTIVITY,
) -> UsageSnapshot:
    """Everything that a report says of *period*; *user_ids* narrows it to what these users did or sent.

    Raises FuturePeriodError, ControlTotalsError or a ServiceError.
    """
    now = services.clock()
    clipped = period.clip(tenant.today(now))
    at_once = services.at(now)  # one "today" throughout, even across midnight
    match basis:
        case Basis.ACTIVITY:
            snapshot = _on_activity(tenant, clipped, services=at_once, user_ids=user_ids)
        case Basis.COHORT:
            snapshot = _on_cohort(tenant, clipped, services=at_once, user_ids=user_ids)
    snapshot = dataclasses.replace(snapshot, trend=read_trend(snapshot, services=at_once))
    snapshot.check_control_totals()
    return snapshot


@dataclasses.dataclass(frozen=True, slots=True)
class _SentDocuments:
    """Documents first sent in the period and in the one before, schema DOCUMENTS, as they are known by now."""

    current: pl.DataFrame
    before: pl.DataFrame


def _on_activity(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None
) -> UsageSnapshot:
    store, spans = services.usage_store, ReportSpans.of(tenant, period, now=services.clock())
    since, until, by_offset = spans.current.since, spans.current.until, spans.current_by_offset
    with ContextThreads(_QUERIES_BESIDE) as pool:
        documents = pool.submit(store.documents, spans.current)
        sent_documents = pool.submit(_sent, spans, user_ids=user_ids, services=services)
        quarters = pool.submit(store.activity, by_offset, user_ids=user_ids)
        restated = pool.submit(_restated, tenant, period, user_ids=user_ids, services=services)
        rows = read_period_rows(tenant, period, services=services, user_ids=user_ids)
    lives, sent = of_senders(documents.result(), user_ids), sent_documents.result()
    completed = lives.filter(pl.col("completed_at") >= since, pl.col("completed_at") < until)
    activity = activity_of(quarters.result(), since=since, parted_at=by_offset.parted_at, zone=tenant.zone)
    whole = _with_users(rows, sent, medians=median_turnarounds(completed))
    return dataclasses.replace(
        whole,
        insights=Insights(figures_until(lives, since=since, until=until), activity.documents, activity),
        restated=restated.result(),
        documents=document_rows(lives, as_of=min(until, whole.taken_at), names=rows.names),
    )


def _on_cohort(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None
) -> UsageSnapshot:
    spans = ReportSpans.of(tenant, period, now=services.clock())
    with ContextThreads(_QUERIES_BESIDE) as pool:
        sent_documents = pool.submit(_sent, spans, user_ids=user_ids, services=services)
        usage = read_period_rows(tenant, period, services=services, user_ids=user_ids)
        sent = sent_documents.result()
    plain, names = usage.snapshot, sender_names(pl.concat([sent.before, sent.current]), usage.names)
    current = cohort_usage(sent.current, period=period, zone=tenant.zone)
    before = cohort_usage(sent.before, period=plain.previous, zone=tenant.zone)
    counted = dataclasses.replace(
        plain,
        basis=Basis.COHORT,
        totals=total_of(current),
        previous_totals=total_of(before),
        days=by_day(current, period),
        inactive_users=inactive_users_of(current, before=before, names=names),
        insights=Insights(figures_of_cohort(sent.current), len(sent.current), None),
        documents=document_rows(sent.current, as_of=plain.taken_at, names=names),
    )
    return _with_users(PeriodRows(counted, current, before, names), sent, medians=median_turnarounds(sent.current))


def _with_users(rows: PeriodRows, sent: _SentDocuments, *, medians: pl.DataFrame) -> UsageSnapshot:
    """What is told of users and cohorts on either basis."""
    cohorts = sender_cohorts(sent.current)
    return dataclasses.replace(
        rows.snapshot,
        users=users_of(rows.current, before=rows.before, names=rows.names, cohorts=cohorts, medians=medians),
        cohort=cohort_of(sent.current),
        previous_cohort=cohort_of(sent.before),
        user_days=user_days_of(rows.current, rows.snapshot.period),
    )


def _sent(spans: ReportSpans, *, user_ids: tuple[str, ...] | None, services: Services) -> _SentDocuments:
    whole, since = spans.with_previous, spans.current.since
    found = services.usage_store.documents_sent(whole)
    lives, ends = of_senders(found, user_ids), min(since, spans.previous_ends)
    return _SentDocuments(
        sent_within(lives, since=since, until=whole.until), sent_within(lives, since=whole.since, until=ends)
    )


def _restated(
    tenant: TenantProfile, period: Period, *, user_ids: tuple[str, ...] | None, services: Services
) -> tuple[RestatedDay, ...]:
    """Of all users together: who may see some users only must not learn the others' figures from it."""
    return () if user_ids is not None else restated_days(tenant, period, services=services)
