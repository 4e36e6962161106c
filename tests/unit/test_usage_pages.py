"""Totals without users, and users a page at a time, say what the whole snapshot says."""

import dataclasses
import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.actions import Action, Counts
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import Period, parse_period
from signtally.domain.schemas import IDENTITY, STORED_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.use_cases.figures import read_totals, read_usage, read_user_page
from tests.support.fakes import counted_services

NOW = dt.datetime(2026, 11, 3, 20, tzinfo=dt.UTC)
ACME = TenantProfile(tenant_id="acme", timezone="Asia/Kathmandu")  # where it is 4 November already
_numbers = itertools.count()


def event(action: Action, day: dt.date, user_id: str, hour: int) -> ReceivedEvent:
    at = dt.datetime(day.year, day.month, day.day, hour, tzinfo=dt.UTC)
    number = next(_numbers)
    name = None if day.day % 5 == 0 else f"{user_id} {day.day}"  # the portal may leave it out
    happened = UsageEvent("/portal", f"e{number}", action, "acme", user_id, "d1", at, user_name=name)
    return ReceivedEvent(happened, at, f"m{number}")


def services_with(*events: ReceivedEvent) -> Services:
    return counted_services(events, tenant=ACME, now=NOW, days_back=90)


_events = st.lists(
    st.builds(
        event,
        st.sampled_from(Action),
        st.dates(dt.date(2026, 9, 25), dt.date(2026, 11, 3)),
        st.sampled_from(["ann", "bob", "Ünal", "山田", "=1+1", "zoë"]),
        st.integers(0, 23),
    ),
    max_size=20,
)
_periods = st.sampled_from(["2026-10", "2026-11", "2026-11-04", "2026-W44", "2026-Q4"]).map(parse_period)


@given(events=_events, period=_periods, user_ids=st.none() | st.just(("bob", "zoë")))
def test_totals_are_those_of_the_snapshot(
    events: list[ReceivedEvent], period: Period, user_ids: tuple[str, ...] | None
) -> None:
    services = services_with(*events)
    whole = read_usage(ACME, period, services=services, user_ids=user_ids)
    alone = read_totals(ACME, period, services=services, user_ids=user_ids)
    asked = dataclasses.replace(whole, users=(), inactive_users=(), allowance=None)
    assert dataclasses.replace(alone, first_data_day=None) == dataclasses.replace(asked, first_data_day=None)
    assert (alone.previous_data_from, alone.is_comparable) == (whole.previous_data_from, whole.is_comparable)


@given(
    events=_events,
    period=_periods,
    limit=st.integers(1, 4),
    user_ids=st.none() | st.just(("bob", "zoë")),
    is_unread=st.booleans(),
    first_is_void=st.booleans(),
)
def test_pages_hold_every_user_once_in_order_of_ids(  # noqa: PLR0913 -- what the law is about
    *,
    events: list[ReceivedEvent],
    period: Period,
    limit: int,
    user_ids: tuple[str, ...] | None,
    is_unread: bool,
    first_is_void: bool,
) -> None:
    services = services_with(*events)
    store = services.usage_store
    if is_unread:
        rows = store.daily_usage(first=dt.date(2026, 10, 1), last=dt.date(2026, 11, 3), tenant_ids=["acme"])
        if not rows.is_empty():
            services.stores.unread_rows.add(rows.head(1).select([*STORED_USAGE]), generation="one")
    if first_is_void and events:
        live = store.events(since=NOW - dt.timedelta(days=90), until=NOW + dt.timedelta(days=1), tenant_ids=["acme"])
        store.put_superseded(live.tail(1).select([*IDENTITY]))
    found: list[tuple[str, str | None, Counts]] = []
    after: str | None = None
    while True:
        page = read_user_page(ACME, period, services=services, after=after, limit=limit, user_ids=user_ids)
        assert len(page.users) <= limit
        found += [(user.user_id, user.user_name, user.counts) for user in page.users]
        after = page.after
        if after is None:
            break
    whole = read_usage(ACME, period, services=services, user_ids=user_ids)
    everybody = sorted(whole.users, key=lambda user: user.user_id)
    assert found == [(user.user_id, user.user_name, user.counts) for user in everybody]


def test_a_page_names_users_as_they_were_called_last() -> None:
    services = services_with(
        event(Action.SENT, dt.date(2026, 11, 1), "ann", 9), event(Action.SENT, dt.date(2026, 11, 3), "ann", 19)
    )
    (ann,) = read_user_page(ACME, parse_period("2026-11"), services=services, after=None, limit=10).users
    assert (ann.user_name, ann.counts.sent) == ("ann 3", 2)


def test_a_page_calls_users_as_the_report_does_who_were_named_before_alone() -> None:
    services = services_with(
        event(Action.SENT, dt.date(2026, 9, 26), "ann", 9), event(Action.VIEWED, dt.date(2026, 10, 5), "ann", 9)
    )
    (ann,) = read_user_page(ACME, parse_period("2026-10"), services=services, after=None, limit=10).users
    (in_report,) = read_usage(ACME, parse_period("2026-10"), services=services).users
    assert ann.user_name == in_report.user_name == "ann 26"


@pytest.mark.parametrize("after", [None, "bob"])
def test_the_last_page_says_so(after: str | None) -> None:
    services = services_with(event(Action.SENT, dt.date(2026, 10, 5), "ann", 9))
    assert read_user_page(ACME, parse_period("2026-10"), services=services, after=after, limit=1).after is None
