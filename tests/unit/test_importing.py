"""Imports over fakes: what becomes of rows, of a store that fails, of an import that is begun again."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Sequence
from typing import TypeVar

import pytest

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.history_mapping import HistoryMapping
from signtally.memory.history import MemoryHistory
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import NotProvisionedError, ServiceUnavailableError
from signtally.ports.history import HistoryError
from signtally.ports.usage_store import WriteOutcome
from signtally.use_cases.importing import (
    Imported,
    ImportOutcome,
    ImportProgress,
    forget_import,
    import_history,
)
from tests.support.import_world import CONFIG, World, dying, row, source

Result = TypeVar("Result")


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
