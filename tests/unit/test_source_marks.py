"""A report that is answered as up to date says what is so, though its figures are not read: whatever happened since."""

import datetime as dt
import itertools
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import Action
from signtally.domain.aggregation import TenantDay
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportRequest, ReportStatus
from signtally.domain.restatements import RestatementReason
from signtally.domain.schemas import IDENTITY, STORED_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.stores.report_states import ReportState
from signtally.use_cases.aggregating.restating import restate
from signtally.use_cases.figures import read_report
from signtally.use_cases.ordering import request_report
from signtally.use_cases.reporting import make_report
from tests.support.clocks import Clock
from tests.support.examples import examples
from tests.support.fakes import fake_services
from tests.support.order_consumers import consume

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
REQUESTS = [
    ReportRequest("acme", parse_period("2026-10"), ("csv",)),
    ReportRequest("acme", parse_period("2026-11"), ("csv",)),
    ReportRequest("acme", parse_period("2026-11-03"), ("csv",)),
    ReportRequest("acme", parse_period("2026-10"), ("csv",), user_ids=("ann",)),
]
_numbers = itertools.count()
Happening = Callable[[Services], object]


class WatchedStore(MemoryUsageStore):
    """Counts how often rows are read for a report."""

    reads = 0

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: object) -> pl.DataFrame:
        self.reads += 1
        return super().daily_usage(first=first, last=last, tenant_ids=tenant_ids)  # type: ignore[arg-type]  # as given


def event(action: Action = Action.SENT, *, ago: dt.timedelta = DAY, document: str = "d1") -> ReceivedEvent:
    number = next(_numbers)
    happened = UsageEvent("/portal", f"e{number}", action, "acme", "ann", document, NOW - ago)
    return ReceivedEvent(happened, NOW, f"m{number}")


def count(services: Services) -> None:
    days = [TenantDay("acme", NOW.date() - offset * DAY, "UTC") for offset in range(1, 40)]
    restate(days, reason=RestatementReason.LATE_EVENTS, services=services)


def store(*events: ReceivedEvent, is_counted: bool) -> Happening:
    def happen(services: Services) -> None:
        services.usage_store.put_events(events)
        if is_counted:
            count(services)

    return happen


def supersede(services: Services) -> None:
    found = services.usage_store.events(since=NOW - 90 * DAY, until=NOW + DAY, tenant_ids=["acme"])
    services.usage_store.put_superseded(found.sort("event_id").tail(1).select([*IDENTITY]))


def write_unread_row(services: Services) -> None:
    row = {name: 7 for name, kind in STORED_USAGE.items() if kind == pl.Int64} | {
        "tenant_id": "acme",
        "user_id": "bob",
        "day": dt.date(2026, 10, 9),
        "timezone": "UTC",
        "counted_at": NOW,
    }
    rows = pl.DataFrame([{name: row.get(name) for name in STORED_USAGE}], schema=STORED_USAGE)
    services.stores.unread_rows.add(rows, generation=services.usage_store.usage_generation())


def mark_as_provisional(services: Services) -> None:
    hour = int(NOW.timestamp()) // 3600
    services.objects.put(f"state/provisional/acme/{hour - 900}-{hour}-{next(_numbers)}", b"")


def clear_marks(services: Services) -> None:
    services.objects.delete([each.key for each in services.objects.list_objects("state/provisional/")])


def change_profile(**fields: str) -> Happening:
    return lambda services: services.stores.tenants.put(TenantProfile(tenant_id="acme", **fields))


def tell_of_september_to_october(services: Services) -> None:
    period = parse_period("2026-Q3")
    services.stores.reported_periods.note("acme", period, at=NOW - DAY)
    services.stores.reported_periods.note("acme", parse_period("2026-10-08"), at=NOW - DAY)


def wait(minutes: int) -> Happening:
    def happen(services: Services) -> None:
        clock = services.clock
        assert isinstance(clock, Clock)
        clock.advance(60 * minutes)

    return happen


_happenings = st.one_of(
    st.builds(
        lambda action, days, minutes, is_counted: store(
            event(action, ago=days * DAY - minutes * MINUTE, document=f"d{days % 3}"), is_counted=is_counted
        ),
        st.sampled_from([Action.SENT, Action.COMPLETED, Action.VIEWED]),
        st.integers(0, 60),
        st.integers(-600, 20),
        st.booleans(),
    ),
    st.sampled_from(
        [supersede, write_unread_row, mark_as_provisional, clear_marks, tell_of_september_to_october, count]
    ),
    st.sampled_from([change_profile(name="Acme"), change_profile(timezone="Asia/Kathmandu"), change_profile()]),
    st.builds(wait, st.integers(1, 20)),
)


def furnished(usage_store: MemoryUsageStore) -> Services:
    services = fake_services(usage_store=usage_store, clock=Clock(NOW))
    services.stores.watermarks.publish_data_through(NOW)
    store(event(ago=20 * DAY), event(ago=3 * DAY - 9 * MINUTE, document="d2"), is_counted=True)(services)
    return services


def ask(request: ReportRequest, services: Services) -> ReportState:
    consume(services)
    state = request_report(request, requested_by="ann", services=services)
    if state.status is ReportStatus.PENDING:
        make_report(state.claim.key, services=services)
    return state


@settings(max_examples=examples(6))
@given(request=st.sampled_from(REQUESTS), happenings=st.lists(_happenings, min_size=1, max_size=4))
def test_what_is_answered_as_up_to_date_says_what_is_so(request: ReportRequest, happenings: list[Happening]) -> None:
    services = furnished(MemoryUsageStore())
    ask(request, services)
    for happen in happenings:
        happen(services)
        state = ask(request, services)
        if state.manifest is not None:
            tenant = services.stores.tenants.get("acme")
            now = read_report(tenant, request.period, services=services, user_ids=request.user_ids)
            assert state.manifest.fingerprint == now.fingerprint


@pytest.mark.parametrize("request_", REQUESTS[:2])
def test_nothing_is_read_again_while_nothing_has_changed(request_: ReportRequest) -> None:
    usage_store = WatchedStore()
    services = furnished(usage_store)
    ask(request_, services)
    usage_store.reads = 0
    assert [ask(request_, services).status for _ in range(2)] == [ReportStatus.READY] * 2
    assert usage_store.reads == 0


def test_what_was_compared_once_is_not_compared_again() -> None:
    """An event of another period changes the mark, not the figures: the version is kept, under the mark of now."""
    usage_store = WatchedStore()
    services = furnished(usage_store)
    october = REQUESTS[0]
    ask(october, services)
    store(event(ago=2 * MINUTE, document="d9"), is_counted=False)(services)
    usage_store.reads = 0
    assert [ask(october, services).status for _ in range(3)] == [ReportStatus.READY] * 3
    assert usage_store.reads == 1


def test_an_open_document_that_is_a_day_older_makes_a_version_untrue() -> None:
    """Of a period under way; the document was sent nine minutes less than three days ago."""
    services = furnished(MemoryUsageStore())
    november = REQUESTS[1]
    ask(november, services)
    wait(8)(services)
    assert ask(november, services).status is ReportStatus.READY
    wait(2)(services)
    assert ask(november, services).claim.key.version == 2
