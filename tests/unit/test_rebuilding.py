"""Rebuilds: any span from events, resumable, harmless to repeat; a dry run says beforehand what changes."""

import datetime as dt
from collections.abc import Callable

import pytest

from signtally.domain.events import ReceivedEvent
from signtally.domain.restatements import RestatementReason
from signtally.ports.errors import ServiceUnavailableError
from signtally.use_cases.aggregating import aggregate_touched
from signtally.use_cases.rebuilding import DayChange, RebuildProgress, preview, rebuild
from signtally.use_cases.reconciling import reconcile
from tests.support.truth_world import NOW, World, event

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
LAST_NIGHT = dt.datetime(2026, 10, 30, 20, tzinfo=dt.UTC)  # the 31st in Kathmandu


@pytest.fixture
def world() -> World:
    return World()


def history() -> list[ReceivedEvent]:
    """Two tenants, seven events a year, back to 2024."""
    instants = [NOW - dt.timedelta(days=52 * number, hours=3 * number) for number in range(1, 20)]
    return [
        event(f"{tenant_id}{number}", instant, tenant_id=tenant_id)
        for tenant_id in ("acme", "bolt")
        for number, instant in enumerate(instants)
    ]


def spoil(world: World, *, every: int = 1) -> None:
    for row in world.rows().to_dicts()[::every]:
        world.overwrite(row, viewed=9)


def test_any_span_is_made_again_from_events(world: World) -> None:
    world.count(*history())
    right = world.figures()
    spoil(world)
    first = dt.date(2025, 1, 1)
    outcome = rebuild(first=first, services=world.services)
    assert outcome.rows == outcome.restated == sum(day >= first for _, _, day in right)
    assert {row: counts for row, counts in world.figures().items() if row[2] >= first} == {
        row: counts for row, counts in right.items() if row[2] >= first
    }
    rebuild(tenant_id="acme", services=world.services)
    assert {row for row, counts in world.figures().items() if counts != right[row]} == {
        row for row in right if row[0] == "bolt" and row[2] < first
    }
    rebuild(services=world.services)
    assert world.figures() == right
    assert rebuild(services=world.services).rows == 0


def test_what_changes_is_on_record(world: World) -> None:
    world.count(event("1", LAST_NIGHT))
    spoil(world)
    rebuild(services=world.services)
    days = world.store.restatements(first=dt.date(2026, 10, 1), last=NOW.date(), tenant_ids=["acme"])
    records = days.filter(reason=str(RestatementReason.RECOUNT))
    assert records.select("reason", "before_viewed", "after_viewed").rows() == [(RestatementReason.RECOUNT, 9, 0)]


def test_a_rebuild_that_is_broken_off_goes_on_where_it_stopped(world: World) -> None:
    world.count(*history())
    right = world.figures()
    spoil(world)
    seen: list[RebuildProgress] = []
    with pytest.raises(ServiceUnavailableError):
        rebuild(services=world.services, on_progress=_failing_after(3, seen))
    done = {row for row, counts in world.figures().items() if counts == right[row]}
    assert done
    assert done != right.keys()
    assert seen[-1].state.next_day >= seen[-1].state.first
    again: list[RebuildProgress] = []
    outcome = rebuild(services=world.services, on_progress=again.append)
    assert (outcome.resumed, outcome.rows) == (True, len(right))
    assert again[0].state.last == seen[0].state.last
    assert again[0].state.next_day < seen[-1].state.next_day, "no day is counted twice"
    assert world.figures() == right
    assert again[-1].fraction == 1
    assert not rebuild(services=world.services).resumed, "a finished one begins anew"


def test_progress_is_kept_by_what_was_asked_for(world: World) -> None:
    world.count(event("1", LAST_NIGHT))
    with pytest.raises(ServiceUnavailableError):
        rebuild(tenant_id="acme", services=world.services, on_progress=_failing_after(1, []))
    assert world.services.stores.rebuild_ledger(arguments=("acme", None, None)).read() is not None
    assert not rebuild(services=world.services).resumed
    assert not rebuild(tenant_id="bolt", services=world.services).resumed
    assert rebuild(tenant_id="acme", services=world.services).resumed


def test_a_dry_run_says_what_would_change_and_writes_nothing(world: World) -> None:
    world.count(event("1", LAST_NIGHT), event("2", LAST_NIGHT, tenant_id="bolt"))
    world.write("coda", dt.date(2026, 9, 1), sent=2)
    world.store.put_events([event("3", LAST_NIGHT, user_id="u2")])
    spoil(world, every=2)
    rows, keys = world.rows(), [each.key for each in world.services.objects.list_objects("")]
    found = preview(services=world.services)
    assert world.rows().equals(rows)
    assert [each.key for each in world.services.objects.list_objects("")] == keys
    expected = (
        DayChange("acme", dt.date(2026, 10, 31), "sent", 1, 2),
        DayChange("acme", dt.date(2026, 10, 31), "viewed", 9, 0),
        DayChange("coda", dt.date(2026, 9, 1), "sent", 2, 0),
        DayChange("coda", dt.date(2026, 9, 1), "viewed", 9, 0),
    )
    assert (found.changes, found.rows, found.moves) == (expected, 3, {})
    assert preview(tenant_id="bolt", services=world.services).changes == ()
    assert str(expected[0]) == "acme · 2026-10-31 · sent: 1 → 2"
    assert rebuild(services=world.services).rows == found.rows
    assert preview(services=world.services).rows == 0


def test_a_tenant_that_has_moved_is_made_again_in_its_new_zone(world: World) -> None:
    world.count(event("1", LAST_NIGHT), event("2", LAST_NIGHT - 300 * DAY))
    world.live_in("acme", "America/New_York")
    assert preview(services=world.services).moves == {"acme": "America/New_York"}
    rebuild(first=dt.date(2026, 10, 30), last=dt.date(2026, 10, 31), services=world.services)
    assert {day for _, _, day in world.figures()} == {LAST_NIGHT.date(), (LAST_NIGHT - 300 * DAY).date()}


@pytest.mark.parametrize("lost", ["state/", "state/touched/", "state/counted-zones.json", "state/data-through.json"])
def test_lost_state_heals(world: World, lost: str) -> None:
    world.count(*history())
    world.ingest(event("late", LAST_NIGHT))  # noted, and not counted yet
    world.live_in("acme", "America/New_York")
    world.services.objects.delete(each.key for each in world.services.objects.list_objects(lost))
    world.services.stores.watermarks.publish_settled_through(NOW)
    assert aggregate_touched(services=world.services).data_through == NOW
    assert reconcile(first=dt.date(2024, 1, 1), services=world.services).is_clean
    assert world.figures() == _counted_in_a_new_world(event("late", LAST_NIGHT))


def test_lost_rows_heal(world: World) -> None:
    world.count(*history())
    right = world.figures()
    world.lose_rows()
    aggregate_touched(services=world.services)
    assert world.figures() == right
    assert reconcile(first=dt.date(2026, 1, 1), services=world.services).is_clean


def _counted_in_a_new_world(*events: ReceivedEvent) -> object:
    world = World()
    world.live_in("acme", "America/New_York")
    world.count(*history(), *events)
    return world.figures()


def _failing_after(blocks: int, seen: list[RebuildProgress]) -> Callable[[RebuildProgress], None]:
    def tell(progress: RebuildProgress) -> None:
        seen.append(progress)
        if len(seen) == blocks:
            raise ServiceUnavailableError("the machine went away")

    return tell
