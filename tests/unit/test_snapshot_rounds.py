"""Several ingest runs at once, each with messages in flight at every moment: the watermark moves all the same."""

import dataclasses
import datetime as dt
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from signtally.domain.events import ReceivedEvent
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.queue import OutgoingMessage
from signtally.ports.usage_store import WriteOutcome
from signtally.settings import Settings
from signtally.stores.snapshot_rounds import InFlightReport, SnapshotRound, SnapshotRounds
from signtally.use_cases.ingesting import IngestConfig, IngestOutcome, drain
from tests.support.fakes import fake_services

CONFIG = IngestConfig(
    write_wait_seconds=0.002,
    commit_interval_seconds=0.002,
    snapshot_interval_seconds=0.02,
    round_interval_seconds=0.05,
    round_notice_seconds=0.03,
    max_quiesce_seconds=0.6,
    receive_wait_seconds=0,
)
SENT_AT = dt.datetime(2026, 10, 3, 12, tzinfo=dt.UTC)
EMPTY = InFlightReport(in_flight=0, oldest_unsettled=None, oldest_released=None, empty_at=None)
_WITHIN_SECONDS = 60  # for what takes a moment on a quiet machine


class SlowStore(MemoryUsageStore):
    """Takes its time over every write, so that whoever looks finds something in flight."""

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        threading.Event().wait(0.02)
        return super().put_events(events)


class Fleet:
    """Runs over one queue, and a portal that never stops sending."""

    def __init__(self) -> None:
        self.queue = MemoryEventQueue()
        self.services = fake_services(
            settings=Settings(clock_skew=dt.timedelta(0)), queue=self.queue, usage_store=SlowStore()
        )
        self._numbers = itertools.count()
        self._is_closing = threading.Event()
        self._threads = ThreadPoolExecutor()

    def send(self) -> None:
        data = {"tenant_id": "acme", "user_id": "u", "document_id": "d"}
        fields = {"specversion": "1.0", "source": "/p", "type": "document.sent", "time": "2026-10-03T11:00:00Z"}
        self.queue.send([OutgoingMessage(json.dumps({**fields, "id": str(next(self._numbers)), "data": data}))])

    def start(self, runs: int) -> "list[Future[IngestOutcome]]":
        for _ in range(50):
            self.send()
        self._threads.submit(self._keep_sending)
        return [self._threads.submit(drain, services=self.services, consumers=2, config=CONFIG) for _ in range(runs)]

    def close(self) -> None:
        self._is_closing.set()
        self._threads.shutdown()

    def settled_through(self) -> dt.datetime | None:
        return self.services.stores.watermarks.settled_through()

    def _keep_sending(self) -> None:
        while not self._is_closing.wait(0.002):
            self.send()


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    fleet = Fleet()
    yield fleet
    fleet.close()


def _await(condition: Callable[[], bool]) -> None:
    for _ in range(_WITHIN_SECONDS * 100):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came true")


def test_freshness_moves_while_several_runs_are_never_idle(fleet: Fleet) -> None:
    runs = fleet.start(3)
    for _ in range(3):
        now = dt.datetime.now(dt.UTC)
        _await(lambda now=now: (fleet.settled_through() or now) > now)  # type: ignore[misc]
    assert fleet.services.stores.snapshot_rounds().latest() is not None
    fleet.close()
    assert sum(run.result().stored for run in runs) == len(fleet.services.usage_store._events)  # type: ignore[attr-defined]  # noqa: SLF001


def test_what_nobody_claims_holds_freshness_until_it_is_back(fleet: Fleet) -> None:
    """As when a run has died, or somebody receives by other means: the runs agree that it is in neither's hands."""
    fleet.send()
    foreign = fleet.queue.receive(wait_seconds=0)
    fleet.queue.extend(foreign, visibility_seconds=3_600)
    fleet.start(2)
    looks, calls = fleet.services.stores.snapshot_rounds(), set[str]()

    def heard_of_three() -> bool:
        latest = looks.latest()
        if latest is not None:
            calls.add(latest.round_id)
        settled = fleet.settled_through()
        assert settled is None or settled <= foreign[0].sent_at
        return len(calls) >= 3

    _await(heard_of_three)
    fleet.queue.extend(foreign, visibility_seconds=0)
    _await(lambda: (fleet.settled_through() or foreign[0].sent_at) > foreign[0].sent_at)


def test_one_call_at_a_time() -> None:
    objects = MemoryObjectStore()
    one, other = SnapshotRounds(objects), SnapshotRounds(objects)
    call = one.begin(instead_of=None)
    assert call is not None
    assert other.begin(instead_of=None) is None
    assert other.latest() == call
    one.end(call, shows_empty=True)
    assert other.latest() == dataclasses.replace(call, is_over=True, shows_empty=True)
    newer = other.begin(instead_of=other.latest())
    assert newer is not None
    one.end(call, shows_empty=False)  # late: it is over since long
    assert one.latest() == newer


def test_answers_belong_to_their_call() -> None:
    objects = MemoryObjectStore()
    one, other = SnapshotRounds(objects), SnapshotRounds(objects)
    call = one.begin(instead_of=None) or SnapshotRound("")
    held = InFlightReport(in_flight=3, oldest_unsettled=SENT_AT, oldest_released=None, empty_at=SENT_AT)
    other.add_report(call, held)
    one.add_report(call, EMPTY)
    assert sorted(one.reports(call), key=lambda each: each.in_flight) == [EMPTY, held]
    newer = one.begin(instead_of=call) or SnapshotRound("")
    assert one.reports(newer) == other.reports(call) == []
