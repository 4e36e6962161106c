"""Figures of many tenants read ahead: equal to what each alone would read, and complete."""

import dataclasses
import datetime as dt
import itertools
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import Action
from signtally.domain.aggregation import TenantDay, daily_usage
from signtally.domain.basis import Basis
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import Period, days_within, parse_period
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import Allowance, TenantProfile
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.usage_store import UsageStore
from signtally.services import Services
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases.aggregating import aggregate_touched
from signtally.use_cases.figures import read_ahead, read_report
from tests.support.examples import examples
from tests.support.fakes import fake_services

NOW = dt.datetime(2026, 11, 3, 20, tzinfo=dt.UTC)
TENANTS = (
    TenantProfile(tenant_id="acme", timezone="Asia/Kathmandu", allowance=Allowance(documents_per_month=10)),
    TenantProfile(tenant_id="bolt", timezone="America/St_Johns"),
    TenantProfile(tenant_id="coda", timezone="America/St_Johns"),
)
OCTOBER = parse_period("2026-10")
_numbers = itertools.count()


class CountingStore:
    """Counts the reads of another store by their names."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store
        self.reads: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.reads.append(name)
        return getattr(self._store, name)


def event(tenant_id: str, action: Action, day: dt.date, document_id: str, user_id: str) -> ReceivedEvent:
    at = dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)
    happened = UsageEvent("/portal", f"e{next(_numbers)}", action, tenant_id, user_id, document_id, at)
    return ReceivedEvent(happened, at, "m")


def services_with(*events: ReceivedEvent) -> tuple[Services, CountingStore]:
    """As ingest and aggregation would have left it."""
    store = MemoryUsageStore()
    store.put_events(events)
    span = {"since": NOW - dt.timedelta(days=420), "until": NOW + dt.timedelta(days=1)}
    for tenant in TENANTS:
        days = [TenantDay(tenant.tenant_id, day, tenant.timezone) for day in days_within(**span, zone=tenant.zone)]
        found = store.events(**span, tenant_ids=[tenant.tenant_id])
        store.put_daily_usage(daily_usage(found.lazy(), days=days).collect(), version=1)
    counting = CountingStore(store)
    return fake_services(usage_store=cast("UsageStore", counting), clock=lambda: NOW), counting


def assert_same(one: UsageSnapshot, other: UsageSnapshot) -> None:
    assert one == other
    assert one.documents.equals(other.documents)
    assert one.user_days.equals(other.user_days)
    assert one.fingerprint == other.fingerprint


_events = st.lists(
    st.builds(
        event,
        st.sampled_from([tenant.tenant_id for tenant in TENANTS]),
        st.sampled_from(Action),
        st.dates(dt.date(2025, 9, 1), dt.date(2026, 11, 3)),
        st.sampled_from(["d1", "d2", "d3"]),
        st.sampled_from(["ann", "bob"]),
    ),
    max_size=15,
)
_periods = st.lists(
    st.sampled_from(["2026-10", "2026-W44", "2026-10-05", "2026-Q3", "2026-09-03_2026-10-20", "2026-11", "2025"]),
    min_size=1,
    max_size=2,
    unique=True,
)


@settings(max_examples=examples(12))
@given(events=_events, names=_periods)
def test_figures_read_ahead_are_those_that_each_tenant_alone_would_read(
    events: list[ReceivedEvent], names: list[str]
) -> None:
    services, _ = services_with(*events)
    wanted = [(tenant, parse_period(name)) for tenant in TENANTS for name in names]
    ahead = read_ahead(wanted, services=services, at=NOW)
    for tenant, period in wanted:
        assert_same(read_report(tenant, period, services=ahead), read_report(tenant, period, services=services))


def test_a_report_on_a_period_that_is_over_asks_nothing_more() -> None:
    """Nor do three tenants ask more of the store than one."""
    days = [dt.date(2025, 12, 1), dt.date(2026, 9, 4), dt.date(2026, 10, 4)]
    story = [event(tenant.tenant_id, Action.SENT, day, str(day), "ann") for tenant in TENANTS for day in days]
    services, counting = services_with(*story)
    asked = []
    for tenants in (TENANTS[:1], TENANTS):
        counting.reads.clear()
        ahead = read_ahead([(tenant, OCTOBER) for tenant in tenants], services=services, at=NOW)
        asked.append(list(counting.reads))
        for tenant in tenants:
            assert len(read_report(tenant, OCTOBER, services=ahead).trend) == 11
    assert counting.reads == asked[1] == asked[0]
    assert len(asked[0]) == 8


def test_what_was_not_read_ahead_is_read_then() -> None:
    services, _ = services_with(event("acme", Action.SENT, dt.date(2026, 10, 4), "d", "ann"))
    acme, bolt, _ = TENANTS
    ahead = read_ahead([(acme, OCTOBER)], services=services, at=NOW)
    wanted: list[tuple[TenantProfile, Period, dict[str, Any]]] = [
        (acme, parse_period("2026-11-04"), {}),
        (acme, OCTOBER, {"user_ids": ("ann",)}),
        (acme, OCTOBER, {"basis": Basis.COHORT}),
        (bolt, OCTOBER, {}),
    ]
    for tenant, period, how in wanted:
        assert_same(
            read_report(tenant, period, services=ahead, **how), read_report(tenant, period, services=services, **how)
        )


def test_what_is_said_of_figures_is_what_was_known_before_they_were_read() -> None:
    """Rows and data-through of later belong together; those at hand are older."""
    services, _ = services_with(event("acme", Action.SENT, dt.date(2026, 10, 4), "d", "ann"))
    services.stores.watermarks.publish_data_through(NOW - dt.timedelta(hours=1))
    ahead = read_ahead([(TENANTS[0], OCTOBER)], services=services, at=NOW)
    late = event("acme", Action.SENT, dt.date(2026, 10, 5), "d2", "ann")
    services.usage_store.put_events([late])
    TouchedHours(services.objects).append([late.event])
    services.stores.watermarks.publish_settled_through(NOW)
    aggregate_touched(services=services)
    before, after = (read_report(TENANTS[0], OCTOBER, services=each) for each in (ahead, services))
    assert (before.totals.sent, before.data_through) == (1, NOW - dt.timedelta(hours=1))
    assert after.data_through == NOW
    assert dataclasses.replace(ahead, objects=services.objects).stores.watermarks.data_through() == NOW


@pytest.mark.parametrize("period", ["2026-12", "2027"])
def test_a_period_of_the_future_is_refused_when_it_is_read(period: str) -> None:
    services, _ = services_with()
    ahead = read_ahead([(TENANTS[0], parse_period(period))], services=services, at=NOW)
    with pytest.raises(ValueError, match="after today"):
        read_report(TENANTS[0], parse_period(period), services=ahead)
