"""Tenants that move to another zone: whatever happens in between, each event counts on one day of the last zone."""

import contextlib
import datetime as dt
import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.tenants import Schedule, TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.objects import StoredObject
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.counted_zones import CountedZone, CountedZones
from signtally.stores.keys import tenant_profile
from signtally.stores.tenants import Tenants
from signtally.stores.touched_hours import TouchedHours
from signtally.stores.watermarks import Watermarks
from signtally.use_cases.aggregating import aggregate_days, aggregate_touched
from tests.support.crashes import CrashError
from tests.support.examples import examples

NOW = dt.datetime(2026, 10, 20, 9, tzinfo=dt.UTC)
AUCKLAND, UTC, APIA, HONOLULU = "Pacific/Auckland", "UTC", "Pacific/Apia", "Pacific/Honolulu"
TENANTS = ("acme", "bolt")
STATE = "state/counted-zones.json"
Figures = dict[tuple[str, str, dt.date], int]


class TrackedStore(MemoryUsageStore):
    """Does something of its own before a write, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.before_writes: list[Callable[[], object]] = []
        self.asked: list[str] = []

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        self.asked.append("events")
        return super().events(since=since, until=until, tenant_ids=tenant_ids)

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        self.asked.append("days_with_events")
        return super().days_with_events(since=since, until=until, tenant_ids=tenant_ids)

    def put_daily_usage(
        self, rows: pl.DataFrame, *, version: int, counted_at: dt.datetime | None = None
    ) -> pl.DataFrame:
        if self.before_writes:
            self.before_writes.pop(0)()
        return super().put_daily_usage(rows, version=version, counted_at=counted_at)


class TrackedObjects(MemoryObjectStore):
    """Keeps which objects were read and written."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def get(self, key: str) -> StoredObject:
        self.calls["get"] += 1
        return super().get(key)

    def put(self, key: str, body: bytes, *, content_type: str = "application/json") -> str:
        self.calls["put"] += 1
        return super().put(key, body, content_type=content_type)

    def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
        self.calls["replace"] += 1
        return super().put_if_match(key, body, etag=etag, content_type=content_type)


class World:
    """A portal, a bucket and a store, in which everything that was sent is known."""

    def __init__(self) -> None:
        self.store = TrackedStore()
        self.objects = TrackedObjects()
        self.sent: list[ReceivedEvent] = []
        self.services = Services(
            settings=Settings(),
            queue=MemoryEventQueue(),
            dead_letters=MemoryEventQueue(),
            usage_store=self.store,
            objects=self.objects,
            mailer=MemoryMailer(),
            report_queue=MemoryReportQueue(),
            clock=lambda: NOW,
        )

    def live_in(self, zone: str, *, tenant_id: str = "acme") -> None:
        Tenants(self.objects).put(TenantProfile(tenant_id=tenant_id, timezone=zone))

    def send(self, *instants: str | dt.datetime, tenant_id: str = "acme", user_id: str = "u1") -> None:
        """What the portal and ingest do: the event is stored, and its hour is noted."""
        for instant in instants:
            when = dt.datetime.fromisoformat(instant) if isinstance(instant, str) else instant
            number = str(len(self.sent))
            event = UsageEvent("/portal", number, Action.SENT, tenant_id, user_id, "doc", when)
            self.sent.append(ReceivedEvent(event, NOW, f"m{number}"))
            self.store.put_events(self.sent[-1:])
            TouchedHours(self.objects).append([event])

    def aggregate(self) -> None:
        aggregate_touched(services=self.services)

    def figures(self) -> Figures:
        """What the rows say that say anything."""
        rows = self.store.daily_usage(first=dt.date(2000, 1, 1), last=dt.date(2027, 1, 1), tenant_ids=TENANTS)
        assert all(rows[measure].sum() == 0 for measure in MEASURES if measure != "sent")
        return {
            (row["tenant_id"], row["user_id"], row["day"]): row["sent"]
            for row in rows.iter_rows(named=True)
            if row["sent"]
        }

    def plain_count(self) -> Figures:
        profiles = Tenants(self.objects)
        return Counter(
            (
                sent.event.tenant_id,
                sent.event.user_id,
                sent.event.occurred_at.astimezone(profiles.get(sent.event.tenant_id).zone).date(),
            )
            for sent in self.sent
        )

    def is_right(self) -> bool:
        entries = CountedZones(self.objects, generation=self.store.usage_generation()).read() or {}
        zones = Tenants(self.objects).zones()
        assert entries == {tenant_id: CountedZone(zones.get(tenant_id, UTC)) for tenant_id in entries}
        return self.figures() == self.plain_count()


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


def test_a_new_tenant_costs_no_search_of_all_that_is_kept(world: World) -> None:
    world.aggregate()
    world.store.asked.clear()
    world.live_in(AUCKLAND)
    world.send("2026-10-05T23:30Z")
    world.aggregate()
    assert world.store.asked == ["events"]
    assert world.is_right()


# Crashes and company


def crash() -> None:
    raise CrashError


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
        zones.begin_move({"acme": Tenants(world.objects).get("acme").timezone})

    world.live_in(APIA)
    world.store.before_writes = [twin] * 20
    with pytest.raises(ServiceUnavailableError, match="next run"):
        world.aggregate()
    world.store.before_writes.clear()
    world.aggregate()
    assert world.is_right()


# What an operator counts


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


# A lost state


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


# Broken profiles


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


# The law

ZONES = (AUCKLAND, UTC, APIA, HONOLULU, "Asia/Kathmandu", "America/Goose_Bay", "nowhere", "broken")


def change_zone(world: World, tenant_id: str, zone: str) -> None:
    key = tenant_profile(tenant_id)
    if zone == "nowhere":
        world.objects.delete([key])
    elif zone == "broken":
        world.objects.put(key, b'{"tenant_id": "%b", "timezone": "Pacific/Auckland", "colour": 1}' % tenant_id.encode())
    else:
        schedules = (Schedule(name="monthly", every="month"),)
        Tenants(world.objects).put(TenantProfile(tenant_id=tenant_id, timezone=zone, schedules=schedules))


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, ...]:
    tenant_id = draw(st.sampled_from(TENANTS))
    match draw(st.sampled_from(["send", "send", "move", "aggregate", "aggregate", "crash", "count", "lose"])):
        case "send":
            minutes = draw(st.integers(0, 9 * 24 * 60))
            instant = dt.datetime(2026, 10, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
            return ("send", tenant_id, instant.isoformat(), draw(st.sampled_from(["u1", "u2"])))
        case "move":
            return ("move", tenant_id, draw(st.sampled_from(ZONES)))
        case "count":
            return ("count", draw(st.sampled_from([*TENANTS, ""])), f"2026-10-{draw(st.integers(1, 11)):02}")
        case "crash":
            return ("crash", str(draw(st.integers(0, 1))))
        case other:
            return (other,)


@settings(max_examples=examples(30, soak=600))
@given(st.lists(steps(), max_size=25))
def test_whatever_happens_in_whatever_order_the_last_zone_counts(history: list[tuple[str, ...]]) -> None:
    world = World()
    for step in history:
        match step:
            case ("send", tenant_id, instant, user_id):
                world.send(instant, tenant_id=tenant_id, user_id=user_id)
            case ("move", tenant_id, zone):
                change_zone(world, tenant_id, zone)
            case ("count", tenant_id, day):
                first = dt.date.fromisoformat(day)
                aggregate_days(tenant_id=tenant_id or None, first=first, last=first, services=world.services)
            case ("crash", writes):
                world.store.before_writes = [*[lambda: None] * int(writes), crash]
                with contextlib.suppress(CrashError):
                    world.aggregate()
                world.store.before_writes.clear()
            case ("lose",):
                world.objects.delete([STATE])
            case _:
                world.aggregate()
                assert world.is_right()
    world.aggregate()
    assert world.is_right()
    assert aggregate_touched(services=world.services).rows == 0


def test_the_law_can_fail() -> None:
    """The plain count tells zones apart, so a run that had not moved the tenant would be found out."""
    world = World()
    world.send("2026-10-05T23:30Z")
    world.aggregate()
    world.live_in(AUCKLAND)
    assert world.figures() != world.plain_count()
    assert ZoneInfo(AUCKLAND) == Tenants(world.objects).get("acme").zone
