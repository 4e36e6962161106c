"""Snapshots with everything that a whole report has: documents, trend, funnel, users by day."""

import dataclasses
import datetime as dt

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.documents import DOCUMENT_ROWS, USER_DAYS, USER_DAYS_MOST_DAYS, Cohort, DocumentStatus
from signtally.domain.periods import Period, parse_period
from signtally.domain.snapshot import InactiveUser, UsageSnapshot, UserUsage
from signtally.domain.tenants import TenantProfile
from signtally.domain.trend import TREND_PERIODS, TrendPoint
from tests.support.report_samples import ACME, restated, snapshot, user

_HOUR = dt.timedelta(hours=1)


def whole_report(
    users: tuple[UserUsage, ...] | None = None, *, period: Period | None = None, tenant: TenantProfile = ACME
) -> UsageSnapshot:
    """The sample report of these users, or of five, with every part of a whole report."""
    people = tuple(user(number, f"Ann {number}", f"ann{number}@acme.example") for number in range(5))
    return whole(snapshot(people if users is None else users, period=period, tenant=tenant))


def filtered_report() -> UsageSnapshot:
    """Everything that a snapshot can contain, a filter, provisional and restated days too."""
    october = parse_period("2026-10")
    sent = dt.datetime(2026, 10, 3, 7, 4, 5, 678_901, tzinfo=dt.UTC)
    rows = [
        ("d1", "open", "u_1", "Ann", "ann@acme.example", sent, None, None, None, None, 28, 2, 1, 0),
        ("00012345", "completed", None, None, None, sent, sent, sent, sent, 0.1 + 0.2, 0, 1, 1, 1),
    ]
    days = [("u_1", dt.date(2026, 10, 3), 1, 0, 0, 0, 0, 0, 0, 0)]
    cohort = Cohort(8, 7, 6, 5, 3)
    ann = dataclasses.replace(
        user(1, "Ann", "ann@acme.example"), cohort=cohort, median_turnaround=dt.timedelta(hours=27, microseconds=1)
    )
    return snapshot(
        (dataclasses.replace(ann, previous=Counts(sent=2), last_active_day=dt.date(2026, 10, 3)),),
        tenant=ACME.model_copy(update={"csv": "semicolon", "locale": "de"}),
        user_ids=("u_1",),
        restated=restated(october),
        provisional_days=(dt.date(2026, 10, 30),),
        cohort=cohort,
        previous_cohort=Cohort(1, 1, 1, 1, 0),
        trend=(
            TrendPoint(october.previous, Counts(sent=4), Cohort(4, 3, 2, 1, 2)),
            TrendPoint(october, Counts(sent=2), cohort),
        ),
        inactive_users=(InactiveUser("u_9", "Ben", None, Counts(sent=3), dt.date(2026, 9, 2)),),
        documents=pl.DataFrame(rows, schema=DOCUMENT_ROWS, orient="row"),
        user_days=pl.DataFrame(days, schema=USER_DAYS, orient="row"),
    )


def adding_up(report: UsageSnapshot) -> UsageSnapshot:
    """The same with control totals that agree, as figures of a store have them."""
    assert report.insights is not None
    assert report.cohort is not None
    before = [one.previous for one in report.users] + [one.previous for one in report.inactive_users]
    still_open = report.documents.filter(status=str(DocumentStatus.OPEN)).height
    documents = dataclasses.replace(report.insights.documents, open=still_open)
    days = [(one.user_id, report.period.first, *one.counts.as_tuple()) for one in report.users]
    changed = dataclasses.replace(
        report,
        previous_totals=Counts.total(before),
        user_days=pl.DataFrame(days, schema=USER_DAYS, orient="row"),
        insights=dataclasses.replace(report.insights, documents=documents),
        trend=(*report.trend[:-1], TrendPoint(report.period, report.totals, report.cohort)),
    )
    changed.check_control_totals()
    return changed


def whole(plain: UsageSnapshot) -> UsageSnapshot:
    """The same figures, and what they would have been counted from."""
    users = tuple(_beyond_counts(one, plain.period) for one in plain.users)
    cohort = _total([one.cohort for one in users])
    return dataclasses.replace(
        plain,
        users=users,
        cohort=cohort,
        previous_cohort=Cohort(sent=8, viewed=6, signed=5, completed=4, open=3),
        trend=_trend(plain, cohort),
        inactive_users=(
            InactiveUser("u_gone", "Gone Girl", None, Counts(sent=3, completed=1), plain.previous.first),
            InactiveUser("007", None, "bond@acme.example", Counts(viewed=2), None),
        ),
        documents=_documents(users, plain.period),
        user_days=_user_days(users, plain.period),
    )


def _beyond_counts(one: UserUsage, period: Period) -> UserUsage:
    sent = one.counts.sent
    completed = min(sent, one.counts.completed)
    return dataclasses.replace(
        one,
        previous=Counts(sent=sent // 2),
        cohort=Cohort(sent=sent, viewed=sent, signed=completed, completed=completed, open=sent - completed),
        median_turnaround=27.5 * _HOUR if completed else None,
        last_active_day=period.first if any(one.counts.as_tuple()) else None,
    )


def _total(cohorts: list[Cohort]) -> Cohort:
    fields = [field.name for field in dataclasses.fields(Cohort)]
    return Cohort(**{field: sum(getattr(cohort, field) for cohort in cohorts) for field in fields})


def _trend(plain: UsageSnapshot, cohort: Cohort) -> tuple[TrendPoint, ...]:
    points, period = [TrendPoint(plain.period, plain.totals, cohort)], plain.previous
    for number in range(TREND_PERIODS):
        sent = 20 + 7 * (number % 5)
        totals = Counts(sent=sent, viewed=sent, signed=sent - 2, completed=sent - 5)
        points.append(TrendPoint(period, totals, Cohort(sent, sent, sent - 2, sent - 6, 2)))
        period = period.previous
    return tuple(reversed(points))


def _documents(users: tuple[UserUsage, ...], period: Period) -> pl.DataFrame:
    """One open and one completed document of each of the first twenty users."""
    began = dt.datetime.combine(period.first, dt.time(9, 30), tzinfo=dt.UTC)
    rows = []
    for status in (DocumentStatus.OPEN, DocumentStatus.COMPLETED):
        for index, one in enumerate(users[:20]):
            done = status is DocumentStatus.COMPLETED
            sent = began - dt.timedelta(days=40 - index)
            row = {
                "document_id": f"{'00' if done else 'doc_'}{9912140633506421 + index}",
                "status": str(status),
                "user_id": _storable(one.user_id),
                "user_name": _storable(one.user_name),
                "user_email": _storable(one.user_email),
                "sent_at": sent,
                "first_viewed_at": sent + _HOUR if index % 3 else None,
                "last_signed_at": sent + 3 * _HOUR if done else None,
                "closed_at": sent + 26.25 * _HOUR if done else None,
                "turnaround_hours": 26.25 if done else None,
                "days_open": 1 if done else 40 - index,
                "received": 2,
                "viewed": index % 3,
                "signed": 1 if done else 0,
            }
            rows.append(row)
    return pl.DataFrame(rows, schema=DOCUMENT_ROWS)


def _user_days(users: tuple[UserUsage, ...], period: Period) -> pl.DataFrame:
    """Everybody's counts on the first day, or in its month."""
    by_month = period.day_count > USER_DAYS_MOST_DAYS
    day = period.first.replace(day=1) if by_month else period.first
    active = [one for one in users if any(one.counts.as_tuple())]
    figures = [one.counts.as_tuple() for one in active]
    columns = zip(*figures, strict=True) if figures else [()] * len(MEASURES)
    counts = {measure: list(column) for measure, column in zip(MEASURES, columns, strict=True)}
    ids = [_storable(one.user_id) for one in active]
    return pl.DataFrame({"user_id": ids, "day": [day] * len(ids), **counts}, schema=USER_DAYS)


def _storable(text: str | None) -> str | None:
    """A frame holds no lone surrogates."""
    return None if text is None else text.encode("utf-8", "replace").decode()
