"""What must hold however a replay and ingest meet, and whatever fails: no letter lost, none doubled."""

import contextlib
import datetime as dt
import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.dead_letters import code_of, replays_of
from signtally.domain.events import ReceivedEvent
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases.dead_letters import ReplayOutcome, list_dead_letters, replay_dead_letters
from signtally.use_cases.ingesting import IngestConfig, drain
from tests.support.crashes import CrashError
from tests.support.examples import examples
from tests.support.interposed import FaultPlan, InterposedQueue, Result

START = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)
LONG_AGO, FAR_AHEAD = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2000, 2100))
CONFIG = IngestConfig(
    write_wait_seconds=0.002,
    commit_interval_seconds=0.002,
    snapshot_interval_seconds=0.005,
    initial_backoff_seconds=0.0005,
)


class World:
    """Dead letters of several kinds: junk, events that the store refuses, and some that it takes when it is mended."""

    def __init__(self, kinds: Sequence[str], *, batch: int) -> None:
        self.now = START
        self.is_mended = False
        self.queue = MemoryEventQueue(clock=lambda: self.now, sleep=self.advance)
        self.dead_letters = MemoryEventQueue(clock=lambda: self.now, sleep=self.advance)
        self.store = MemoryUsageStore(refusal=self._refusal)
        self.objects = MemoryObjectStore()
        self.bodies = [_part(kind, number) for number, kind in enumerate(kinds)]
        remaining = iter(self.bodies)
        while parts := list(itertools.islice(remaining, batch)):
            self.queue.send([OutgoingMessage(_body(parts), {"trace": f"of {parts[0][-9:]}"})])
        self.ingest()
        assert sorted(self.letters()) == sorted(self.bodies)
        self.is_mended = True

    def advance(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)

    def ingest(self) -> None:
        self.advance(0.002)
        drain(services=self.services(), consumers=1, config=CONFIG)
        self.advance(0.002)

    def replay(self, reasons: Iterable[str], plan: Iterable[str] = (), *, threads: int = 1) -> ReplayOutcome:
        fates = _FatesWithIngest(plan, self.ingest)
        services = self.services(InterposedQueue(self.queue, fates), InterposedQueue(self.dead_letters, fates))
        return replay_dead_letters(services=services, reasons=tuple(reasons), threads=threads)

    def services(self, queue: InterposedQueue | None = None, dead_letters: InterposedQueue | None = None) -> Services:
        return Services(
            settings=Settings(clock_skew=dt.timedelta(0)),
            queue=queue or self.queue,
            dead_letters=dead_letters or self.dead_letters,
            usage_store=self.store,
            objects=self.objects,
            mailer=MemoryMailer(),
            report_queue=MemoryReportQueue(),
            clock=lambda: self.now,
        )

    def letters(self) -> list[str]:
        return [letter.body for letter in self.dead_letters.contents()]

    def stored(self) -> list[str]:
        found = self.store._between(LONG_AGO, FAR_AHEAD)  # noqa: SLF001 -- with the identity of each
        return [_part("mended", int(each.event.id)) for each in found]

    def _refusal(self, received: ReceivedEvent) -> WriteOutcome | None:
        if self.is_mended and received.event.user_id == "mended":
            return None
        return WriteOutcome(WriteResult.REFUSED, "too-old", "not yet")


class _FatesWithIngest(FaultPlan):
    """Also `ingest`: a whole ingest run before the call. One call at a time."""

    def __init__(self, plan: Iterable[str], ingest: Callable[[], None]) -> None:
        fates, runs = itertools.tee(plan)
        super().__init__("ok" if fate == "ingest" else fate for fate in fates)
        self._runs = (fate == "ingest" for fate in runs)
        self._ingest = ingest
        self._one_at_a_time = threading.Lock()

    def __call__(self, work: Callable[[], Result]) -> Result:
        with self._one_at_a_time:
            if next(self._runs, None):
                self._ingest()
            return super().__call__(work)


def _part(kind: str, number: int) -> str:
    if kind == "junk":
        return json.dumps({"junk": number})
    data = {"tenant_id": "acme", "user_id": kind, "document_id": "d"}
    time = "2026-10-01T08:00:00Z"
    common = {"specversion": "1.0", "source": "/p", "type": "document.sent", "time": time}
    return json.dumps(common | {"data": data, "id": str(number)})


def _body(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"[{','.join(parts)}]"


kinds = st.lists(st.sampled_from(["junk", "mended", "refused"]), min_size=1, max_size=25)
reasons = st.sampled_from([(), ("too-old",), ("bad-specversion",), ("bad-specversion", "too-old"), ("not-json",)])
meetings = st.lists(st.sampled_from(["ok", "ok", "ingest"]), max_size=20)
troubles = st.builds(
    # The first two calls look at the queues; one trouble ends a replay.
    lambda calm, trouble: ["ok", "ok", *calm, trouble],
    st.lists(st.sampled_from(["ok", "ok", "ok", "ingest"]), max_size=10),
    st.sampled_from(["before", "after", "crash-before", "crash-after"]),
)


@settings(max_examples=examples(60))
@given(kinds, st.integers(1, 4), reasons, meetings)
def test_a_replay_that_meets_ingest_sends_each_dead_letter_once(
    kinds: list[str], batch: int, reasons: tuple[str, ...], plan: list[str]
) -> None:
    world = World(kinds, batch=batch)
    before = {letter.body: letter.attributes for letter in world.dead_letters.contents()}
    outcome = world.replay(reasons, plan)
    world.ingest()

    wanted = {body for body, attributes in before.items() if not reasons or attributes["reason"] in reasons}
    assert outcome.replayed == Counter(before[body]["reason"] for body in wanted)
    assert outcome.left == Counter(before[body]["reason"] for body in before.keys() - wanted)
    assert Counter(world.letters() + world.stored()) == Counter(world.bodies), "nothing lost, nothing doubled"
    assert set(world.stored()) == {body for body in wanted if '"mended"' in body}
    for letter in world.dead_letters.contents():
        assert replays_of(letter.attributes) == (letter.body in wanted)
        assert code_of(letter.attributes) == before[letter.body]["reason"]
        assert letter.attributes["trace"] == before[letter.body]["trace"]
    assert world.dead_letters.depth().in_flight == 0, "what was left is given back"


@settings(max_examples=examples(60))
@given(kinds, st.integers(1, 4), troubles)
def test_no_trouble_loses_a_dead_letter_or_counts_an_event_twice(kinds: list[str], batch: int, plan: list[str]) -> None:
    world = World(kinds, batch=batch)
    with contextlib.suppress(CrashError, ServiceUnavailableError):
        world.replay((), plan)
    world.ingest()
    assert {*world.letters(), *world.stored()} == set(world.bodies)
    assert len(world.stored()) == len(set(world.stored()))

    world.advance(1_000)  # what a dead process held comes back
    world.replay(())
    world.ingest()
    assert {*world.letters(), *world.stored()} == set(world.bodies)
    assert sorted(world.stored()) == sorted(body for body in world.bodies if '"mended"' in body)


@settings(max_examples=examples(20))
@given(kinds, st.integers(1, 3))
def test_replays_and_listings_side_by_side_keep_each_dead_letter_once(kinds: list[str], batch: int) -> None:
    world = World(kinds, batch=batch)
    with ThreadPoolExecutor(4) as pool:
        replays = [pool.submit(world.replay, (), threads=2) for _ in range(2)]
        look = pool.submit(list_dead_letters, services=world.services())
        world.ingest()
        look.result()
    outcomes = [replay.result() for replay in replays]
    world.ingest()
    assert Counter(world.letters() + world.stored()) == Counter(world.bodies)
    for letter in world.dead_letters.contents():
        assert replays_of(letter.attributes) <= len(outcomes)
