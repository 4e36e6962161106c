"""Aggregation runs: whatever the order and the batching, the end state is the same."""

import collections
import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import PeriodError
from signtally.domain.tenants import TenantProfile
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.use_cases.aggregating import aggregate_days, aggregate_touched
from tests.support.aggregation_runs import (
    FIRST,
    LAST,
    NOW,
    ZONES,
    StubbornStore,
    event,
    ingest,
    pending,
    services_over,
    stored,
)
from tests.support.examples import examples


@pytest.fixture
def services() -> Services:
    return services_over(MemoryUsageStore())


def figures(services: Services) -> dict[tuple[str, str, dt.date], dict[str, int]]:
    """The rows that say anything; a row of zeros says the same as none."""
    rows = {
        (row["tenant_id"], row["user_id"], row["day"]): {name: row[name] for name in MEASURES}
        for row in stored(services).iter_rows(named=True)
    }
    return {row: counts for row, counts in rows.items() if any(counts.values())}


def counted_plainly(events: Iterable[ReceivedEvent]) -> dict[tuple[str, str, dt.date], dict[str, int]]:
    counts: dict[tuple[str, str, dt.date], collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for received in {received.event.event_id: received for received in events}.values():
        happened = received.event
        day = happened.occurred_at.astimezone(ZoneInfo(ZONES[happened.tenant_id])).date()
        counts[happened.tenant_id, happened.user_id, day][happened.action] += 1
    return {row: {measure: count[measure] for measure in MEASURES} for row, count in counts.items()}


@st.composite
def traffic(draw: st.DrawFn) -> list[ReceivedEvent]:
    """Distinct events around the end of Berlin's and St John's summer time."""
    begin = dt.datetime(2026, 10, 24, 18, tzinfo=dt.UTC)
    return [
        ReceivedEvent(
            UsageEvent(
                source="/portal",
                id=str(number),
                action=draw(st.sampled_from(Action)),
                tenant_id=draw(st.sampled_from(sorted(ZONES))),
                user_id=draw(st.sampled_from(["u1", "u2"])),
                document_id="doc",
                occurred_at=begin + dt.timedelta(minutes=draw(st.integers(0, 9 * 24 * 60))),
            ),
            NOW,
            f"m{number}",
        )
        for number in range(draw(st.integers(0, 40)))
    ]


@settings(max_examples=examples(25, soak=600))
@given(data=st.data())
def test_any_order_batching_and_moment_of_aggregation_end_the_same(data: st.DataObject) -> None:
    events = data.draw(traffic())
    services = services_over(MemoryUsageStore())
    remaining = data.draw(st.permutations(events + events[: len(events) // 3]))  # redelivered, too
    while remaining:
        size = data.draw(st.integers(1, 20))
        ingest(services, remaining[:size])
        remaining = remaining[size:]
        if data.draw(st.booleans()):
            aggregate_touched(services=services)
    aggregate_touched(services=services)
    assert figures(services) == counted_plainly(events)
    assert pending(services) == 0
    rows = stored(services)
    assert aggregate_days(first=FIRST, last=dt.date(2026, 11, 4), services=services).rows == 0
    assert stored(services).equals(rows)


def test_what_ingest_settled_is_published_once_it_is_counted(services: Services) -> None:
    services.stores.watermarks.publish_settled_through(NOW)
    ingest(services, [event(1, NOW), event(2, NOW)])
    outcome = aggregate_touched(services=services)
    assert outcome.as_dict() == {
        "tenant_days": 1,
        "rows": 1,
        "restated": 0,
        "notes": 1,
        "unreadable": 0,
        "data_through": NOW,
    }
    assert services.stores.watermarks.data_through() == NOW


def test_before_anything_settled_nothing_is_published(services: Services) -> None:
    ingest(services, [event(1, NOW)])
    assert aggregate_touched(services=services).data_through is None
    assert services.stores.watermarks.data_through() is None


def test_an_hour_that_holds_a_local_midnight_touches_both_days(services: Services) -> None:
    before, after = (dt.datetime(2026, 11, 1, 18, minute, tzinfo=dt.UTC) for minute in (14, 15))  # 23:59 and 00:00
    ingest(services, [event(1, before), event(2, after)])
    assert aggregate_touched(services=services).tenant_days == 2
    assert stored(services)["day"].to_list() == [dt.date(2026, 11, 1), dt.date(2026, 11, 2)]


def test_a_late_event_restates_its_day(services: Services) -> None:
    ingest(services, [event(1, NOW - dt.timedelta(days=9))])
    aggregate_touched(services=services)
    ingest(services, [event(2, NOW - dt.timedelta(days=9))])
    outcome = aggregate_touched(services=services)
    assert (outcome.rows, outcome.restated) == (1, 1)
    assert stored(services)["sent"].to_list() == [2]


def test_a_tenant_that_moves_is_restated_by_a_full_run(services: Services) -> None:
    evening = dt.datetime(2026, 11, 1, 20, tzinfo=dt.UTC)  # 2 November in Kathmandu
    ingest(services, [event(1, evening)])
    aggregate_touched(services=services)
    services.stores.tenants.put(TenantProfile(tenant_id="acme", timezone="America/New_York"))
    outcome = aggregate_days(tenant_id="acme", services=services)
    assert (outcome.rows, outcome.restated) == (2, 1)
    assert stored(services).select("day", "sent", "timezone").rows() == [
        (dt.date(2026, 11, 1), 1, "America/New_York"),
        (dt.date(2026, 11, 2), 0, "Asia/Kathmandu"),  # a row of zeros says where the figures were
    ]
    assert aggregate_days(tenant_id="acme", services=services).rows == 0


def test_a_full_run_needs_no_notes_and_finds_tenants_without_a_profile(services: Services) -> None:
    instants = [NOW, NOW - dt.timedelta(days=13), NOW + dt.timedelta(minutes=14)]
    events = [
        event(number, instant, tenant_id=tenant_id)
        for number, (tenant_id, instant) in enumerate((tenant, instant) for tenant in ZONES for instant in instants)
    ]
    services.usage_store.put_events(events)
    aggregate_days(services=services)
    assert figures(services) == counted_plainly(events)


def test_a_full_run_keeps_to_its_tenant_and_days(services: Services) -> None:
    services.usage_store.put_events(
        [
            event(1, NOW),
            event(2, NOW - dt.timedelta(days=1)),
            event(3, NOW, tenant_id="bolt"),
        ]
    )
    outcome = aggregate_days(tenant_id="acme", first=NOW.date(), last=NOW.date(), services=services)
    assert outcome.rows == 1
    assert stored(services).select("tenant_id", "day").rows() == [("acme", NOW.date())]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (LAST, FIRST),
        (dt.date(1999, 1, 1), LAST),
        (dt.date(2030, 1, 1), None),
        (dt.date(2030, 1, 1), dt.date(2031, 1, 1)),
    ],
)
def test_days_that_cannot_be_counted_are_refused(services: Services, first: dt.date, last: dt.date | None) -> None:
    with pytest.raises(PeriodError):
        aggregate_days(first=first, last=last, services=services)


def test_the_number_of_queries_does_not_grow_with_tenants() -> None:
    counts = []
    for tenants in (1, 500):
        store = StubbornStore()
        services = services_over(store)
        aggregate_touched(services=services)  # the first run looks for what was there before it
        ingest(services, [event(number, NOW, tenant_id=f"t{number}") for number in range(tenants)])
        outcome = aggregate_touched(services=services)
        assert outcome.rows == tenants
        counts.append(len(store.reads))
    assert counts == [3, 3]  # events, rows, and the rows read back
