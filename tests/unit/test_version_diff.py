"""Versions of a report: each says what changed since the one before, and any two can be compared."""

import dataclasses
import datetime as dt

import polars as pl
import pytest

from signtally.domain.actions import MEASURES
from signtally.domain.periods import parse_period
from signtally.domain.report_changes import DayChange, MeasureChange, UserChange, VersionChanges
from signtally.domain.reports import ReportKey, ReportManifest, ReportRequest
from signtally.domain.schemas import AFTER, BEFORE, DAILY_USAGE, RESTATEMENTS
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.stores.report_states import ReportMissingError
from signtally.use_cases.ordering import request_report
from signtally.use_cases.reporting import VersionNotReadyError, diff_versions, report_now
from tests.support.clocks import Clock
from tests.support.fakes import fake_services
from tests.support.order_consumers import consume

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
OCTOBER = ReportRequest("acme", parse_period("2026-10"), ("csv",))
THIRD = dt.date(2026, 10, 3)
ANN = ("u1", "Ann", None)


@pytest.fixture
def store() -> MemoryUsageStore:
    return MemoryUsageStore()


@pytest.fixture
def services(store: MemoryUsageStore) -> Services:
    return fake_services(usage_store=store, clock=Clock(NOW))


def count(store: MemoryUsageStore, *, user_id: str = "u1", day: dt.date = THIRD, version: int, **figures: int) -> None:
    row = {"tenant_id": "acme", "user_id": user_id, "day": day, "timezone": "UTC"}
    row |= dict.fromkeys(MEASURES, 0) | figures | {"user_name": "Ann" if user_id == "u1" else None, "user_email": None}
    assert store.put_daily_usage(pl.DataFrame([row], schema=DAILY_USAGE), version=version).is_empty()


def keys(before: int, after: int, *, tenant_id: str = "acme") -> tuple[ReportKey, ReportKey]:
    return ReportKey(tenant_id, OCTOBER.report_id, before), ReportKey(tenant_id, OCTOBER.report_id, after)


def make(services: Services) -> ReportManifest:
    return report_now(OCTOBER, requested_by="ann", services=services)


def test_the_first_version_has_nothing_to_be_compared_with(services: Services) -> None:
    assert make(services).changes is None


def test_a_version_says_what_changed_since_the_one_before(services: Services, store: MemoryUsageStore) -> None:
    count(store, version=1, sent=45)
    first = make(services)
    count(store, version=2, sent=50)
    count(store, user_id="u2", day=dt.date(2026, 10, 4), version=2, viewed=1)
    second = make(services)
    assert second.changes == VersionChanges(
        1,
        first.made_at,
        (MeasureChange("sent", 45, 50), MeasureChange("viewed", 0, 1)),
        changed_days=2,
        changed_users=2,
    )


def test_a_version_that_failed_is_no_predecessor(services: Services, store: MemoryUsageStore) -> None:
    count(store, version=1, sent=45)
    make(services)
    services.stores.reports.claim(OCTOBER, version=2, requested_by="ann", now=NOW - dt.timedelta(days=1))
    count(store, version=2, sent=50)
    third = make(services)
    assert third.key.version == 3
    assert third.changes is not None
    assert third.changes.since_version == 1


def test_two_versions_are_compared_by_measure_day_and_user(services: Services, store: MemoryUsageStore) -> None:
    count(store, version=1, sent=45)
    first = make(services)
    count(store, version=2, sent=0, user_id="u2", viewed=3)
    count(store, version=2, sent=44)
    second = make(services)
    sent, viewed = MeasureChange("sent", 45, 44), MeasureChange("viewed", 0, 3)
    diff = diff_versions(*keys(1, 2), services=services)
    assert (diff.before, diff.after) == (first, second)
    assert diff.measures == (sent, viewed)
    assert diff.days == (DayChange(THIRD, (sent, viewed)),)
    assert diff.users == (UserChange(*ANN, (sent,)), UserChange("u2", None, None, (viewed,)))
    back = diff_versions(*keys(2, 1), services=services)
    assert back.measures == tuple(MeasureChange(each.measure, each.after, each.before) for each in diff.measures)
    same = diff_versions(*keys(1, 1), services=services)
    assert (same.measures, same.days, same.users) == ((), (), ())


def test_a_day_that_changed_says_why(services: Services, store: MemoryUsageStore) -> None:
    """As the records of restatements between the two versions have it; a day that still ran then needs none."""
    ran, over = NOW.date() - dt.timedelta(days=1), NOW.date() - dt.timedelta(days=2)
    november = dataclasses.replace(OCTOBER, period=parse_period("2026-11"))
    count(store, day=over, version=1, sent=1)
    yesterday = dataclasses.replace(services, clock=Clock(NOW - dt.timedelta(days=1)))
    report_now(november, requested_by="ann", services=yesterday)
    for day in (over, ran):
        count(store, day=day, version=2, sent=2)
    record = {"tenant_id": "acme", "day": over, "restated_at": NOW, "reason": "import"}
    counts = {f"{prefix}{measure}": 0 for prefix in (BEFORE, AFTER) for measure in MEASURES}
    store.put_restatements(pl.DataFrame([record | counts], schema=RESTATEMENTS))
    report_now(november, requested_by="ann", services=services)
    diff = diff_versions(*(ReportKey("acme", november.report_id, version) for version in (1, 2)), services=services)
    assert diff.reasons == {over: ("import",), ran: ("not-over",)}


@pytest.mark.parametrize("spoil", ["gone", "spoilt", "old"])
def test_what_was_not_kept_is_unknown_and_the_rest_is_still_compared(
    services: Services, store: MemoryUsageStore, spoil: str
) -> None:
    count(store, version=1, sent=45)
    first = make(services)
    assert first.user_figures is not None
    match spoil:
        case "gone":
            services.objects.delete([first.user_figures])
        case "spoilt":
            services.objects.put(first.user_figures, b"no Parquet")
        case "old":
            old = dataclasses.replace(first, user_figures=None, day_totals=None)
            manifest_key = f"{first.user_figures.rsplit('/', 1)[0]}/manifest.json"
            services.objects.delete([manifest_key])
            services.stores.reports.finish(old)
    count(store, version=2, sent=50)
    second = make(services)
    diff = diff_versions(*keys(1, 2), services=services)
    assert diff.measures == (MeasureChange("sent", 45, 50),)
    assert diff.users is None
    assert (diff.days is None) is (spoil == "old")
    assert second.changes is not None
    assert second.changes.changed_users is None
    assert second.changes.changed_days == (None if spoil == "old" else 1)


def test_a_version_that_is_not_there_or_not_ready(services: Services, store: MemoryUsageStore) -> None:
    with pytest.raises(ReportMissingError):
        diff_versions(*keys(1, 2), services=services)
    count(store, version=1, sent=45)
    make(services)
    count(store, version=2, sent=50)
    consume(services)
    request_report(OCTOBER, requested_by="ann", services=services)
    with pytest.raises(VersionNotReadyError, match=r"version 2 of report .* is pending"):
        diff_versions(*keys(1, 2), services=services)
    with pytest.raises(ReportMissingError):
        diff_versions(*keys(1, 2, tenant_id="globex"), services=services)
