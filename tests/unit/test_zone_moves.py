"""Tenants that move to another zone: whatever happens in between, each event counts on one day of the last zone."""

import datetime as dt
import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from signtally.ports.errors import ServiceUnavailableError
from signtally.stores.counted_zones import CountedZones
from signtally.stores.keys import tenant_profile
from signtally.stores.tenants import Tenants
from signtally.stores.watermarks import Watermarks
from signtally.use_cases.aggregating import aggregate_days, aggregate_touched
from tests.support.crashes import CrashError
from tests.support.zone_world import APIA, AUCKLAND, HONOLULU, NOW, STATE, UTC, World, crash


@pytest.fixture
def world() -> World:
    return World()


def test_a_tenant_without_a_profile_that_gets_one(world: World) -> None:
    world.send("2026-10-05T10:00Z", "2026-10-05T23:30Z")
    world.aggregate()
    world.live_in(AUCKLAND)
    world.send("2026-10-06T01:00Z")
    world.aggregate()
    assert sum(world.figures().values()) == 3
    assert world.is_right()


def test_a_tenant_that_moves_west(world: World) -> None:
    world.live_in(AUCKLAND)
    world.send("2026-10-05T20:00Z", "2026-10-06T05:00Z")
    world.aggregate()
    world.live_in(UTC)
    world.send("2026-10-06T09:00Z")
    world.aggregate()
    assert sum(world.figures().values()) == 3
    assert world.is_right()


def test_a_move_needs_no_new_event(world: World) -> None:
    world.send("2026-10-05T23:30Z", "2001-02-03T23:30Z")
    world.aggregate()
    world.live_in(AUCKLAND)
    world.aggregate()
    assert world.figures() == {("acme", "u1", dt.date(2026, 10, 6)): 1, ("acme", "u1", dt.date(2001, 2, 4)): 1}
    world.objects.delete([tenant_profile("acme")])  # back to the defaults
    world.aggregate()
    assert world.figures() == {("acme", "u1", dt.date(2026, 10, 5)): 1, ("acme", "u1", dt.date(2001, 2, 3)): 1}


def test_the_first_events_of_2000_follow_to_where_it_was_1999_still(world: World) -> None:
    world.send("2000-01-01T00:00Z")
    world.aggregate()
    world.live_in(HONOLULU)
    world.aggregate()
    assert world.figures() == {("acme", "u1", dt.date(1999, 12, 31)): 1}


def test_figures_are_called_complete_only_when_who_moved_is_recounted(world: World) -> None:
    world.send("2026-10-05T23:30Z")
    world.aggregate()
    world.live_in(AUCKLAND)
    Watermarks(world.objects).publish_settled_through(NOW)
    world.store.before_writes = [crash]
    with pytest.raises(CrashError):
        world.aggregate()
    assert Watermarks(world.objects).data_through() is None
    world.aggregate()
    assert Watermarks(world.objects).data_through() == NOW
    assert world.is_right()


def test_when_nobody_moved_a_run_reads_four_objects_and_asks_for_no_rows(world: World) -> None:
    for number in range(200):
        world.live_in(AUCKLAND, tenant_id=f"t{number}")
        world.send("2026-10-05T23:30Z", tenant_id=f"t{number}")
    world.aggregate()
    world.objects.calls.clear()
    world.store.asked.clear()
    world.aggregate()
    assert world.store.asked == []
    assert world.objects.calls["get"] == 4  # how far ingest is, the catalogue, the zones, whether notes are kept
    assert world.objects.calls["put"] == world.objects.calls["replace"] == 0


def test_years_in_which_nothing_happened_are_not_searched(world: World) -> None:
    world.send("2026-10-05T10:00Z", "2021-03-05T10:00Z")
    world.aggregate()
    assert world.is_right()
    assert world.store.asked.count("days_with_events") < 20, "of more than forty steps back to the year 2000"


def test_a_new_tenant_costs_no_search_of_all_that_is_kept(world: World) -> None:
    world.aggregate()
    world.store.asked.clear()
    world.live_in(AUCKLAND)
    world.send("2026-10-05T23:30Z")
    world.aggregate()
    assert world.store.asked == ["events"]
    assert world.is_right()


@pytest.mark.parametrize("writes", range(4))
@pytest.mark.parametrize("goes_back", [True, False])
def test_a_crash_half_way_is_made_good_wherever_the_tenant_lives_then(
    world: World, *, writes: int, goes_back: bool
) -> None:
    """Going back is what must not look as if nothing had happened."""
    world.live_in(AUCKLAND)
    world.send(*(f"{year}-05-05T20:00Z" for year in range(2020, 2026)))  # so far apart that each is a batch
    world.aggregate()
    world.live_in(UTC)
    world.store.before_writes = [*[lambda: None] * writes, crash]
    with pytest.raises(CrashError):
        world.aggregate()
    world.store.before_writes.clear()
    if goes_back:
        world.live_in(AUCKLAND)
    world.aggregate()
    assert world.is_right()


@pytest.mark.parametrize("zone", [UTC, HONOLULU, APIA])
def test_a_twin_in_the_midst_of_a_move(world: World, *, zone: str) -> None:
    """It finds the same move, or another one, or that the tenant went back."""
    world.live_in(APIA)
    world.send("2026-10-05T20:00Z", "2026-10-07T11:00Z")
    world.aggregate()
    world.live_in(UTC)

    def twin() -> None:
        world.live_in(zone)
        world.send("2026-10-06T23:00Z", user_id="u2")
        world.aggregate()

    world.store.before_writes = [twin]
    world.aggregate()
    assert world.is_right()


def test_a_tenant_that_moves_while_its_days_are_counted(world: World) -> None:
    """The run has read the old zone; a twin moves the tenant; then the run writes a row that the move never saw."""
    world.live_in(AUCKLAND)
    world.send("2026-10-05T20:00Z")
    world.aggregate()

    def twin() -> None:
        world.live_in(HONOLULU)
        world.aggregate()

    world.send("2026-10-07T20:00Z", user_id="u2")
    world.store.before_writes = [twin]
    world.aggregate()
    assert world.is_right()


def test_many_runs_at_once(world: World) -> None:
    for zone in (AUCKLAND, HONOLULU, APIA, UTC):
        world.live_in(zone)
        world.send("2026-10-05T20:00Z", "2026-10-06T05:00Z", "2026-10-09T11:00Z")
        with ThreadPoolExecutor(4) as pool:
            for run in [pool.submit(world.aggregate) for _ in range(4)]:
                run.result()
        assert world.is_right()


def test_a_tenant_that_never_stands_still_is_reported(world: World) -> None:
    world.send("2026-10-05T20:00Z")
    world.aggregate()
    homes = itertools.cycle([AUCKLAND, HONOLULU])

    def twin() -> None:
        world.live_in(next(homes))
        zones = CountedZones(world.objects, generation=world.store.usage_generation())
        zones.begin_move({"acme": Tenants(world.objects).get("acme").timezone}, now=NOW)

    world.live_in(APIA)
    world.store.before_writes = [twin] * 20
    with pytest.raises(ServiceUnavailableError, match="next run"):
        world.aggregate()
    world.store.before_writes.clear()
    world.aggregate()
    assert world.is_right()


@pytest.mark.parametrize("tenant_id", ["acme", None])
def test_some_days_of_a_tenant_that_moved_become_all_of_them(world: World, *, tenant_id: str | None) -> None:
    world.live_in(AUCKLAND)
    world.send("2026-10-05T20:00Z", "2026-10-15T20:00Z")
    world.send("2026-10-05T20:00Z", tenant_id="bolt")
    world.aggregate()
    world.live_in(UTC)
    day = dt.date(2026, 10, 15)
    aggregate_days(tenant_id=tenant_id, first=day, last=day, services=world.services)
    assert world.is_right()
    assert aggregate_touched(services=world.services).rows == 0


def test_some_days_of_another_tenant_leave_a_move_to_the_next_run(world: World) -> None:
    world.live_in(AUCKLAND)
    world.send("2026-10-05T20:00Z")
    world.send("2026-10-05T20:00Z", tenant_id="bolt")
    world.aggregate()
    world.live_in(UTC)
    aggregate_days(tenant_id="bolt", services=world.services)
    assert world.figures() != world.plain_count()
    world.aggregate()
    assert world.is_right()


def test_days_that_are_counted_before_the_first_run_are_counted_again_by_it(world: World) -> None:
    world.live_in(AUCKLAND)
    world.send("2026-10-05T20:00Z", "2026-10-15T20:00Z")
    aggregate_days(tenant_id="acme", first=dt.date(2026, 10, 16), last=dt.date(2026, 10, 16), services=world.services)
    assert world.figures() == {("acme", "u1", dt.date(2026, 10, 16)): 1}
    world.live_in(UTC)
    world.aggregate()
    assert world.is_right()


@pytest.mark.parametrize("body", [None, b"", b"[]", b'{"zones": {"acme": "UTC"}}', b"null"])
def test_a_state_that_is_lost_heals(world: World, *, body: bytes | None) -> None:
    """Also for a tenant whose profile went at the same time, and for rows that stand in two zones by now."""
    world.live_in(AUCKLAND)
    world.send("2026-10-05T20:00Z", "2026-10-06T05:00Z", "2003-10-06T05:00Z")
    world.aggregate()
    world.objects.delete([STATE, tenant_profile("acme")])
    if body is not None:
        world.objects.put(STATE, body)
    world.aggregate()
    assert world.is_right()
    assert json.loads(world.objects.get(STATE).body)["zones"] == {"acme": "UTC"}


def test_a_state_that_is_lost_during_a_run_heals(world: World) -> None:
    world.live_in(AUCKLAND)
    world.send("2026-10-05T20:00Z", "2026-10-06T05:00Z")
    world.aggregate()
    world.live_in(UTC)
    world.store.before_writes = [lambda: world.objects.delete([STATE])]
    world.aggregate()
    assert world.is_right()


@pytest.mark.parametrize("body", [b"no JSON", b'{"tenant_id": "acme", "timezone": "Mars/Phobos"}', b"\xff\x00", b"[]"])
def test_a_broken_profile_is_its_own_tenants_trouble(
    world: World, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    world.live_in(AUCKLAND)
    world.live_in(HONOLULU, tenant_id="bolt")
    world.send("2026-10-05T20:00Z")
    world.send("2026-10-06T05:00Z", tenant_id="bolt")
    world.aggregate()
    world.objects.put(tenant_profile("acme"), body)
    world.aggregate()
    assert world.is_right()
    assert world.figures() == {("acme", "u1", dt.date(2026, 10, 5)): 1, ("bolt", "u1", dt.date(2026, 10, 5)): 1}
    (error,) = {record.getMessage() for record in caplog.records if record.levelname == "ERROR"}
    assert "the tenant acme is broken" in error
    world.live_in(AUCKLAND)
    world.aggregate()
    assert world.figures()["acme", "u1", dt.date(2026, 10, 6)] == 1
