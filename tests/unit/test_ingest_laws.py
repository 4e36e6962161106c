"""What must hold whatever fails, in any order: nothing lost, nothing counted twice, nothing called fresh too soon."""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signtally.ports.errors import ServiceUnavailableError
from tests.support.crashes import CrashError
from tests.support.examples import examples
from tests.support.failing_ingest import World, bad_parts, event, events, is_good, parts

Result = TypeVar("Result")
poisons = st.just(event("poison", 0, "u"))
traffic = st.lists(parts, max_size=12)
passing_plans = st.builds(
    # A service that is away at the very start ends a run at once, which is as it should be: the first two calls pass.
    lambda plan: ["ok", "ok", *plan],
    st.lists(st.sampled_from(["ok", "ok", "ok", "before", "after"]), max_size=60),
)
deadly_plans = st.lists(st.sampled_from(["ok"] * 8 + ["before", "after", "crash-before", "crash-after"]), max_size=60)


@contextlib.contextmanager
def dying() -> Iterator[None]:
    with contextlib.suppress(CrashError, ServiceUnavailableError):
        yield


@settings(deadline=None, max_examples=examples(80))
@given(traffic, passing_plans)
def test_is_transient_changes_no_figure(messages: list[list[str]], plan: list[str]) -> None:
    world = World(messages)
    outcome = world.drain(plan)
    world.check()
    good = [json.loads(part)["id"] for part in world.parts if is_good(part)]
    assert (outcome.received, outcome.stored) == (len(world.parts), len(set(good)))
    assert outcome.duplicates == len(good) - len(set(good))
    assert sum(outcome.dead_letters.values()) == len(world.parts) - len(good)


@settings(deadline=None, max_examples=examples(80))
@given(traffic, st.lists(deadly_plans, max_size=4))
def test_no_crash_loses_or_doubles_an_event(messages: list[list[str]], plans: list[list[str]]) -> None:
    world = World(messages)
    for plan in plans:
        with dying():
            world.drain(plan)
    world.drain()
    world.check()


@settings(deadline=None, max_examples=examples(30))
@given(traffic, deadly_plans, deadly_plans)
def test_runs_side_by_side_need_no_agreement(messages: list[list[str]], one: list[str], other: list[str]) -> None:
    world = World(messages)

    def run(plan: list[str]) -> None:
        with dying():
            world.drain(plan)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, [one, other]))
    world.drain()
    world.check()


@settings(deadline=None, max_examples=examples(30))
@given(st.lists(st.lists(events | bad_parts | poisons, min_size=1, max_size=4), max_size=6), passing_plans)
def test_poison_ends_among_the_dead_letters_alone(messages: list[list[str]], plan: list[str]) -> None:
    world = World(messages)
    outcome = world.drain(plan)
    world.check()
    letters = Counter(letter.attributes["reason"] for letter in world.dead_letters.contents())
    poisonous = sum(json.loads(part).get("id") == "poison" for part in world.parts)
    assert outcome.dead_letters.get("gave-up", 0) == poisonous
    assert bool(letters["gave-up"]) == bool(poisonous)


@pytest.mark.parametrize("held", [1, 3])
def test_what_a_dead_run_held_holds_freshness(held: int) -> None:
    world = World([[event(f"e{number}", 0, "u")] for number in range(5)])
    theirs = world.queue.receive(wait_seconds=0)
    world.queue.extend(theirs[held:], visibility_seconds=0)
    world.drain()  # check_settled sees every instant that is published
    world.check()


class IngestMachine(RuleBasedStateMachine):
    """A portal that sends, runs that may die at any call, others who take messages and never come back, and time."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World([])

    @rule(some=parts)
    def deliver(self, some: list[str]) -> None:
        self.world.send(some)

    @rule(seconds=st.sampled_from([1, 30, 61]))
    def let_time_pass(self, seconds: int) -> None:
        """After a minute what was taken and not deleted is delivered again."""
        self.world.advance(seconds)

    @rule()
    def take_and_die(self) -> None:
        self.world.queue.receive(wait_seconds=0)

    @rule(plan=deadly_plans)
    def run(self, plan: list[str]) -> None:
        with dying():
            self.world.drain(plan)

    @invariant()
    def nothing_is_lost(self) -> None:
        self.world.check_conserved()

    def teardown(self) -> None:
        self.world.drain()
        self.world.check()


TestIngestMachine = IngestMachine.TestCase
TestIngestMachine.settings = settings(max_examples=examples(40), stateful_step_count=12, deadline=None)
