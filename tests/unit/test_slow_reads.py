"""What was written may become readable later: until then days stay touched, and say that they are provisional."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl
import pytest

from signtally.domain.actions import Action, Counts
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.restatements import RestatementReason, since_reported
from signtally.domain.shards import Shard
from signtally.domain.tenants import TenantProfile
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.objects import ObjectSummary
from signtally.stores.keys import TENANTS
from signtally.stores.tenants import Tenants
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases.aggregating import aggregate_days, aggregate_touched
from tests.support.fakes import fake_services

START = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


class SlowStore(MemoryUsageStore):
    """Keeps what is written, and shows it once it is *caught up*."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: set[str] = set()

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        found = super().events(since=since, until=until, tenant_ids=tenant_ids)
        return found.filter(~pl.col("event_id").is_in(list(self.hidden)))


class World:
    def __init__(self) -> None:
        self.now = START
        self.store = SlowStore()
        self.services = fake_services(usage_store=self.store, clock=lambda: self.now)
        self._numbers = iter(range(10**6))

    def ingest(self, *instants: dt.datetime, tenant_id: str = "acme", is_hidden: bool = False) -> None:
        events = [
            UsageEvent("/p", str(next(self._numbers)), Action.SENT, tenant_id, "u", "d", instant)
            for instant in instants
        ]
        self.store.put_events([ReceivedEvent(each, self.now, f"m{each.id}") for each in events])
        self.services.stores.touched_hours.append(events)
        if is_hidden:
            self.store.hidden |= {each.event_id for each in events}

    def sent(self, *, tenant_id: str = "acme") -> dict[dt.date, int]:
        rows = self.store.daily_usage(first=dt.date(2026, 9, 1), last=self.now.date(), tenant_ids=[tenant_id])
        return {row["day"]: row["sent"] for row in rows.iter_rows(named=True)}

    def is_provisional(self, tenant_id: str = "acme") -> bool:
        return bool(self.services.stores.provisional.spans(tenant_id))

    def records(self) -> pl.DataFrame:
        return self.store.restatements(first=dt.date(2026, 9, 1), last=self.now.date(), tenant_ids=["acme"])


@pytest.fixture
def world() -> World:
    return World()


def test_a_day_stays_touched_until_what_was_written_is_read(world: World) -> None:
    world.ingest(START - HOUR)
    world.ingest(START - HOUR, is_hidden=True)
    outcome = aggregate_touched(services=world.services)
    assert (outcome.unreadable, world.sent()) == (1, {START.date(): 1})
    assert world.is_provisional()
    world.store.hidden.clear()
    outcome = aggregate_touched(services=world.services)
    assert (outcome.unreadable, world.sent()) == (0, {START.date(): 2})
    assert not world.is_provisional()
    assert list(TouchedHours(world.services.objects).pending()) == []


def test_a_run_of_every_minute_does_not_try_each_time(world: World) -> None:
    world.ingest(START - 40 * DAY, is_hidden=True)
    world.now += HOUR
    assert aggregate_touched(services=world.services, due_only=True).unreadable == 1
    world.store.hidden.clear()
    world.now += dt.timedelta(minutes=1)
    assert aggregate_touched(services=world.services, due_only=True).notes == 0
    assert world.is_provisional()
    world.now += HOUR / 2
    assert aggregate_touched(services=world.services, due_only=True).rows == 1
    assert not world.is_provisional()


def test_what_is_unreadable_for_one_tenant_leaves_the_others_final(world: World) -> None:
    world.ingest(START, is_hidden=True)
    world.ingest(START, tenant_id="bolt")
    aggregate_touched(services=world.services)
    assert world.is_provisional()
    assert not world.is_provisional("bolt")
    aggregate_touched(services=world.services)
    assert world.is_provisional()


def test_what_is_settled_is_published_although_some_of_it_is_provisional(world: World) -> None:
    world.ingest(START, is_hidden=True)
    world.services.stores.watermarks.publish_settled_through(START)
    assert aggregate_touched(services=world.services).data_through == START


def test_shards_share_the_work_and_none_of_them_publishes(world: World) -> None:
    tenants = [f"t{number}" for number in range(40)]
    for tenant_id in tenants:
        world.ingest(START, tenant_id=tenant_id)
    world.services.stores.watermarks.publish_settled_through(START)
    outcomes = [aggregate_touched(services=world.services, shard=Shard(index, 4)) for index in range(4)]
    assert sum(outcome.rows for outcome in outcomes) == 40
    assert min(outcome.rows for outcome in outcomes) > 0
    assert all(world.sent(tenant_id=tenant_id) == {START.date(): 1} for tenant_id in tenants)
    assert list(TouchedHours(world.services.objects).pending()) == []
    assert world.services.stores.watermarks.data_through() is None


def test_a_closed_day_that_changes_is_recorded_with_before_after_when_and_why(world: World) -> None:
    yesterday = START - DAY
    world.now = yesterday
    world.ingest(yesterday)
    aggregate_touched(services=world.services)
    world.ingest(yesterday)
    aggregate_touched(services=world.services)
    assert world.records().is_empty()  # the day was not over
    world.now = START
    world.ingest(yesterday)
    aggregate_touched(services=world.services)
    (record,) = world.records().iter_rows(named=True)
    assert (record["day"], record["before_sent"], record["after_sent"]) == (yesterday.date(), 2, 3)
    assert (record["restated_at"], record["reason"]) == (START, "late-events")
    aggregate_days(tenant_id="acme", services=world.services)
    assert len(world.records()) == 1  # nothing changed


def test_a_recount_by_hand_says_so(world: World) -> None:
    world.ingest(START - DAY, is_hidden=True)
    aggregate_touched(services=world.services)
    world.store.hidden.clear()
    aggregate_days(tenant_id="acme", services=world.services)
    assert world.records()["reason"].to_list() == [RestatementReason.RECOUNT]


def test_what_changed_since_a_report_is_told_from_first_to_last(world: World) -> None:
    day = (START - 2 * DAY).date()
    for _ in range(3):
        world.ingest(START - 2 * DAY)
        aggregate_touched(services=world.services)
        world.now += HOUR
    first, second, third = sorted(world.records()["restated_at"])
    assert since_reported(world.records(), {}) == ()
    (restated,) = since_reported(world.records(), {day: first})
    assert (restated.before, restated.after) == (Counts(sent=1), Counts(sent=3))
    assert (restated.restated_at, restated.reasons) == (third, ("late-events",))
    (restated,) = since_reported(world.records(), {day: second})
    assert (restated.before, restated.after) == (Counts(sent=2), Counts(sent=3))
    assert since_reported(world.records(), {day: third}) == ()


def test_a_superseded_event_does_not_count(world: World) -> None:
    world.ingest(START, START)
    aggregate_touched(services=world.services)
    loser = world.store.events(since=START - DAY, until=START + DAY, tenant_ids=["acme"]).head(1)
    world.store.put_superseded(loser.select("tenant_id", "user_id", "action", "event_id", "occurred_at"))
    aggregate_days(tenant_id="acme", services=world.services)
    assert world.sent() == {START.date(): 1}


class ListingObjects(MemoryObjectStore):
    """Counts the listings of profiles: one page a thousand of them."""

    def __init__(self) -> None:
        super().__init__()
        self.listings = 0

    def list_objects(self, prefix: str, *, after: str | None = None) -> Iterator[ObjectSummary]:
        self.listings += prefix.startswith(TENANTS)
        return super().list_objects(prefix, after=after)


def test_a_run_of_every_minute_looks_at_the_zones_of_whom_it_counts(world: World) -> None:
    objects = ListingObjects()
    world.services = dataclasses.replace(world.services, objects=objects)
    evening = START - DAY + dt.timedelta(hours=11)  # the day after in Auckland
    for tenant_id in ("acme", "bolt"):
        world.ingest(evening, tenant_id=tenant_id)
    aggregate_touched(services=world.services, due_only=True)
    objects.listings = 0
    for tenant_id in ("acme", "bolt"):
        Tenants(objects).put(TenantProfile(tenant_id=tenant_id, timezone="Pacific/Auckland"))
    world.ingest(evening)
    aggregate_touched(services=world.services, due_only=True)
    moved, stayed = {evening.date(): 0, START.date(): 2}, {evening.date(): 1}
    assert (world.sent(), world.sent(tenant_id="bolt"), objects.listings) == (moved, stayed, 0)
    world.now += dt.timedelta(minutes=5)
    aggregate_touched(services=world.services, due_only=True)
    assert world.sent(tenant_id="bolt") == {evening.date(): 0, START.date(): 1}


def test_there_is_no_fifth_shard_of_four() -> None:
    with pytest.raises(ValueError, match="counted from 0"):
        Shard(4, 4)
