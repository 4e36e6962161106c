"""Ingest over fakes that fail and die as planned, and what must hold of it afterwards."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from signtally.domain.events import ReceivedEvent
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.queue import OutgoingMessage
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.touched_hours import TouchedHour, TouchedHours
from signtally.use_cases.ingesting import IngestConfig, IngestOutcome, drain
from tests.support.interposed import FaultPlan, FaultyStore, InterposedObjects, InterposedQueue

START = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)
LONG_AGO, FAR_AHEAD = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2000, 2100))
CONFIG = IngestConfig(
    write_wait_seconds=0.002,
    commit_interval_seconds=0.002,
    snapshot_interval_seconds=0.005,
    initial_backoff_seconds=0.0005,
    retry_budget_seconds=0.5,
    write_batch_events=4,
    round_interval_seconds=0.01,
    round_notice_seconds=0.002,
    max_quiesce_seconds=0.1,
)


class WatchedObjects(InterposedObjects):
    """*on_settled* hears of every instant through which all is said to be settled."""

    def __init__(
        self, objects: MemoryObjectStore, faults: FaultPlan, on_settled: Callable[[dt.datetime], None]
    ) -> None:
        super().__init__(objects, faults)
        self._on_settled = on_settled

    def put_if_absent(self, key: str, body: bytes, *, content_type: str = "application/json") -> bool:
        self._hear(key, body)
        return super().put_if_absent(key, body, content_type=content_type)

    def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
        self._hear(key, body)
        return super().put_if_match(key, body, etag=etag, content_type=content_type)

    def _hear(self, key: str, body: bytes) -> None:
        if key.endswith("settled-through.json"):
            self._on_settled(dt.datetime.fromisoformat(json.loads(body)["instant"]))


def refusal(received: ReceivedEvent) -> WriteOutcome | None:
    return WriteOutcome(WriteResult.REFUSED, "too-old", "") if received.event.id == "refused" else None


class World:
    """A queue with traffic, and what is known of it."""

    def __init__(self, messages: Sequence[Sequence[str]]) -> None:
        self.now = START
        self.queue = MemoryEventQueue(clock=lambda: self.now, sleep=self.advance)
        self.dead_letters = MemoryEventQueue(clock=lambda: self.now)
        self.store = MemoryUsageStore(refusal=refusal)
        self.objects = MemoryObjectStore()
        self.parts: list[str] = []
        for parts in messages:
            self.send(parts)

    def send(self, parts: Sequence[str]) -> None:
        self.parts += parts
        self.queue.send([OutgoingMessage(parts[0] if len(parts) == 1 else f"[{','.join(parts)}]")])
        self.advance(0.001)

    def advance(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)

    def drain(self, plan: Iterable[str] = (), **changes: Any) -> IngestOutcome:
        faults = FaultPlan(plan)
        services = Services(
            settings=Settings(clock_skew=dt.timedelta(0)),
            queue=InterposedQueue(self.queue, faults),
            dead_letters=InterposedQueue(self.dead_letters, faults),
            usage_store=FaultyStore(self.store, faults),
            objects=WatchedObjects(self.objects, faults, self.check_settled),
            mailer=MemoryMailer(),
            report_queue=MemoryReportQueue(),
            clock=lambda: self.now,
        )
        return drain(services=services, consumers=2, config=dataclasses.replace(CONFIG, **changes))

    def stored(self) -> list[ReceivedEvent]:
        return list(self.store._between(LONG_AGO, FAR_AHEAD))  # noqa: SLF001 -- with the message that brought each

    def letters(self) -> set[str]:
        return {letter.body for letter in self.dead_letters.contents()}

    def is_settled(self, part: str, ids: set[str]) -> bool:
        return part in self.letters() or json.loads(part)["id"] in ids

    def check_settled(self, instant: dt.datetime) -> None:
        """What is on the queue and was sent before is stored or dead-lettered, and only waits for its deletion."""
        ids = {found.event.id for found in self.stored()}
        for stored in list(self.queue._stored.values()):  # noqa: SLF001 -- what is in flight, seen by nobody else
            if stored.sent_at < instant:
                assert all(self.is_settled(part, ids) for part in parts_of(stored.message.body)), (instant, stored)

    def check_conserved(self) -> None:
        """Whatever was sent is on the queue, stored or dead-lettered, and nothing else is anywhere."""
        waiting = {part for message in self.queue.contents() for part in parts_of(message.body)}
        ids = {found.event.id for found in self.stored()}
        assert [part for part in self.parts if part not in waiting and not self.is_settled(part, ids)] == []
        assert ids <= {json.loads(part)["id"] for part in self.parts if is_good(part)}
        assert self.letters() <= {part for part in self.parts if not is_good(part)}

    def firsts(self) -> dict[str, tuple[str, str]]:
        """The identity that was sent first under each id.

        Where that same identity was sent again, the store may hold the later one's received_at (it keeps what was
        written first), and a variant sent in between then looks older: not decided here.
        """
        good = [json.loads(part) for part in self.parts if is_good(part)]
        identities = [(part["id"], (part["time"], part["data"]["user_id"])) for part in good]
        firsts = dict(reversed(identities))
        return {key: value for key, value in firsts.items() if identities.count((key, value)) == 1}

    def check(self) -> None:
        """Conservation, single count, the first received wins, and a note for everything that is stored."""
        assert self.queue.contents() == []
        sent_ids = {json.loads(part)["id"] for part in self.parts if is_good(part)}
        stored = self.stored()
        assert {found.event.id for found in stored} == sent_ids
        assert self.letters() == {part for part in self.parts if not is_good(part)}
        winners = {found.event.id: found for found in sorted(stored, key=order, reverse=True)}
        assert self.firsts().items() <= {event_id: identity(found) for event_id, found in winners.items()}.items()
        # Of a loser (the same id with another time, sent later) nobody needs a note: it must not be counted.
        noted = {hour for note in TouchedHours(self.objects).pending() for hour in note.hours}
        assert {TouchedHour.of(each.event.tenant_id, each.event.occurred_at) for each in winners.values()} <= noted


def order(found: ReceivedEvent) -> tuple[dt.datetime, str]:
    return found.received_at, found.message_id


def identity(found: ReceivedEvent) -> tuple[str, str]:
    return found.event.occurred_at.strftime("%Y-%m-%dT%H:%M:%SZ"), found.event.user_id


def is_good(part: str) -> bool:
    return part.startswith('{"specversion"') and json.loads(part)["id"] not in {"refused", "poison"}


def parts_of(body: str) -> list[str]:
    if not body.startswith("["):
        return [body]
    return [json.dumps(part) for part in json.loads(body)]


def event(event_id: str, hour: int, user_id: str) -> str:
    data = {"tenant_id": f"tenant of {event_id}", "user_id": user_id, "document_id": "d"}
    time = f"2026-10-01T{hour:02}:00:00Z"
    fields = {"specversion": "1.0", "id": event_id, "source": "/p", "type": "document.sent", "time": time, "data": data}
    return json.dumps(fields)


events = st.builds(
    event, st.sampled_from(["a", "b", "c", "d", "refused"]), st.integers(0, 2), st.sampled_from(["u", "v"])
)
bad_parts = st.builds(lambda number: json.dumps({"bad": number}), st.integers(0, 2))
parts = st.lists(events | events | events | bad_parts, min_size=1, max_size=4)
