"""Reading a period: days, users and totals that agree to the last unit."""

import dataclasses
import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.periods import FuturePeriodError, parse_period, period_between
from signtally.domain.schemas import DAILY_USAGE, IDENTITY
from signtally.domain.snapshot import ControlTotalsError
from signtally.domain.tenants import TenantProfile
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.stores.watermarks import Watermarks
from signtally.use_cases.figures import read_usage
from tests.support.events import happened
from tests.support.fakes import fake_services

NOW = dt.datetime(2026, 11, 3, 20, tzinfo=dt.UTC)
ACME = TenantProfile(tenant_id="acme", timezone="Asia/Kathmandu")  # where it is 4 November already
TODAY = dt.date(2026, 11, 4)
OCTOBER = parse_period("2026-10")


@pytest.fixture
def services() -> Services:
    return services_with()


def services_with(*rows: dict[str, object]) -> Services:
    store = MemoryUsageStore()
    store.put_daily_usage(pl.DataFrame(rows, schema=DAILY_USAGE), version=1)
    for row in rows:
        if row["day"] == TODAY:
            store.put_events(happened(row, at=NOW))
    return fake_services(usage_store=store, clock=lambda: NOW)


def usage(day: str, user_id: str = "u1", **values: object) -> dict[str, object]:
    return {
        "tenant_id": "acme",
        "user_id": user_id,
        "day": dt.date.fromisoformat(day),
        **dict.fromkeys(MEASURES, 0),
        "user_name": None,
        "user_email": None,
        "timezone": "Asia/Kathmandu",
        **values,
    }


@st.composite
def stored_rows(draw: st.DrawFn) -> list[dict[str, object]]:
    day = st.dates(dt.date(2026, 8, 25), dt.date(2026, 11, 5))
    identities = draw(st.sets(st.tuples(day, st.sampled_from(["u1", "u2", "u3", "=1+1"])), max_size=25))
    return [
        usage(str(day), user_id, **{measure: draw(st.integers(0, 3)) for measure in MEASURES})
        for day, user_id in sorted(identities)
    ]


def plain_total(rows: list[dict[str, object]], first: dt.date, last: dt.date) -> Counts:
    return Counts.total(Counts.of(row) for row in rows if first <= dt.date.fromisoformat(str(row["day"])) <= last)


@given(rows=stored_rows(), name=st.sampled_from(["2026-10", "2026-Q4", "2026-W44", "2026-11-01", "2026", "2026-11"]))
def test_users_days_and_totals_agree_and_equal_a_plain_sum(rows: list[dict[str, object]], name: str) -> None:
    snapshot = read_usage(ACME, parse_period(name), services=services_with(*rows))
    period, previous = snapshot.period, snapshot.previous
    assert period.last <= dt.date(2026, 11, 4)
    assert snapshot.totals == plain_total(rows, period.first, period.last)
    assert snapshot.previous_totals == plain_total(rows, previous.first, previous.last)
    assert Counts.total(user.counts for user in snapshot.users) == snapshot.totals
    assert [day.day for day in snapshot.days] == list(period.days())
    assert Counts.total(day.counts for day in snapshot.days) == snapshot.totals


@given(rows=stored_rows(), user_ids=st.sets(st.sampled_from(["u1", "u2", "u4"])))
def test_a_filter_narrows_every_figure(rows: list[dict[str, object]], user_ids: set[str]) -> None:
    wanted = tuple(sorted(user_ids))
    narrowed = read_usage(ACME, OCTOBER, services=services_with(*rows), user_ids=wanted)
    alone = read_usage(ACME, OCTOBER, services=services_with(*(row for row in rows if row["user_id"] in wanted)))
    assert narrowed == dataclasses.replace(alone, user_ids=wanted, first_data_day=narrowed.first_data_day)


def test_an_empty_period_has_all_its_days_and_no_users(services: Services) -> None:
    snapshot = read_usage(ACME, OCTOBER, services=services)
    assert (len(snapshot.days), snapshot.users, snapshot.totals) == (31, (), Counts())
    assert snapshot.data_through is None


def test_a_period_ends_with_the_tenants_today_and_is_compared_up_to_the_same_day() -> None:
    services = services_with(
        usage("2026-11-04", sent=1),
        usage("2026-11-05", sent=10),
        usage("2026-10-04", sent=2),
        usage("2026-10-05", sent=4),
    )
    november = read_usage(ACME, parse_period("2026-11"), services=services)
    assert (november.period.last, november.previous.last) == (dt.date(2026, 11, 4), dt.date(2026, 10, 4))
    assert (november.totals.sent, november.previous_totals.sent) == (1, 2)
    assert november.is_to_date
    in_utc = read_usage(TenantProfile(tenant_id="acme"), parse_period("2026-11"), services=services)
    assert (in_utc.period.last, in_utc.totals.sent) == (dt.date(2026, 11, 3), 1)  # the event of just now


def test_today_is_counted_from_its_events_and_every_other_day_from_its_row() -> None:
    services = services_with(usage("2026-11-03", sent=5), usage("2026-11-04", sent=2))
    stale = pl.DataFrame([usage("2026-11-04", sent=1)], schema=DAILY_USAGE)
    services.usage_store.put_daily_usage(stale, version=2)
    november = read_usage(ACME, parse_period("2026-11"), services=services)
    assert [day.counts.sent for day in november.days] == [0, 0, 5, 2]
    first = services.usage_store.events(since=NOW, until=NOW + dt.timedelta(hours=1), tenant_ids=["acme"]).head(1)
    services.usage_store.put_superseded(first.select([*IDENTITY]))
    november = read_usage(ACME, parse_period("2026-11"), services=services)
    assert november.totals.sent == 6


def test_a_clipped_range_is_compared_with_as_many_days_as_it_shows() -> None:
    services = services_with(usage("2026-10-30", sent=1), usage("2026-10-31", sent=10), usage("2026-11-03", sent=100))
    snapshot = read_usage(ACME, period_between(dt.date(2026, 11, 1), dt.date(2026, 11, 30)), services=services)
    assert (snapshot.previous.first, snapshot.previous.last) == (dt.date(2026, 10, 28), dt.date(2026, 10, 31))
    assert (snapshot.totals.sent, snapshot.previous_totals.sent) == (100, 11)


def test_a_period_that_has_not_begun_is_refused(services: Services) -> None:
    with pytest.raises(FuturePeriodError, match="2026-11-05"):
        read_usage(ACME, parse_period("2026-11-05"), services=services)
    with pytest.raises(FuturePeriodError):
        read_usage(TenantProfile(tenant_id="acme"), parse_period("2026-11-04"), services=services)


def test_users_are_those_with_any_action_most_documents_first_then_by_id() -> None:
    services = services_with(
        usage("2026-10-01", "b", sent=2),
        usage("2026-10-02", "a", sent=2),
        usage("2026-10-02", "c", viewed=9),
        usage("2026-10-02", "d", sent=3),
        usage("2026-10-02", "vanished"),
        usage("2026-09-02", "before", sent=9),
    )
    snapshot = read_usage(ACME, OCTOBER, services=services)
    assert [user.user_id for user in snapshot.users] == ["d", "a", "b", "c"]
    assert snapshot.active_senders == 3


def test_names_are_the_latest_seen_and_a_vanished_day_names_nobody() -> None:
    services = services_with(
        usage("2026-09-30", sent=1, user_name="Ann", user_email="ann@acme.example"),
        usage("2026-10-02", sent=1, user_name="Ann Ash"),
        usage("2026-10-03", sent=1),
        usage("2026-10-04", user_name="Nobody"),
    )
    (user,) = read_usage(ACME, OCTOBER, services=services).users
    assert (user.user_name, user.user_email) == ("Ann Ash", "ann@acme.example")


def test_figures_of_other_tenants_stay_out() -> None:
    services = services_with(usage("2026-10-02", sent=1), usage("2026-10-02", sent=10) | {"tenant_id": "acme2"})
    assert read_usage(ACME, OCTOBER, services=services).totals.sent == 1


def test_freshness_is_that_of_before_the_rows_were_read() -> None:
    """An instant that is published while rows are read is not promised for them."""

    class SlowStore(MemoryUsageStore):
        def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: object) -> pl.DataFrame:
            del first, last, tenant_ids
            Watermarks(slow.objects).publish_data_through(NOW)
            return DAILY_USAGE.to_frame()

    slow = dataclasses.replace(services_with(), usage_store=SlowStore())
    before = NOW - dt.timedelta(hours=1)
    Watermarks(slow.objects).publish_data_through(before)
    assert read_usage(ACME, OCTOBER, services=slow).data_through == before


def test_a_fingerprint_is_of_figures_and_names_not_of_the_moment() -> None:
    services = services_with(usage("2026-10-02", sent=1))
    snapshot = read_usage(ACME, OCTOBER, services=services)
    later = dataclasses.replace(services, clock=lambda: NOW + dt.timedelta(days=3))
    Watermarks(later.objects).publish_data_through(NOW)
    assert read_usage(ACME, OCTOBER, services=later).fingerprint == snapshot.fingerprint
    other_rows = [
        usage("2026-10-02", sent=2),
        usage("2026-10-03", sent=1),
        usage("2026-10-02", viewed=1),
        usage("2026-10-02", sent=1, user_name="Ann"),
        usage("2026-10-02", "u2", sent=1),
    ]
    others = [
        *(read_usage(ACME, OCTOBER, services=services_with(row)) for row in other_rows),
        dataclasses.replace(snapshot, tenant=TenantProfile(tenant_id="acme", timezone="UTC")),
        dataclasses.replace(snapshot, previous_totals=Counts(sent=1)),
    ]
    assert len({snapshot.fingerprint, *(other.fingerprint for other in others)}) == 1 + len(others)


def test_figures_that_contradict_each_other_are_refused() -> None:
    snapshot = read_usage(ACME, OCTOBER, services=services_with(usage("2026-10-02", sent=1)))
    with pytest.raises(ControlTotalsError, match="acme in 2026-10 does not add up"):
        dataclasses.replace(snapshot, totals=Counts(sent=2)).check_control_totals()
    with pytest.raises(ControlTotalsError):
        dataclasses.replace(snapshot, users=()).check_control_totals()
    with pytest.raises(ControlTotalsError):
        dataclasses.replace(snapshot, days=snapshot.days[:-30]).check_control_totals()
