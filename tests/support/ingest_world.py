"""A drain over fakes whose clock, queue and store a test controls."""

import dataclasses
import datetime as dt
import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from signtally.domain.events import ReceivedEvent
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage
from signtally.ports.usage_store import WriteOutcome
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases.ingesting import IngestConfig, IngestOutcome, drain
from tests.support.clocks import Clock

START = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)
SKEW = dt.timedelta(seconds=2)
FAST = IngestConfig(
    write_wait_seconds=0.01, commit_interval_seconds=0.01, initial_backoff_seconds=0.001, retry_budget_seconds=5
)
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
FAR_AHEAD = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class Stuttering:
    """A port of which every call fails once before it succeeds."""

    def __init__(self, port: object) -> None:
        self._port = port
        self._failed: set[tuple[int, str]] = set()

    def __getattr__(self, name: str) -> object:
        found = getattr(self._port, name)
        return partial(self._stutter, found) if callable(found) else found

    def _stutter(self, call: Callable[..., object], *arguments: object, **options: object) -> object:
        this = threading.get_ident(), call.__name__
        if this not in self._failed:
            self._failed.add(this)
            raise ServiceUnavailableError("try again")
        self._failed.discard(this)
        return call(*arguments, **options)


class Store(MemoryUsageStore):
    """*trouble* sees every write first and may raise."""

    def __init__(self, refusal: Callable[[ReceivedEvent], WriteOutcome | None] = lambda _: None) -> None:
        super().__init__(refusal=refusal)
        self.trouble: Callable[[Sequence[ReceivedEvent]], None] = lambda _: None
        self.writes: list[int] = []

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        self.trouble(events)
        self.writes.append(len(events))
        return super().put_events(events)

    def stored(self) -> dict[str, ReceivedEvent]:
        return {found.event.id: found for found in self._between(LONG_AGO, FAR_AHEAD)}


@dataclasses.dataclass
class World:
    clock: Clock
    queue: MemoryEventQueue
    dead_letters: MemoryEventQueue
    store: Store
    services: Services

    def send(self, *contents: object) -> None:
        """Each content in a message of its own, a millisecond apart."""
        for content in contents:
            self.queue.send([OutgoingMessage(content if isinstance(content, str) else json.dumps(content))])
            self.clock.advance(0.001)

    def drain(self, **options: object) -> IngestOutcome:
        return drain(**{"services": self.services, "config": FAST, **options})  # type: ignore[arg-type]

    def with_real_polls(self) -> "World":
        """The same with a queue whose empty polls last, as SQS's do, and leave the clock alone."""
        queue = MemoryEventQueue(clock=self.clock)
        return dataclasses.replace(self, queue=queue, services=dataclasses.replace(self.services, queue=queue))

    def reasons(self) -> Counter[str]:
        return Counter(letter.attributes["reason"] for letter in self.dead_letters.contents())

    def settled_through(self) -> dt.datetime | None:
        return self.services.stores.watermarks.settled_through()


def ingest_world() -> World:
    clock = Clock(START)
    queue = MemoryEventQueue(clock=clock, sleep=clock.advance)
    dead_letters, store = MemoryEventQueue(clock=clock), Store()
    services = Services(
        settings=Settings(clock_skew=SKEW),
        queue=queue,
        dead_letters=dead_letters,
        usage_store=store,
        objects=MemoryObjectStore(),
        mailer=MemoryMailer(),
        report_queue=MemoryReportQueue(),
        clock=clock,
    )
    return World(clock, queue, dead_letters, store, services)


def event(event_id: object, *, minute: int = 0, **data: object) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/portal",
        "type": "document.sent",
        "time": f"2026-10-03T11:{minute:02}:00Z",
        "data": {"tenant_id": "acme", "user_id": "u_1", "document_id": "d_1", **data},
    }
