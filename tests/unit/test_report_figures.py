"""The whole snapshot of a report on either basis, read from events and their daily usage."""

import dataclasses
import datetime as dt
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import Action, Counts
from signtally.domain.allowance import Outlook
from signtally.domain.basis import Basis
from signtally.domain.documents import DOCUMENT_ROWS, Cohort
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import FuturePeriodError, parse_period
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import Allowance, TenantProfile
from signtally.services import Services
from signtally.use_cases.figures import read_report, read_usage
from tests.support.examples import examples
from tests.support.fakes import counted_services

NOW = dt.datetime(2026, 11, 3, 20, tzinfo=dt.UTC)
ACME = TenantProfile(tenant_id="acme", timezone="Asia/Kathmandu", allowance=Allowance(documents_per_month=10))
OCTOBER = parse_period("2026-10")
SENT, VIEWED, COMPLETED, DECLINED = Action.SENT, Action.VIEWED, Action.COMPLETED, Action.DECLINED
_numbers = itertools.count()


def event(action: Action, day: str, document_id: str = "d1", user_id: str = "ann", hour: int = 9) -> ReceivedEvent:
    """At an hour of UTC."""
    at = dt.datetime.fromisoformat(day).replace(hour=hour, tzinfo=dt.UTC)
    happened = UsageEvent("/portal", f"e{next(_numbers)}", action, "acme", user_id, document_id, at)
    return ReceivedEvent(happened, at, "m")


def services_with(*events: ReceivedEvent) -> Services:
    """As ingest and aggregation would have left it."""
    return counted_services(events, tenant=ACME, now=NOW, days_back=400)


STORY = (
    event(SENT, "2026-09-28", "before"),
    event(COMPLETED, "2026-10-02", "before"),
    event(SENT, "2026-10-05", "quick"),
    event(VIEWED, "2026-10-05", "quick", "eve", hour=12),
    event(COMPLETED, "2026-10-07", "quick"),
    event(SENT, "2026-10-20", "slow", "bob"),
    event(COMPLETED, "2026-11-02", "slow", "bob"),
    event(SENT, "2026-10-21", "refused", "bob"),
    event(DECLINED, "2026-10-22", "refused", "eve"),
    event(SENT, "2026-10-31", "in november there", "bob", hour=20),
    event(SENT, "2026-10-30", "open"),
)


def october(basis: Basis = Basis.ACTIVITY, user_ids: tuple[str, ...] | None = None) -> UsageSnapshot:
    return read_report(ACME, OCTOBER, services=services_with(*STORY), basis=basis, user_ids=user_ids)


def test_on_activity_basis_the_counts_are_those_of_the_fast_path() -> None:
    report, counts = october(), read_usage(ACME, OCTOBER, services=services_with(*STORY))
    assert (report.totals, report.previous_totals, report.days) == (counts.totals, counts.previous_totals, counts.days)
    assert [(user.user_id, user.counts, user.previous) for user in report.users] == [
        (user.user_id, user.counts, user.previous) for user in counts.users
    ]
    assert report.totals == Counts(sent=4, viewed=1, completed=2, declined=1)


def test_on_activity_basis_documents_are_as_they_were_at_the_end() -> None:
    insights = october().insights
    assert insights is not None
    assert insights.documents.completed == 2
    assert insights.documents.turnaround is not None
    assert insights.documents.turnaround.mean == dt.timedelta(days=3)
    assert insights.documents.open == 2  # slow and open; the one of November was not sent yet
    assert insights.distinct_documents == 5
    assert insights.activity is not None
    assert (insights.activity.busiest_hour, sum(insights.activity.hours)) == (14, 8)


def test_on_cohort_basis_what_was_sent_is_followed_to_its_outcome() -> None:
    report = october(Basis.COHORT)
    assert report.totals == Counts(sent=4, viewed=1, completed=2, declined=1)
    assert report.previous_totals == Counts(sent=1, completed=1)
    assert {day.day.day: day.counts.as_tuple() for day in report.days if day.counts.sent} == {
        5: Counts(sent=1, viewed=1, completed=1).as_tuple(),
        20: Counts(sent=1, completed=1).as_tuple(),
        21: Counts(sent=1, declined=1).as_tuple(),
        30: Counts(sent=1).as_tuple(),
    }
    assert {user.user_id: user.counts.sent for user in report.users} == {"ann": 2, "bob": 2}
    assert report.insights is not None
    assert (report.insights.documents.open, report.insights.distinct_documents) == (1, 4)
    assert report.insights.documents.turnaround is not None
    assert report.insights.documents.turnaround.mean == dt.timedelta(days=7, hours=12)
    assert report.insights.activity is None


def test_the_list_of_documents_is_of_those_open_at_any_moment_of_the_period() -> None:
    rows = october().documents
    assert rows.schema == DOCUMENT_ROWS
    assert rows.select("document_id", "status", "user_id", "days_open").rows() == [
        ("slow", "open", "bob", 11),
        ("open", "open", "ann", 1),
        ("refused", "declined", "bob", 1),
        ("quick", "completed", "ann", 2),
        ("before", "completed", "ann", 4),
    ]
    assert rows["turnaround_hours"].to_list() == [None, None, None, 48, 96]
    assert october(Basis.COHORT).documents.select("document_id", "status").rows() == [
        ("open", "open"),
        ("slow", "completed"),
        ("refused", "declined"),
        ("quick", "completed"),
    ]


def test_a_cohort_is_the_same_on_either_basis_and_that_of_users_adds_up() -> None:
    for basis in Basis:
        report = october(basis)
        assert report.cohort == Cohort(sent=4, viewed=2, signed=2, completed=2, open=1)
        assert (report.completion_rate, report.previous_cohort) == (0.5, Cohort(1, 1, 1, 1, 0))
        assert {user.user_id: user.cohort.sent for user in report.users if user.cohort.sent} == {"ann": 2, "bob": 2}


@pytest.mark.parametrize("basis", Basis)
def test_the_trend_goes_back_as_far_as_there_are_figures(basis: Basis) -> None:
    report = october(basis)
    assert [(point.period.name, point.totals.sent, point.cohort.completed) for point in report.trend] == [
        ("2026-09", 1, 1),
        ("2026-10", 4, 2),
    ]
    november = read_report(ACME, parse_period("2026-11"), services=services_with(*STORY), basis=basis).trend
    assert november[:-1] == report.trend
    assert november[-1].period.last == ACME.today(NOW)
    assert [point.period.name for point in october(basis, ("bob",)).trend] == ["2026-09", "2026-10"]
    assert october(basis, ("bob",)).trend[0].totals == Counts()


def test_today_is_compared_with_yesterday_until_the_same_time() -> None:
    services = services_with(
        event(SENT, "2026-11-03", "today", hour=19),
        event(SENT, "2026-11-02", "in time", hour=19),
        event(SENT, "2026-11-02", "too late", hour=21),
        event(SENT, "2026-10-01", "long ago"),
    )
    report = read_report(ACME, parse_period("2026-11-04"), services=services)
    assert report.previous_until == NOW - dt.timedelta(days=1)
    assert (report.totals.sent, report.previous_totals.sent) == (1, 1)
    assert (report.cohort, report.previous_cohort) == (Cohort(sent=1, open=1), Cohort(sent=1, open=1))
    yesterday = read_report(ACME, parse_period("2026-11-03"), services=services)
    assert (yesterday.previous_until, yesterday.totals.sent) == (None, 2)


def test_a_filter_is_about_documents_that_these_users_sent_and_what_they_did() -> None:
    activity, cohort = (october(basis, ("eve",)) for basis in Basis)
    assert activity.insights is not None
    assert cohort.insights is not None
    assert (activity.totals, cohort.totals) == (Counts(viewed=1, declined=1), Counts())
    assert (activity.insights.documents.open, activity.insights.documents.turnaround) == (0, None)
    assert (activity.insights.distinct_documents, cohort.insights.distinct_documents) == (2, 0)
    assert october(Basis.COHORT, ("bob",)).totals == Counts(sent=2, completed=1, declined=1)


def test_the_allowance_is_the_months_that_holds_the_last_day_and_no_users_own() -> None:
    services = services_with(*STORY)
    week = read_report(ACME, parse_period("2026-W44"), services=services).allowance
    assert week is not None
    assert (week.month.name, week.used, week.outlook, week.on) == (
        "2026-11",
        1,
        Outlook.RUNS_OUT,
        dt.date(2026, 11, 10),
    )
    assert (weekly := read_report(ACME, parse_period("2026-W43"), services=services).allowance) is not None
    assert (weekly.month.name, weekly.used, weekly.as_of) == ("2026-10", 3, dt.date(2026, 10, 25))
    assert october(user_ids=("ann",)).allowance is None
    nobody = TenantProfile(tenant_id="acme", timezone="Asia/Kathmandu")
    assert read_report(nobody, OCTOBER, services=services).allowance is None


def test_what_changes_only_a_turnaround_is_another_report() -> None:
    """A document sent in September, heard of late: October's counts are the same, and its turnaround is not."""
    late = event(SENT, "2026-09-01", "before")
    one = october()
    other = read_report(ACME, OCTOBER, services=services_with(*STORY, late))
    assert (one.totals, one.days) == (other.totals, other.days)
    assert one.fingerprint != dataclasses.replace(other, previous_totals=one.previous_totals).fingerprint


def test_the_bases_are_two_reports() -> None:
    assert len({october(basis).fingerprint for basis in Basis}) == 2


@pytest.mark.parametrize("basis", Basis)
def test_an_empty_store_has_empty_figures(basis: Basis) -> None:
    report = read_report(ACME, OCTOBER, services=services_with(), basis=basis)
    assert report.insights is not None
    assert (report.totals, report.insights.documents.turnaround) == (Counts(), None)
    assert (report.insights.documents.open, report.insights.distinct_documents) == (0, 0)


@pytest.mark.parametrize("basis", Basis)
def test_the_future_has_no_figures(basis: Basis) -> None:
    with pytest.raises(FuturePeriodError):
        read_report(ACME, parse_period("2026-12"), services=services_with(), basis=basis)


_lives = st.lists(
    st.builds(
        event,
        st.sampled_from(Action),
        st.dates(dt.date(2026, 8, 25), dt.date(2026, 11, 3)).map(str),
        st.sampled_from(["d1", "d2", "d3", "d4"]),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from([0, 9, 18, 19, 23]),
    ),
    max_size=15,
)


@settings(max_examples=examples(40, soak=1000))
@given(events=_lives, name=st.sampled_from(["2026-10", "2026-W44", "2026-10-05", "2026"]))
def test_a_cohort_is_the_documents_first_sent_then(events: list[ReceivedEvent], name: str) -> None:
    report = read_report(ACME, parse_period(name), services=services_with(*events), basis=Basis.COHORT)
    first_sends: dict[str, dt.datetime] = {}
    for received in sorted(events, key=lambda received: received.event.occurred_at):
        if received.event.action is SENT:
            first_sends.setdefault(received.event.document_id, received.event.occurred_at)
    cohort = {
        document_id
        for document_id, at in first_sends.items()
        if report.period.first <= at.astimezone(ACME.zone).date() <= report.period.last
    }
    ours = [each.event for each in events if each.event.document_id in cohort]
    completed = {each.document_id for each in ours if each.action is COMPLETED}
    endings = {Action.COMPLETED, Action.DECLINED, Action.CANCELLED, Action.EXPIRED}
    closed = {each.document_id for each in ours if each.action in endings}
    totals = report.totals
    assert (totals.sent, totals.completed) == (len(cohort), len(completed))
    assert totals.completed + totals.declined + totals.cancelled + totals.expired == len(closed)
    assert totals.viewed == sum(each.action is VIEWED for each in ours)
    assert report.insights is not None
    assert report.insights.documents.open == len(cohort - closed)


@settings(max_examples=examples(20, soak=1000))
@given(
    events=_lives, name=st.sampled_from(["2026-10", "2026-W44", "2026-11-04", "2026-Q4"]), basis=st.sampled_from(Basis)
)
def test_each_point_of_a_trend_is_what_a_report_on_that_period_says(
    events: list[ReceivedEvent], name: str, basis: Basis
) -> None:
    services = services_with(*events)
    report = read_report(ACME, parse_period(name), services=services, basis=basis)
    assert (report.trend[-1].totals, report.trend[-1].cohort) == (report.totals, report.cohort)
    assert len(report.trend) <= 13
    for point in report.trend[-3:]:
        alone = read_report(ACME, point.period, services=services, basis=basis)
        assert (point.period, point.totals, point.cohort) == (alone.period, alone.totals, alone.cohort)
    if len(report.trend) < 13:
        before = report.trend[0].period.previous
        assert read_report(ACME, before, services=services).totals == Counts()


def _before(report: UsageSnapshot) -> list[Counts]:
    return [*(user.previous for user in report.users), *(user.previous for user in report.inactive_users)]


@settings(max_examples=examples(40, soak=1000))
@given(events=_lives, name=st.sampled_from(["2026-10", "2026-W44", "2026-11", "2026"]), basis=st.sampled_from(Basis))
def test_funnels_narrow_and_users_add_up(events: list[ReceivedEvent], name: str, basis: Basis) -> None:
    report = read_report(ACME, parse_period(name), services=services_with(*events), basis=basis)
    for cohort in (report.cohort, report.previous_cohort, *(user.cohort for user in report.users)):
        assert cohort is not None
        assert cohort.sent >= cohort.viewed >= cohort.signed >= cohort.completed
        assert cohort.sent >= cohort.completed + cohort.open
    assert (report.completion_rate or 0) <= 1
    assert Counts.total(_before(report)) == report.previous_totals
    assert not {user.user_id for user in report.users} & {user.user_id for user in report.inactive_users}
    assert {user.user_id for user in report.users} == set(report.user_days["user_id"])


@settings(max_examples=examples(40, soak=1000))
@given(events=_lives, name=st.sampled_from(["2026-10", "2026-W44", "2026-10-05", "2026"]))
def test_activity_agrees_with_the_counts(events: list[ReceivedEvent], name: str) -> None:
    report = read_report(ACME, parse_period(name), services=services_with(*events))
    assert report.insights is not None
    assert report.insights.activity is not None
    assert sum(report.insights.activity.hours) == sum(report.totals.as_tuple())
    within = [
        each.event
        for each in events
        if report.period.first <= each.event.occurred_at.astimezone(ACME.zone).date() <= report.period.last
    ]
    assert report.insights.distinct_documents == len({each.document_id for each in within})
