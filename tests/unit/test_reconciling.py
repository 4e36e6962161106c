"""Reconciliation finds exactly what is wrong, and nothing where nothing is."""

import collections
import datetime as dt
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent
from signtally.domain.local_dates import LocalDates
from signtally.domain.periods import Period, PeriodKind, spans_of_day
from signtally.domain.reconciliation import Difference
from signtally.domain.restatements import RestatementReason
from signtally.memory.usage_store import MemoryUsageStore
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases.aggregating import aggregate_days, aggregate_touched
from signtally.use_cases.rebuilding import DayChange, preview, rebuild
from signtally.use_cases.reconciling import day_comparison
from tests.support.examples import examples
from tests.support.reconciliations import DAY, HOUR, OCTOBER_30, compared, on, run
from tests.support.truth_world import NOW, ZONES, Figures, World, event

BEGIN = dt.datetime(2026, 10, 24, 18, tzinfo=dt.UTC)  # before Berlin's and St John's summer time ends


@pytest.fixture
def world() -> World:
    return World()


def reference_count(events: Iterable[ReceivedEvent]) -> Figures:
    """Every id once, as it was received first, on whatever day and of whatever tenant."""
    ordered = sorted(events, key=lambda each: (each.received_at, each.message_id), reverse=True)
    counts: dict[tuple[str, str, dt.date], collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for happened in {each.event.event_id: each.event for each in ordered}.values():
        day = happened.occurred_at.astimezone(ZoneInfo(ZONES[happened.tenant_id])).date()
        counts[happened.tenant_id, happened.user_id, day][happened.action] += 1
    return {row: {measure: count[measure] for measure in MEASURES} for row, count in counts.items()}


@st.composite
def traffic(draw: st.DrawFn, *, repeating: bool = True) -> list[ReceivedEvent]:
    """Events of distinct identity, some of which share an id."""
    return [
        event(
            str(draw(st.integers(0, 30)) if repeating else number),
            BEGIN + dt.timedelta(minutes=draw(st.integers(0, 8 * 24 * 60))),
            tenant_id=draw(st.sampled_from(sorted(ZONES))),
            user_id=draw(st.sampled_from(["u1", "u2"])),
            action=draw(st.sampled_from(Action)),
            received_at=NOW - dt.timedelta(seconds=number + 1),
        )
        for number in range(draw(st.integers(0, 40)))
    ]


@settings(max_examples=examples(10, soak=250))
@given(data=st.data())
def test_a_clean_world_never_mismatches_and_ends_with_every_id_once(data: st.DataObject) -> None:
    world, events = World(), data.draw(traffic())
    left = data.draw(st.permutations(events))
    while left:
        some, left = left[: (size := data.draw(st.integers(1, 12)))], left[size:]
        world.ingest(*some)
        match data.draw(st.sampled_from(["wait", "aggregate", "recount", "reconcile"])):
            case "aggregate":
                aggregate_touched(services=world.services)
            case "recount":
                aggregate_days(services=world.services)
            case "reconcile":
                assert run(world).is_clean
    assert run(world).is_clean
    assert world.figures() == reference_count(events)
    again = run(world)
    assert (again.is_clean, again.pending, again.superseded) == (True, 0, 0)


@settings(max_examples=examples(10, soak=250))
@given(data=st.data())
def test_whatever_row_is_spoilt_is_found_alone_and_mended(data: st.DataObject) -> None:
    world, events = World(), data.draw(traffic(repeating=False).filter(bool))
    world.count(*events)
    right = world.figures()
    row = data.draw(st.sampled_from(world.rows().to_dicts()))
    measure = data.draw(st.sampled_from(MEASURES))
    wrong = data.draw(st.integers(0, 9).filter(lambda value: value != row[measure]))
    about = row["tenant_id"], row["day"]
    before = sum(counts[measure] for (tenant_id, _, day), counts in right.items() if (tenant_id, day) == about)
    world.overwrite(row, **{measure: wrong})
    found = run(world)
    after = before + wrong - row[measure]
    assert found.mismatches == (Difference(*about, measure, before, after),)
    assert (found.mismatched, found.pending, found.held) == (1, 0, (row["tenant_id"],))
    assert rebuild(tenant_id=row["tenant_id"], services=world.services).lifted == (row["tenant_id"],)
    assert world.figures() == right
    assert run(world).is_clean


@settings(max_examples=examples(10, soak=250))
@given(data=st.data())
def test_an_event_behind_ingests_back_is_found_alone_and_mended(data: st.DataObject) -> None:
    world, events = World(), data.draw(traffic(repeating=False).filter(bool))
    smuggled, *honest = data.draw(st.permutations(events))
    world.count(*honest)
    world.store.put_events([smuggled])
    home = smuggled.event.tenant_id
    day = smuggled.event.occurred_at.astimezone(ZoneInfo(ZONES[home])).date()
    found = run(world)
    (mismatch,) = found.mismatches
    assert (mismatch.tenant_id, mismatch.day, mismatch.action) == (home, day, smuggled.event.action)
    assert mismatch.events == mismatch.aggregates + 1
    rebuild(first=day, last=day, services=world.services)
    assert world.figures() == reference_count(events)
    assert run(world).held == ()


def test_figures_that_stand_with_the_wrong_users_are_found_with_them_and_mended(world: World) -> None:
    world.count(
        event("1", on(OCTOBER_30)),
        event("2", on(OCTOBER_30), user_id="u2"),
        event("3", on(OCTOBER_30), tenant_id="bolt"),
    )
    right = world.figures()
    of_acme = {row["user_id"]: row for row in world.rows().to_dicts() if row["tenant_id"] == "acme"}
    day = of_acme["u1"]["day"]
    world.overwrite(of_acme["u1"], sent=0)
    world.overwrite(of_acme["u2"], sent=2)
    differences = (Difference("acme", day, "sent", 1, 0, "u1"), Difference("acme", day, "sent", 1, 2, "u2"))
    found = run(world)
    assert (found.mismatches, found.mismatched, found.held) == (differences, 2, ("acme",))
    assert str(differences[0]) == f"acme · {day} · u1 · sent: events 1, aggregates 0"
    changes = (DayChange("acme", day, "sent", 0, 1, "u1"), DayChange("acme", day, "sent", 2, 1, "u2"))
    assert preview(services=world.services).changes == changes
    assert rebuild(services=world.services).lifted == ("acme",)
    assert world.figures() == right
    assert run(world).is_clean


def test_a_row_without_any_event_is_found_and_becomes_zeros(world: World) -> None:
    world.count(event("1", on(OCTOBER_30)))
    far = dt.date(2026, 10, 10)
    world.write("coda", far, signed=3)
    assert run(world).mismatches == (Difference("coda", far, "signed", 0, 3),)
    assert rebuild(services=world.services).lifted == ("coda",)
    assert ("coda", "u1", far) not in world.figures()


def test_an_id_that_came_again_on_another_day_of_another_tenant_counts_once(world: World) -> None:
    first = event("1", on(OCTOBER_30), received_at=NOW - 3 * HOUR)
    again = event("1", on(OCTOBER_30 - 7 * DAY), tenant_id="bolt", received_at=NOW - 2 * HOUR)
    world.count(again)
    world.count(first)
    assert len(world.figures()) == 2
    found = run(world)
    assert (found.superseded, found.is_clean) == (1, True)
    assert world.figures() == reference_count([first])
    records = world.store.restatements(first=OCTOBER_30 - 9 * DAY, last=OCTOBER_30, tenant_ids=["bolt"])
    assert records["reason"].to_list() == [RestatementReason.LATE_EVENTS, RestatementReason.REPEATED_ID]
    assert run(world).superseded == 0
    assert list(TouchedHours(world.services.objects).pending()) == []


def test_an_id_that_came_again_after_the_days_that_are_looked_at_stays(world: World) -> None:
    world.count(event("1", NOW - 40 * DAY), event("1", NOW - 2 * DAY))
    assert run(world).superseded == 0


def test_an_id_that_came_again_is_found_among_days_that_somebody_asks_for(world: World) -> None:
    first = event("1", NOW - 2 * DAY, received_at=NOW - 3 * HOUR)
    again = event("1", NOW - 400 * DAY, received_at=NOW - 2 * HOUR)
    world.count(first, again)
    found = run(world, first=again.event.occurred_at.date(), last=again.event.occurred_at.date())
    assert (found.superseded, found.is_clean) == (1, True)
    assert world.figures() == reference_count([first])


class ForgetfulStore(MemoryUsageStore):
    """Shows what is superseded once it is *caught up*, as what happened long ago is written to a slower store."""

    def __init__(self) -> None:
        super().__init__()
        self.is_caught_up = False

    def superseded(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None) -> pl.DataFrame:
        found = super().superseded(since=since, until=until, tenant_ids=tenant_ids)
        return found if self.is_caught_up else found.clear()


def test_a_store_that_is_slow_to_show_what_is_superseded_leaves_no_day_stale() -> None:
    store = ForgetfulStore()
    world, first = World(store), event("1", on(OCTOBER_30), received_at=NOW - 2 * HOUR)
    world.count(first, event("1", on(OCTOBER_30 - DAY), received_at=NOW - HOUR))
    assert run(world).is_clean
    assert len(world.figures()) == 2
    store.is_caught_up = True  # in the middle of the day: the rows still count it
    assert compared(world).mismatches.is_empty()
    assert len(compared(world).pending) == 1
    found = run(world)
    assert (found.is_clean, found.pending, found.superseded) == (True, 0, 0)
    assert world.figures() == reference_count([first])
    assert world.services.stores.superseding.all().is_empty()


def test_a_day_that_is_counted_by_parts_is_counted_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_comparison, "PART_MAX_EVENTS", 5)
    instants = [on(OCTOBER_30, number % 12) for number in range(30)]
    world.count(*(event(str(number % 15), at, user_id=f"u{number}") for number, at in enumerate(instants)))  # ids twice
    found = compared(world)
    assert found.compared.rows() == [("acme", OCTOBER_30)]
    assert found.mismatches.is_empty()
    world.overwrite(world.rows().to_dicts()[0], sent=0)
    assert compared(world).mismatches["events"].to_list() == [15]


@pytest.mark.parametrize(
    "zone", ["Asia/Kathmandu", "America/St_Johns", "America/Goose_Bay", "Pacific/Apia", "Africa/Cairo"]
)
@pytest.mark.parametrize("year", [2010, 2011, 2026])
def test_the_second_opinion_on_dates_agrees_with_the_calendar(zone: str, year: int) -> None:
    period = Period(PeriodKind.RANGE, dt.date(year, 1, 1), dt.date(year, 12, 31))
    since, until = dt.datetime(year - 1, 12, 31, tzinfo=dt.UTC), dt.datetime(year + 1, 1, 2, tzinfo=dt.UTC)
    dates = LocalDates({"t": zone}, elsewhere="UTC", since=since, until=until)
    inside = [
        (day, at)
        for day in period.days()
        for begin, end in spans_of_day(day, ZoneInfo(zone))
        for at in (begin, end - dt.timedelta(microseconds=1))
    ]
    frame = pl.LazyFrame(
        [("t", day, at) for day, at in inside],
        schema={"tenant_id": pl.String, "expected": pl.Date, "at": pl.Datetime("us", "UTC")},
        orient="row",
    )
    placed = dates.of(frame, at="at").collect()
    assert placed.filter(pl.col("day") != pl.col("expected")).is_empty()
    assert len(placed) == len(inside)
