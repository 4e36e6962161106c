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
from signtally.use_cases.figures.reading import (
    PeriodRows,
    by_day,
    read_period_rows,
    restated_days,
    total_of,
)
from signtally.use_cases.figures.spans import CURRENT_PART, PREVIOUS_PART, ReportSpans
from signtally.use_cases.figures.trends import read_trend

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


def _on_activity(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None
) -> UsageSnapshot:
    store, spans = services.usage_store, ReportSpans.of(tenant, period, now=services.clock())
    since, until, by_offset = spans.current.since, spans.current.until, spans.current_by_offset
    with ContextThreads(_QUERIES_BESIDE) as pool:
        quarters = pool.submit(store.activity, by_offset, user_ids=user_ids)
        documents = pool.submit(store.documents, spans.current)
        cohorts = pool.submit(store.sender_cohorts, spans.with_previous, user_ids=user_ids)
        restated = pool.submit(_restated, tenant, period, user_ids=user_ids, services=services)
        rows = read_period_rows(tenant, period, services=services, user_ids=user_ids)
        lives = of_senders(documents.result(), user_ids)
        completed = lives.filter(pl.col("completed_at") >= since, pl.col("completed_at") < until)
        figures = figures_until(lives, since=since, until=until)
        listed = document_rows(lives, as_of=min(until, rows.snapshot.taken_at), names=rows.names)
        whole = _with_users(rows, cohorts.result(), medians=median_turnarounds(completed))
        # Last, for all events are counted in it: what is known of documents is worked out meanwhile.
        activity = activity_of(quarters.result(), since=since, parted_at=by_offset.parted_at, zone=tenant.zone)
    insights = Insights(figures, activity.documents, activity)
    return dataclasses.replace(whole, insights=insights, restated=restated.result(), documents=listed)


def _on_cohort(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None
) -> UsageSnapshot:
    whole = ReportSpans.of(tenant, period, now=services.clock()).with_previous
    with ContextThreads(1) as pool:
        documents = pool.submit(services.usage_store.documents_sent, whole)
        usage = read_period_rows(tenant, period, services=services, user_ids=user_ids)
        lives = of_senders(documents.result(), user_ids)
    previous_ends, since = whole.parted_at
    sent = sent_within(lives, since=since, until=whole.until)
    sent_before = sent_within(lives, since=whole.since, until=previous_ends)
    plain, names = usage.snapshot, sender_names(pl.concat([sent_before, sent]), usage.names)
    current = cohort_usage(sent, period=period, zone=tenant.zone)
    before = cohort_usage(sent_before, period=plain.previous, zone=tenant.zone)
    counted = dataclasses.replace(
        plain,
        basis=Basis.COHORT,
        totals=total_of(current),
        previous_totals=total_of(before),
        days=by_day(current, period),
        inactive_users=inactive_users_of(current, before=before, names=names),
        insights=Insights(figures_of_cohort(sent), len(sent), None),
        documents=document_rows(sent, as_of=plain.taken_at, names=names),
    )
    cohorts = sender_cohorts(lives, parted_at=whole.parted_at)
    return _with_users(PeriodRows(counted, current, before, names), cohorts, medians=median_turnarounds(sent))


def _with_users(rows: PeriodRows, cohorts: pl.DataFrame, *, medians: pl.DataFrame) -> UsageSnapshot:
    """What is told of users and cohorts on either basis; *cohorts* are in schema SENDER_COHORTS."""
    current = cohorts.filter(part=CURRENT_PART)
    return dataclasses.replace(
        rows.snapshot,
        users=users_of(rows.current, before=rows.before, names=rows.names, cohorts=current, medians=medians),
        cohort=cohort_of(current),
        previous_cohort=cohort_of(cohorts.filter(part=PREVIOUS_PART)),
        user_days=user_days_of(rows.current, rows.snapshot.period),
    )


def _restated(
    tenant: TenantProfile, period: Period, *, user_ids: tuple[str, ...] | None, services: Services
) -> tuple[RestatedDay, ...]:
    """Of all users together: who may see some users only must not learn the others' figures from it."""
    return () if user_ids is not None else restated_days(tenant, period, services=services)
