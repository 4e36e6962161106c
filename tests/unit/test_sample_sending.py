"""Sending sample traffic: profiles first, then originals, then what comes late or twice."""

import datetime as dt
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from signtally.aws.timestream_records import EVENT_TEXT_LIMIT_BYTES
from signtally.domain.cloud_events import parse_body
from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage
from signtally.sample.plan import PlanError, TrafficPlan
from signtally.sample.sending import default_until, emit
from signtally.services import Services
from signtally.settings import Settings

NOW = dt.datetime(2026, 11, 22, 15, 4, 33, tzinfo=dt.UTC)
PLAN = TrafficPlan(
    tenants=14, days=20, events=900, seed=3, until=default_until(NOW), duplicates=0.1, late=0.1, junk=0.05
)


class RecordingQueue(MemoryEventQueue):
    """Keeps the bodies in the order of their requests' ends, and can refuse to go on."""

    def __init__(self, *, fails_after: int | None = None) -> None:
        super().__init__()
        self.bodies: list[str] = []
        self.largest_request = 0
        self._fails_after = fails_after
        self._recording = threading.Lock()

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        with self._recording:
            if self._fails_after is not None and len(self.bodies) >= self._fails_after:
                raise ServiceUnavailableError("the queue has gone; try again")
            self.bodies += [message.body for message in messages]
            self.largest_request = max(self.largest_request, len(messages))


def services_with(queue: RecordingQueue, *, clock: Callable[[], dt.datetime] = lambda: NOW) -> Services:
    return Services(
        settings=Settings(),
        queue=queue,
        dead_letters=MemoryEventQueue(),
        usage_store=MemoryUsageStore(),
        objects=MemoryObjectStore(),
        mailer=MemoryMailer(),
        report_queue=MemoryReportQueue(),
        clock=clock,
    )


def test_every_original_arrives_before_its_copy(tmp_path: Path) -> None:
    """Whatever the threads do; and the outcome, the file and the queue agree."""
    queue = RecordingQueue()
    steps: list[tuple[int, int]] = []
    file = tmp_path / "expected.json"
    outcome = emit(
        PLAN, services=services_with(queue), expect=file, progress=lambda sent, planned: steps.append((sent, planned))
    )
    events = [
        event
        for body in queue.bodies
        for event in parse_body(body, now=NOW, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events
    ]
    firsts = {(event.source, event.id): position for position, event in reversed(list(enumerate(events)))}
    copies = [position for position, event in enumerate(events) if firsts[event.source, event.id] != position]
    assert len(copies) == outcome.duplicates == 90
    assert min(copies) >= PLAN.events
    assert len(queue.bodies) == outcome.messages
    assert queue.largest_request == 10
    assert steps[-1] == (PLAN.items, PLAN.items) == (1035, 1035)
    written = json.loads(file.read_text())
    assert written["dead_letters"] == outcome.dead_letters
    assert sum(outcome.dead_letters.values()) == 45
    assert [path.name for path in tmp_path.iterdir()] == ["expected.json"]


def test_profiles_are_stored_once_and_a_tenants_own_changes_stay() -> None:
    services = services_with(RecordingQueue())
    assert emit(PLAN, services=services).profiles_stored == 13  # the fifth of the fourteen is unknown
    tenants = services.stores.tenants
    stored = tenants.all()
    assert "energy-5" not in stored
    mine = Schedule(name="Mine", every="day")
    tenants.put(stored["legal-1"].model_copy(update={"schedules": (mine,)}))
    tenants.put(TenantProfile(tenant_id="homes-3", timezone="Europe/Paris"))
    assert emit(PLAN, services=services).profiles_stored == 1
    assert tenants.get("legal-1").schedules == (mine,)
    assert tenants.get("homes-3") == stored["homes-3"]


def test_a_queue_that_goes_away_ends_it_without_an_expectation(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailableError, match="has gone"):
        emit(PLAN, services=services_with(RecordingQueue(fails_after=100)), expect=tmp_path / "expected.json")
    assert not list(tmp_path.iterdir())


def test_traffic_of_the_future_is_refused() -> None:
    queue = RecordingQueue()
    with pytest.raises(PlanError, match="in the future"):
        emit(PLAN, services=services_with(queue, clock=lambda: NOW - dt.timedelta(days=1)))
    assert not queue.bodies


def test_until_is_now_to_the_minute() -> None:
    assert default_until(NOW) == dt.datetime(2026, 11, 22, 15, 4, tzinfo=dt.UTC)
