"""Rows that are written and cannot be read yet are known all the same: to recounts, reports and the proof."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl
import pytest

from signtally.domain.aggregation import TenantDay
from signtally.domain.periods import Period, PeriodKind
from signtally.domain.restatements import RestatementReason
from signtally.domain.schemas import STORED_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.memory.usage_store import MemoryUsageStore
from signtally.stores.provisional import ProvisionalFigures
from signtally.stores.touched_hours import TOUCHED, TouchedHours
from signtally.use_cases.aggregating import aggregate_touched
from signtally.use_cases.aggregating.read_back import ReadBackCheck
from signtally.use_cases.aggregating.restating import restate
from signtally.use_cases.aggregating.written_rows import WrittenRows
from signtally.use_cases.figures import read_usage
from signtally.use_cases.rebuilding import rebuild
from signtally.use_cases.reconciling import reconcile
from tests.support.truth_world import EVER, FOR_EVER, NOW, World, event

DAY = dt.timedelta(days=1)
THREE_DAYS_AGO = NOW.replace(hour=23, minute=30) - 3 * DAY
DATE = THREE_DAYS_AGO.date()


class LateRows(MemoryUsageStore):
    """Shows daily usage as it was when it was frozen, until it is thawed."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: pl.DataFrame | None = None

    def freeze(self) -> None:
        with super().scan_daily_usage(first=EVER, last=FOR_EVER, tenant_ids=None) as rows:
            self._shown = rows.collect()

    def thaw(self) -> None:
        self._shown = None

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        with self.scan_daily_usage(first=first, last=last, tenant_ids=tenant_ids) as rows:
            return rows.collect()

    @contextlib.contextmanager
    def scan_daily_usage(
        self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None
    ) -> Iterator[pl.LazyFrame]:
        if self._shown is None:
            with super().scan_daily_usage(first=first, last=last, tenant_ids=tenant_ids) as rows:
                yield rows
            return
        wanted = pl.lit(value=True) if tenant_ids is None else pl.col("tenant_id").is_in(list(tenant_ids))
        yield self._shown.lazy().filter(pl.col("day").is_between(first, last), wanted)


@pytest.fixture
def store() -> LateRows:
    return LateRows()


@pytest.fixture
def world(store: LateRows) -> World:
    world = World(store)
    world.live_in("acme", "UTC")
    aggregate_touched(services=world.services)
    return world


def unread(world: World) -> int:
    return sum(len(each.rows) for each in world.services.stores.unread_rows.writes())


def sent(world: World, *, days: int = 7) -> int:
    tenant = world.services.stores.tenants.get("acme")
    return read_usage(
        tenant, Period(PeriodKind.RANGE, DATE - days * DAY, DATE + DAY), services=world.services
    ).totals.sent


def catch_up(world: World, store: LateRows) -> None:
    store.thaw()
    aggregate_touched(services=world.services)
    assert unread(world) == 0
    assert list(TouchedHours(world.services.objects).pending()) == []


def test_a_tenant_that_moves_before_its_rows_can_be_read_is_counted_once(world: World, store: LateRows) -> None:
    store.freeze()
    world.count(event("1", THREE_DAYS_AGO))
    world.live_in("acme", "Europe/Berlin")
    aggregate_touched(services=world.services)
    assert sent(world) == 1
    catch_up(world, store)
    assert [row[2] for row in world.figures()] == [DATE + DAY]
    assert reconcile(services=world.services).is_clean


def test_an_event_that_is_superseded_before_its_row_can_be_read_does_not_count(world: World, store: LateRows) -> None:
    world.count(event("1", THREE_DAYS_AGO))
    store.freeze()
    world.count(event("1", THREE_DAYS_AGO - 3 * DAY, user_id="u2", received_at=NOW))
    assert reconcile(services=world.services).superseded == 1
    catch_up(world, store)
    assert [(user_id, day) for _, user_id, day in world.figures()] == [("u1", DATE)]
    assert reconcile(services=world.services).is_clean


def test_reports_and_the_proof_know_what_was_written(world: World, store: LateRows) -> None:
    world.count(event("1", THREE_DAYS_AGO), event("2", THREE_DAYS_AGO, user_id="u2"))
    row = next(row for row in world.rows().to_dicts() if row["user_id"] == "u1")
    world.overwrite(row, sent=77)
    assert reconcile(services=world.services).held == ("acme",)
    store.freeze()
    rebuild(services=world.services)
    assert sent(world) == 2
    found = reconcile(services=world.services)
    assert (found.is_clean, found.pending) == (True, 1)
    catch_up(world, store)
    found = reconcile(services=world.services)
    assert (found.is_clean, found.pending, sent(world)) == (True, 0, 2)


def test_rows_of_a_table_that_was_lost_are_forgotten(world: World, store: LateRows) -> None:
    store.freeze()
    world.count(event("1", THREE_DAYS_AGO))
    assert unread(world) == 1
    world.lose_rows()
    aggregate_touched(services=world.services)
    assert (unread(world), sent(world)) == (0, 1)


def test_a_mark_of_a_note_that_was_lost_is_taken_back(world: World) -> None:
    objects = world.services.objects
    TouchedHours(objects).append([event("1", THREE_DAYS_AGO).event])  # it never becomes readable
    aggregate_touched(services=world.services)
    assert ProvisionalFigures(objects).spans("acme")
    objects.delete(each.key for each in objects.list_objects("state/touched/"))
    aggregate_touched(services=world.services)
    assert ProvisionalFigures(objects).spans("acme") == []


def test_days_of_a_tenant_that_is_due_to_move_are_provisional(world: World) -> None:
    world.count(event("1", THREE_DAYS_AGO))
    period = Period(PeriodKind.RANGE, DATE - DAY, DATE + DAY)
    for zone, is_provisional in (("UTC", False), ("Europe/Berlin", True)):
        world.live_in("acme", zone)
        tenant = world.services.stores.tenants.get("acme")
        found = read_usage(tenant, period, services=world.services).provisional_days
        assert found == (tuple(period.days()) if is_provisional else ())
    aggregate_touched(services=world.services)
    assert read_usage(tenant, period, services=world.services).provisional_days == ()


def test_so_is_a_today_that_the_move_takes_events_from(world: World) -> None:
    world.count(event("1", NOW.replace(hour=3)))
    world.now = NOW.replace(hour=23)
    tenant = TenantProfile(tenant_id="acme", timezone="America/Los_Angeles")
    world.services.stores.tenants.put(tenant)
    month = Period(PeriodKind.MONTH, NOW.date().replace(day=1), NOW.date().replace(day=30))
    assert read_usage(tenant, month, services=world.services).provisional_days
    aggregate_touched(services=world.services)
    found = read_usage(tenant, month, services=world.services)
    assert (found.provisional_days, found.totals.sent, found.days[1].counts.sent) == ((), 1, 1)


def test_a_long_run_forgets_on_its_way_what_can_be_read(world: World, store: LateRows) -> None:
    days = [TenantDay("acme", DATE, "UTC")]
    for is_much in (False, True):
        store.put_events([event(str(is_much), THREE_DAYS_AGO)])
        written = WrittenRows(store, world.services.objects, large_rows=0 if is_much else 1_000)
        read_back = ReadBackCheck(TOUCHED.to_frame(), written=written)
        restate(days, reason=RestatementReason.RECOUNT, services=world.services, read_back=read_back)
        assert unread(world) == (0 if is_much else 1)
        assert written.unread_days().is_empty()


def test_only_writes_of_the_days_that_are_asked_for_are_read(world: World) -> None:
    world.count(event("1", THREE_DAYS_AGO), event("2", THREE_DAYS_AGO - 90 * DAY))
    rows = world.rows().match_to_schema(STORED_USAGE)
    kept = world.services.stores.unread_rows
    writes = [kept.add(some, generation=f"g{number}") for number, some in enumerate(rows.iter_slices(1))]
    recently = Period(PeriodKind.RANGE, DATE - DAY, DATE)
    assert [each.rows["day"].item() for each in kept.writes(within=recently)] == [DATE]
    assert [each.key for each in kept.writes(generation="g0")] == [writes[0].key]
    assert list(kept.writes(generation="g0", known=[writes[0].key])) == []
    kept.forget(writes)
    assert unread(world) == 0
