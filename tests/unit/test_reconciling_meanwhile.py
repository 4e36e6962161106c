"""Reconciliation beside other work: what is pending, on hold, left out, or changed while it looks."""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import polars as pl
import pytest

from signtally.domain.periods import PeriodError
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.usage_store import ALL_COLUMNS
from signtally.use_cases.aggregating import aggregate_days
from signtally.use_cases.rebuilding import rebuild
from signtally.use_cases.reconciling import reconcile
from tests.support.reconciliations import DAY, HOUR, OCTOBER_30, compared, on, run
from tests.support.truth_world import NOW, World, event


@pytest.fixture
def world() -> World:
    return World()


def test_days_of_which_retention_may_have_taken_events_are_left_out(world: World) -> None:
    world.write("coda", (NOW - 8 * DAY).date(), signed=3)
    short = world.services.settings.model_copy(update={"memory_retention_hours": 24, "magnetic_retention_days": 7})
    services = dataclasses.replace(world.services, settings=short)
    assert reconcile(services=services).is_clean
    assert not reconcile(first=(NOW - 8 * DAY).date(), services=services).is_clean, "unless somebody asks for them"


class InterruptingStore(MemoryUsageStore):
    """Somebody ingests and counts between a look's reading of rows and of events."""

    interruption: Callable[[], None] | None = None

    @contextlib.contextmanager
    def scan_events(
        self,
        *,
        since: dt.datetime,
        until: dt.datetime,
        tenant_ids: Sequence[str] | None,
        columns: Sequence[str] = ALL_COLUMNS,
    ) -> Iterator[pl.LazyFrame]:
        interruption, self.interruption = self.interruption, None
        if interruption is not None:
            interruption()
        with super().scan_events(since=since, until=until, tenant_ids=tenant_ids, columns=columns) as events:
            yield events


def test_what_others_count_meanwhile_is_no_mismatch() -> None:
    store = InterruptingStore()
    world = World(store)
    world.count(event("1", on(OCTOBER_30)))
    store.interruption = lambda: world.count(event("2", on(OCTOBER_30)))
    found = compared(world, first=OCTOBER_30)
    assert found.mismatches.is_empty()
    assert world.figures()["acme", "u1", OCTOBER_30]["sent"] == 2


def test_days_with_notes_that_are_not_counted_are_pending(world: World) -> None:
    world.count(event("1", on(OCTOBER_30)))
    world.ingest(event("2", on(OCTOBER_30)))
    found = compared(world)
    assert found.mismatches.is_empty()
    assert found.pending.rows() == [("acme", OCTOBER_30)]


def test_what_may_not_be_noted_yet_is_pending(world: World) -> None:
    world.store.put_events([event("1", on(OCTOBER_30), received_at=NOW + HOUR)])
    assert (run(world).is_clean, run(world).pending) == (True, 1)
    world.services.stores.watermarks.publish_settled_through(NOW + 2 * HOUR)
    assert run(world).mismatched == 1


def test_a_tenant_that_moves_is_pending(world: World) -> None:
    world.count(event("1", dt.datetime(2026, 10, 30, 23, 30, tzinfo=dt.UTC)))
    world.overwrite(world.rows().to_dicts()[0], sent=5)
    assert len(compared(world).mismatches) == 1
    world.live_in("acme", "America/New_York")
    assert (len(compared(world).mismatches), len(compared(world).pending)) == (0, 1)


def test_days_that_are_not_over_are_left_out(world: World) -> None:
    world.count(event("1", NOW - HOUR))
    world.overwrite(world.rows().to_dicts()[0], sent=5)
    assert (run(world).is_clean, run(world).tenant_days) == (True, 0)
    world.now += DAY
    assert run(world).mismatched == 1


def test_one_tenant_or_some_days_can_be_looked_at_alone(world: World) -> None:
    world.count(event("1", on(OCTOBER_30)), event("2", on(OCTOBER_30), tenant_id="bolt"))
    for row in world.rows().to_dicts():
        world.overwrite(row, sent=5)
    assert [each.tenant_id for each in run(world, tenant_id="bolt").mismatches] == ["bolt"]
    assert run(world, first=OCTOBER_30 + DAY).is_clean
    assert run(world, last=OCTOBER_30 - DAY).is_clean
    assert run(world, first=OCTOBER_30, last=OCTOBER_30).mismatched == 2
    with pytest.raises(PeriodError, match="swap from and to"):
        run(world, first=OCTOBER_30, last=OCTOBER_30 - DAY)


def test_a_hold_ends_when_its_days_are_seen_to_match(world: World) -> None:
    world.count(event("1", on(OCTOBER_30)))
    world.overwrite(world.rows().to_dicts()[0], sent=5)
    run(world)
    hold = world.services.stores.holds.get("acme")
    assert hold is not None
    assert (hold.first, hold.last, hold.differences) == (OCTOBER_30, OCTOBER_30, 1)
    assert hold.sample == ("acme · 2026-10-30 · sent: events 1, aggregates 5",)
    assert rebuild(last=OCTOBER_30 - DAY, services=world.services).lifted == ()
    aggregate_days(first=OCTOBER_30, last=OCTOBER_30, services=world.services)
    assert run(world, first=OCTOBER_30 + DAY).lifted == ()
    assert run(world).lifted == ("acme",)
    assert [*world.services.stores.holds.all()] == []


def test_a_hold_that_cannot_be_read_still_holds_its_tenant_and_no_other(world: World) -> None:
    holds = world.services.stores.holds
    world.count(event("1", on(OCTOBER_30)), event("2", on(OCTOBER_30), tenant_id="bolt"))
    for row in world.rows().to_dicts():
        world.overwrite(row, sent=5)
    run(world)
    world.services.objects.put("state/holds/acme.json", b"{")
    assert rebuild(first=OCTOBER_30, last=OCTOBER_30, services=world.services).lifted == ("bolt",)
    assert run(world).lifted == ()
    assert holds.held(["acme", "bolt"]) == {"acme"}
    world.overwrite(next(row for row in world.rows().to_dicts() if row["tenant_id"] == "acme"), sent=5)
    assert run(world).held == ("acme",)  # which days differed before is still not known
    assert rebuild(first=OCTOBER_30, last=OCTOBER_30, services=world.services).lifted == ()
    assert rebuild(services=world.services).lifted == ("acme",)
