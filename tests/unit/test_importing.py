"""Imports over fakes: each row once, whatever fails and however often it is begun again."""

import contextlib
import dataclasses
import datetime as dt
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.history_mapping import FIELDS, HistoryMapping
from signtally.memory.history import MemoryHistory
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.history import HistoryError, UnreadableRow
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.touched_hours import TouchedHour, TouchedHours
from signtally.use_cases.importing import (
    ImportConfig,
    Imported,
    ImportOutcome,
    ImportProgress,
    forget_import,
    import_history,
    rejected_rows,
)
from tests.support.crashes import CrashError
from tests.support.interposed import FaultPlan, InterposedObjects

START = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)
LONG_AGO, FAR_AHEAD = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2000, 2100))
CONFIG = ImportConfig(
    writers=2,
    write_batch_events=3,
    retry_budget_seconds=0.2,
    initial_backoff_seconds=0.0005,
    max_attempts=3,
    retry_interval_seconds=0.001,
)
Result = TypeVar("Result")
Row = dict[str, object]


class FaultyStore(MemoryUsageStore):
    def __init__(self, inner: MemoryUsageStore, faults: FaultPlan) -> None:
        super().__init__()
        self._inner = inner
        self._faults = faults

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        assert len({found.event.event_id for found in events}) == len(events) <= CONFIG.write_batch_events
        if any(found.event.id == "poison" for found in events):
            raise ServiceError("something is wrong with an event")
        return self._faults(lambda: self._inner.put_events(events))


def refusal(received: ReceivedEvent) -> WriteOutcome | None:
    is_old = received.event.occurred_at.year < 2005
    return WriteOutcome(WriteResult.REFUSED, "too-old", "outside the window") if is_old else None


class World:
    """A store and a bucket that outlive every run."""

    def __init__(self) -> None:
        self.now = START
        self.store = MemoryUsageStore(refusal=refusal)
        self.objects = MemoryObjectStore()

    def services(self, plan: Iterable[str] = ()) -> Services:
        faults = FaultPlan(plan)
        return Services(
            settings=Settings(),
            queue=MemoryEventQueue(clock=lambda: self.now),
            dead_letters=MemoryEventQueue(clock=lambda: self.now),
            usage_store=FaultyStore(self.store, faults),
            objects=InterposedObjects(self.objects, faults),
            mailer=MemoryMailer(),
            report_queue=MemoryReportQueue(),
            clock=lambda: self.now,
        )

    def run(
        self, rows: Sequence[Row | UnreadableRow], *, plan: Iterable[str] = (), mapping: HistoryMapping | None = None
    ) -> Imported:
        """Every run begins a minute after the last."""
        self.now += dt.timedelta(minutes=1)
        services, mapping = self.services(plan), mapping or HistoryMapping()
        return import_history(source(rows), mapping=mapping, services=services, config=CONFIG)

    def rejects(self, imported: Imported) -> list[dict[str, Any]]:
        bodies = b"".join(rejected_rows(imported, services=self.services()))
        return [json.loads(line) for line in bodies.splitlines()]

    def stored(self) -> list[ReceivedEvent]:
        return list(self.store._between(LONG_AGO, FAR_AHEAD))  # noqa: SLF001 -- with what the store tells nobody

    def noted(self) -> set[TouchedHour]:
        return {hour for note in TouchedHours(self.objects).pending() for hour in note.hours}


def source(rows: Sequence[Row | UnreadableRow]) -> MemoryHistory:
    return MemoryHistory(rows, columns=FIELDS, chunk_rows=4)


def row(row_id: str, hour: int = 0, user_id: str = "u", **changes: object) -> Row:
    made = {
        "id": row_id,
        "source": "/portal",
        "type": "document.sent",
        "time": f"2019-03-01T{hour:02}:00:00Z",
        "tenant_id": f"tenant of {row_id}",
        "user_id": user_id,
        "document_id": "d",
    }
    return {**dict.fromkeys(FIELDS), **made, **changes}


good_rows = st.builds(row, st.sampled_from("abcdefgh"), st.integers(0, 2), st.sampled_from("uv"))
refused_rows = st.builds(row, st.sampled_from("abr"), time=st.just("2004-01-01T00:00:00Z"))
bad_rows = st.builds(row, st.sampled_from("ax"), type=st.sampled_from(["document.read", None, 7]))
unreadable_rows = st.builds(UnreadableRow, st.integers(1, 9), st.text(max_size=3), st.just("not-csv"), st.just("bad"))
histories = st.lists(good_rows | good_rows | good_rows | refused_rows | bad_rows | unreadable_rows, max_size=24)
deadly_plans = st.lists(st.sampled_from(["ok"] * 8 + ["before", "after", "crash-before", "crash-after"]), max_size=40)


@contextlib.contextmanager
def dying() -> Iterator[None]:
    with contextlib.suppress(CrashError, ServiceUnavailableError):
        yield


def without_arrival(found: ReceivedEvent) -> ReceivedEvent:
    return dataclasses.replace(found, received_at=START)


@given(histories, st.lists(deadly_plans, max_size=5))
def test_an_import_that_is_killed_again_and_again_ends_like_one_that_never_was(
    rows: list[Row | UnreadableRow], plans: list[list[str]]
) -> None:
    calm, troubled = World(), World()
    whole = calm.run(rows)
    for plan in plans:
        with dying():
            troubled.run(rows, plan=plan)
    resumed = troubled.run(rows)
    assert resumed.outcome == whole.outcome
    assert list(map(without_arrival, troubled.stored())) == list(map(without_arrival, calm.stored()))
    assert len({found.received_at for found in troubled.stored()}) <= 1
    assert troubled.rejects(resumed) == calm.rejects(whole)
    assert troubled.noted() >= calm.noted()


@given(histories)
def test_every_row_is_stored_a_duplicate_or_rejected(rows: list[Row | UnreadableRow]) -> None:
    world = World()
    imported = world.run(rows)
    outcome = imported.outcome
    assert outcome.rows == len(rows) == outcome.stored + outcome.duplicates + sum(outcome.rejected.values())
    assert outcome.stored == len(world.stored())
    rejects = world.rejects(imported)
    assert Counter(reject["reason"] for reject in rejects) == outcome.rejected
    is_good = [is_countable(each) for each in rows]
    assert {found.event.id for found in world.stored()} == {
        each["id"] for each, good in zip(rows, is_good, strict=True) if good and isinstance(each, dict)
    }
    assert len(rejects) == is_good.count(False) - sum_of_copies(rows)
    hours = {TouchedHour.of(found.event.tenant_id, found.event.occurred_at) for found in world.stored()}
    assert hours == world.noted()


def is_countable(each: Row | UnreadableRow) -> bool:
    return isinstance(each, dict) and each["type"] == "document.sent" and str(each["time"]) > "2005"


def sum_of_copies(rows: Sequence[Row | UnreadableRow]) -> int:
    """Rows that the store would refuse, behind a row of the same id that it took, within a chunk of four."""
    copies = 0
    for begin in range(0, len(rows), 4):
        taken: set[object] = set()
        for each in rows[begin : begin + 4]:
            if isinstance(each, dict) and each["type"] == "document.sent":
                copies += each["id"] in taken and not is_countable(each)
                taken |= {each["id"]} if is_countable(each) else set()
    return copies


def test_the_same_rows_again_are_known_as_done_and_a_restart_finds_duplicates() -> None:
    world, rows = World(), [row(str(number)) for number in range(10)] + [row("x", type="?")]
    first, again = world.run(rows), world.run(rows)
    assert (first.was_finished, again.was_finished) == (False, True)
    assert again.state == first.state
    forget_import(source(rows), mapping=HistoryMapping(), services=world.services())
    before = world.stored()
    restarted = world.run(rows)
    assert restarted.outcome == ImportOutcome(11, 0, 10, {"unknown-type": 1})
    assert world.stored() == before
    assert len(world.rejects(restarted)) == 1
    assert len(list(world.objects.list_objects("state/imports/"))) == 2, "the state, and the rejected row once"


def test_the_same_rows_read_another_way_are_another_import() -> None:
    world, rows = World(), [row("a", tenant_id="acme")]
    world.run(rows)
    other = world.run(rows, mapping=HistoryMapping(constants={"source": "/elsewhere"}))
    assert (other.was_finished, other.outcome.stored) == (False, 1)


def test_what_came_through_the_queue_stays_and_is_counted_once() -> None:
    world = World()
    occurred_at = dt.datetime(2019, 3, 1, tzinfo=dt.UTC)
    sent = UsageEvent("/portal", "a", Action.SENT, "tenant of a", "u", "from the queue", occurred_at)
    queued = ReceivedEvent(sent, occurred_at, "message")
    world.store.put_events([queued])
    assert world.run([row("a"), row("b")]).outcome == ImportOutcome(2, 1, 1)
    assert queued in world.stored()
    assert len(world.stored()) == 2


def test_of_one_id_the_first_row_wins_where_days_are_counted() -> None:
    world = World()
    world.run([row("a", hour, tenant_id="acme") for hour in range(12)])
    first = min(world.stored(), key=lambda found: (found.received_at, found.message_id))
    assert first.event.occurred_at.hour == 0


def test_hours_of_duplicates_are_noted_too() -> None:
    """They may have been stored by an import of another file that died before it could note them."""
    world = World()
    with dying():
        world.run([row("a")], plan=["ok", "ok", "crash-after"])  # claim, read, write
    assert (len(world.stored()), world.noted()) == (1, set())
    outcome = world.run([row("a"), row("a")]).outcome  # longer, so another import
    assert (outcome.stored, outcome.duplicates) == (0, 2)
    assert len(world.noted()) == 1


def test_an_event_that_the_store_cannot_take_is_rejected_and_its_neighbours_are_stored() -> None:
    world = World()
    imported = world.run([row("a"), row("poison"), row("b")])
    assert imported.outcome == ImportOutcome(3, 2, 0, {"gave-up": 1})
    [reject] = world.rejects(imported)
    assert (reject["line"], reject["row"]["id"]) == (2, "poison")
    assert "something is wrong" in reject["detail"]


def test_a_store_that_stays_away_ends_the_run_and_the_next_goes_on() -> None:
    world, rows = World(), [row(str(number)) for number in range(8)]
    with pytest.raises(ServiceUnavailableError):
        world.run(rows, plan=itertools.chain(["ok"] * 8, itertools.repeat("before")))
    assert world.run(rows).outcome == ImportOutcome(8, 8)


def test_a_missing_table_ends_the_run_at_once() -> None:
    class Unprovisioned(MemoryUsageStore):
        def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
            del events
            raise NotProvisionedError("run `signtally provision`")

    services = dataclasses.replace(World().services(), usage_store=Unprovisioned())
    with pytest.raises(NotProvisionedError):
        import_history(source([row("a")]), mapping=HistoryMapping(), services=services, config=CONFIG)


def test_two_processes_with_one_import_end_as_one() -> None:
    """The one that sees the position moved by the other stops; the other one finishes."""
    world, rows = World(), [row(str(number)) for number in range(12)]
    theirs: list[Imported] = []

    def take_over(_: ImportProgress) -> None:
        if not theirs:
            theirs.append(world.run(rows))

    with pytest.raises(HistoryError, match="another process imports memory"):
        import_history(
            source(rows),
            mapping=HistoryMapping(),
            services=world.services(),
            config=dataclasses.replace(CONFIG, progress_interval_seconds=0),
            on_progress=take_over,
        )
    assert theirs[0].outcome == ImportOutcome(12, 12)
    assert len(world.stored()) == 12


def test_missing_columns_are_an_error_up_front_that_says_what_to_do() -> None:
    history = MemoryHistory([row("a")], columns=["id", "account"])
    mapping = HistoryMapping(columns={"tenant_id": "tenant"})
    with pytest.raises(
        HistoryError, match=r"no column source, type, time, tenant \(for tenant_id\), .* it has id, acc"
    ):
        import_history(history, mapping=mapping, services=World().services())


def test_a_typed_time_without_zone_is_an_error_that_says_what_to_do() -> None:
    rows = [row("a", time=dt.datetime(2019, 3, 1))]  # noqa: DTZ001 -- as a table's type has it
    with pytest.raises(HistoryError, match="column time have no zone: write a mapping with time_zone"):
        World().run(rows)


def test_progress_is_told_with_the_share_that_is_done() -> None:
    seen: list[ImportProgress] = []
    import_history(
        source([row(str(number)) for number in range(8)]),
        mapping=HistoryMapping(),
        services=World().services(),
        config=dataclasses.replace(CONFIG, progress_interval_seconds=0),
        on_progress=seen.append,
    )
    assert [(each.rows_here, each.fraction) for each in seen] == [(4, 0.5), (8, 1.0), (8, 1.0)]
    assert "8 rows" in str(seen[-1])
    assert "8 stored" in str(seen[-1])
