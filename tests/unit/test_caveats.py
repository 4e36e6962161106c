"""What reports say about their figures: "3 Sep: 41 → 43", and that some are provisional."""

import datetime as dt

import pytest

from signtally.domain.actions import Action, Counts
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportManifest, ReportRequest
from signtally.use_cases.aggregating import aggregate_touched
from signtally.use_cases.figures import read_report
from signtally.use_cases.reporting import report_now
from tests.support.fakes import fake_services

NOON = dt.datetime(2026, 9, 3, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


class World:
    def __init__(self) -> None:
        self.now = NOON + 40 * DAY
        self.services = fake_services(clock=lambda: self.now)
        self._numbers = iter(range(10**6))

    def happen(self, at: dt.datetime, *, times: int = 1, user_id: str = "ann") -> None:
        """Events arrive and are counted."""
        events = [
            UsageEvent("/p", str(next(self._numbers)), Action.SENT, "acme", user_id, "d", at) for _ in range(times)
        ]
        self.services.usage_store.put_events([ReceivedEvent(each, self.now, each.id) for each in events])
        self.services.stores.touched_hours.append(events)
        aggregate_touched(services=self.services)
        self.now += dt.timedelta(minutes=1)

    def report(self, period: str, *, user_ids: tuple[str, ...] | None = None) -> ReportManifest:
        request = ReportRequest("acme", parse_period(period), ("csv",), user_ids)
        manifest = report_now(request, requested_by="ann", services=self.services)
        self.now += dt.timedelta(minutes=1)
        return manifest

    def restated(self, period: str, *, user_ids: tuple[str, ...] | None = None) -> list[tuple[dt.date, Counts, Counts]]:
        tenant = self.services.stores.tenants.get("acme")
        snapshot = read_report(tenant, parse_period(period), services=self.services, user_ids=user_ids)
        return [(each.day, each.before, each.after) for each in snapshot.restated]


@pytest.fixture
def world() -> World:
    return World()


def test_a_day_that_changes_after_it_was_reported_is_restated(world: World) -> None:
    world.happen(NOON, times=41)
    assert world.report("2026-09").key.version == 1
    world.happen(NOON, times=2)
    assert world.restated("2026-09") == [(NOON.date(), Counts(sent=41), Counts(sent=43))]
    assert world.report("2026-09").key.version == 2
    assert world.report("2026-09").key.version == 2  # telling of it again is no news
    world.happen(NOON)
    assert world.restated("2026-09") == [(NOON.date(), Counts(sent=41), Counts(sent=44))]


def test_what_changed_before_anybody_was_told_is_no_restatement(world: World) -> None:
    world.happen(NOON)
    world.happen(NOON)
    assert world.restated("2026-09") == []


def test_any_report_that_holds_the_day_has_told_of_it(world: World) -> None:
    world.happen(NOON)
    world.report("2026-W36")
    world.happen(NOON)
    world.happen(NOON + 20 * DAY)
    world.happen(NOON + 20 * DAY)
    assert world.restated("2026-09") == [(NOON.date(), Counts(sent=1), Counts(sent=2))]


def test_who_sees_some_users_learns_nothing_of_the_others(world: World) -> None:
    world.happen(NOON)
    world.report("2026-09", user_ids=("ann",))
    world.happen(NOON, user_id="bob")
    assert world.restated("2026-09", user_ids=("ann",)) == []
    assert world.restated("2026-09") == []  # nobody was told the whole


def test_days_whose_events_could_not_be_read_are_provisional(world: World) -> None:
    notes = world.services.stores.touched_hours
    notes.append([UsageEvent("/p", "1", Action.SENT, "acme", "ann", "d", NOON)])
    (note,) = notes.pending()
    world.services.stores.provisional.mark(note)
    tenant = world.services.stores.tenants.get("acme")
    september = read_report(tenant, parse_period("2026-09"), services=world.services)
    assert september.provisional_days == (NOON.date(),)
    october = read_report(tenant, parse_period("2026-10"), services=world.services)
    assert october.provisional_days == (NOON.date(),), "it says what September was"
    august = read_report(tenant, parse_period("2026-08"), services=world.services)
    assert august.provisional_days == ()
    before = september.fingerprint
    world.services.stores.provisional.clear(note, note.rows)
    assert read_report(tenant, parse_period("2026-09"), services=world.services).fingerprint != before
