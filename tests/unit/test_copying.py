"""A copied store says what the first one says, whatever broke off, came in between or was forgotten meanwhile."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import cast

import polars as pl
import pytest

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent
from signtally.erased_names import ErasedNames
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import AccessRefusedError
from signtally.ports.usage_store import UsageStore, WriteOutcome
from signtally.services import Services
from signtally.use_cases.aggregating import aggregate_touched
from signtally.use_cases.copying import CopyOutcome, copy_store, months
from signtally.use_cases.reconciling import reconcile
from tests.support.truth_world import EVER, FOR_EVER, NOW, ZONES, World, event

SINCE, UNTIL = NOW - dt.timedelta(days=9_000), NOW + dt.timedelta(days=1)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


class DyingStore(MemoryUsageStore):
    """Takes two requests and no more."""

    left = 2

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        if not self.left:
            raise AccessRefusedError("killed")
        self.left -= 1
        return super().put_events(events)


@pytest.fixture
def world() -> World:
    """Months around the new year and a zone's midnight, a late event that restated its day, and one id sent twice."""
    world = World()
    instants = [NOW - number * 13 * HOUR for number in range(20, 220)]
    events = [event(f"e{n}", at, tenant_id=[*ZONES][n % 3], user_id=f"u{n % 7}") for n, at in enumerate(instants)]
    world.count(*events)
    world.count(event("late", NOW - 40 * DAY))
    world.count(event("twice", NOW - 12 * DAY), event("twice", NOW - 11 * DAY, received_at=NOW - 2 * HOUR))
    reconcile(services=world.services)
    return world


def over(world: World, store: MemoryUsageStore) -> Services:
    masked = cast("UsageStore", ErasedNames(cast("UsageStore", store), world.services.stores.erasures, seconds=0))
    return dataclasses.replace(world.services, usage_store=masked)


def copy(world: World, store: MemoryUsageStore, *, tenant_id: str | None = None) -> CopyOutcome:
    return copy_store(over(world, world.store), over(world, store), tenant_id=tenant_id)


def contents(store: MemoryUsageStore, *tenant_ids: str) -> list[pl.DataFrame]:
    wanted = tenant_ids or tuple(ZONES)
    found = [
        store.events(since=SINCE, until=UNTIL, tenant_ids=wanted),
        store.daily_usage(first=EVER, last=FOR_EVER, tenant_ids=wanted),
        store.restatements(first=EVER, last=FOR_EVER, tenant_ids=wanted),
        store.superseded(since=SINCE, until=UNTIL, tenant_ids=wanted),
    ]
    return [each.sort(pl.all()) for each in found]


def test_everything_is_there_but_what_does_not_count(world: World) -> None:
    target = MemoryUsageStore()
    outcome = copy(world, target)
    events, *figures = contents(target)
    events_there, *figures_there = contents(world.store)
    superseded = figures_there[-1]
    assert len(superseded) == 1
    assert events.equals(events_there.join(superseded, on=superseded.columns, how="anti").sort(pl.all()))
    for found, expected in zip(figures, figures_there, strict=True):
        assert found.equals(expected)
    assert outcome.is_level
    assert outcome.source == outcome.target
    assert outcome.copied.written == outcome.copied.events == len(events)
    assert outcome.copied.restatements == len(figures_there[1]) > 0


def test_again_nothing_is_written(world: World) -> None:
    target = MemoryUsageStore()
    copy(world, target)
    copied = copy(world, target).copied
    assert (copied.written, copied.rows, copied.restatements) == (0, 0, 0)


def test_one_tenant_alone(world: World) -> None:
    target = MemoryUsageStore()
    assert copy(world, target, tenant_id="bolt").is_level
    assert len(contents(target, "bolt")[0]) == 67
    assert all(each.is_empty() for each in contents(target, "acme", "coda"))


def test_broken_off_the_same_call_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    target = DyingStore()
    with pytest.raises(AccessRefusedError):
        copy(world, target)
    assert 0 < len(contents(target)[0]) < len(contents(world.store)[0])
    monkeypatch.setattr(target, "left", 1_000)
    assert copy(world, target).is_level
    assert [len(each) for each in contents(target)[1:]] == [len(each) for each in contents(world.store)[1:]]


def test_what_came_since_is_brought_by_the_next_copy(world: World) -> None:
    target = MemoryUsageStore()
    copy(world, target)
    world.count(event("new", NOW - 30 * HOUR), event("very late", NOW - 90 * DAY))
    outcome = copy(world, target)
    assert outcome.is_level
    assert outcome.copied.written == 2
    assert contents(target)[1].equals(contents(world.store)[1])


def test_a_copy_leaves_the_first_store_and_the_bucket_alone(world: World) -> None:
    world.ingest(event("touched", NOW - 60 * HOUR))
    objects = world.services.objects
    before = {each.key: each.etag for each in objects.list_objects("")}, contents(world.store)
    outcome = copy(world, MemoryUsageStore())
    assert {each.key: each.etag for each in objects.list_objects("")} == before[0]
    assert all(found.equals(kept) for found, kept in zip(contents(world.store), before[1], strict=True))
    assert outcome.is_level
    assert (outcome.source.pending, outcome.target.pending) == (1, 1)  # type: ignore[union-attr] # it was to prove
    assert aggregate_touched(services=world.services).tenant_days == 1


def test_figures_that_nobody_counted_are_found_on_both_sides(world: World) -> None:
    world.overwrite(world.rows().row(0, named=True), sent=99)
    outcome = copy(world, MemoryUsageStore())
    assert not outcome.is_level
    assert outcome.source == outcome.target
    assert len(outcome.target.mismatches) == 1  # type: ignore[union-attr] # it was to prove


def test_names_of_who_was_erased_between_two_copies_go(world: World) -> None:
    named = event("named", NOW - 50 * HOUR, user_id="ann", action=Action.VIEWED)
    world.count(dataclasses.replace(named, event=dataclasses.replace(named.event, user_name="Ann Ash")))
    target = MemoryUsageStore()
    copy(world, target)
    assert len(target.events_with_names("acme", "ann")) == len(target.usage_with_names("acme", "ann")) == 1
    world.services.stores.erasures.add("acme", "ann")
    outcome = copy(world, target)
    assert outcome.names_forgotten == 2
    assert target.events_with_names("acme", None).is_empty()
    assert target.usage_with_names("acme", None).is_empty()
    assert outcome.is_level


def test_parts_of_any_size_make_the_same_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(months, "_PART", 10)
    target = MemoryUsageStore()
    assert copy(world, target).is_level
    assert contents(target)[1].equals(contents(world.store)[1])
