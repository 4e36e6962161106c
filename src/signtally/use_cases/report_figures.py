"""The whole snapshot that files are made of: the counts, and what documents and hours say beyond them."""

import dataclasses
import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from signtally.domain.activity import activity_of, offset_changes
from signtally.domain.basis import Basis, cohort_usage
from signtally.domain.document_lifecycles import of_senders
from signtally.domain.insights import Insights, figures_of_cohort, figures_until
from signtally.domain.periods import Period, end_of_day, start_of_day
from signtally.domain.restatements import RestatedDay
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.use_cases.reading import by_day, by_user, days_of, read_usage, restated_days, total_of

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
            return _on_activity(tenant, clipped, services=at_once, user_ids=user_ids)
        case Basis.COHORT:
            return _on_cohort(tenant, clipped, services=at_once, user_ids=user_ids)


def _on_activity(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None
) -> UsageSnapshot:
    store, (since, until) = services.usage_store, _instants(period, tenant)
    parted_at = offset_changes(since, until, zone=tenant.zone)
    with ThreadPoolExecutor(_QUERIES_BESIDE) as pool:
        documents = pool.submit(store.documents, tenant.tenant_id, since=since, until=until)
        quarters = pool.submit(
            store.activity, tenant.tenant_id, since=since, until=until, parted_at=parted_at, user_ids=user_ids
        )
        restated = pool.submit(_restated, tenant, period, user_ids=user_ids, services=services)
        usage = read_usage(tenant, period, services=services, user_ids=user_ids)
        figures = figures_until(of_senders(documents.result(), user_ids), since=since, until=until)
        activity = activity_of(quarters.result(), since=since, parted_at=parted_at, zone=tenant.zone)
    return dataclasses.replace(
        usage,
        insights=Insights(figures, activity.documents, activity),
        restated=restated.result(),
    )


def _restated(
    tenant: TenantProfile, period: Period, *, user_ids: tuple[str, ...] | None, services: Services
) -> tuple[RestatedDay, ...]:
    """Of all users together: who may see some users only must not learn the others' figures from it."""
    return () if user_ids is not None else restated_days(tenant, period, services=services)


def _on_cohort(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None
) -> UsageSnapshot:
    since, until = _instants(dataclasses.replace(period, first=period.previous.first), tenant)
    with ThreadPoolExecutor(_QUERIES_BESIDE) as pool:
        sent = pool.submit(services.usage_store.documents_sent, tenant.tenant_id, since=since, until=until)
        usage = read_usage(tenant, period, services=services, user_ids=user_ids)
        lives = of_senders(sent.result(), user_ids)
    cohort = lives.filter(pl.col("first_sent_at") >= start_of_day(period.first, tenant.zone))
    rows, before = (
        days_of(each, cohort_usage(lives, period=each, zone=tenant.zone)) for each in (period, period.previous)
    )
    names = [(user.user_id, user.user_name, user.user_email) for user in usage.users]
    snapshot = dataclasses.replace(
        usage,
        basis=Basis.COHORT,
        totals=total_of(rows),
        previous_totals=total_of(before),
        days=by_day(rows, period),
        users=by_user(rows, named_by=rows.join(_names(names), on="user_id", how="left")),
        insights=Insights(figures_of_cohort(cohort), total_of(rows).sent, None),
    )
    snapshot.check_control_totals()
    return snapshot


def _names(names: list[tuple[str, str | None, str | None]]) -> pl.DataFrame:
    schema = {"user_id": pl.String(), "user_name": pl.String(), "user_email": pl.String()}
    return pl.DataFrame(names, schema=schema, orient="row")


def _instants(period: Period, tenant: TenantProfile) -> tuple[dt.datetime, dt.datetime]:
    return start_of_day(period.first, tenant.zone), end_of_day(period.last, tenant.zone)
