"""An import over fakes that fail and die as planned, and the rows that it reads."""

import contextlib
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from signtally.domain.events import ReceivedEvent
from signtally.domain.history_mapping import FIELDS, HistoryMapping
from signtally.memory.history import MemoryHistory
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.history import UnreadableRow
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.touched_hours import TouchedHour, TouchedHours
from signtally.use_cases.importing import (
    ImportConfig,
    Imported,
    import_history,
    rejected_rows,
)
from tests.support.crashes import CrashError
from tests.support.interposed import FaultPlan, FaultyStore, InterposedObjects

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
Row = dict[str, object]


class WrittenInBatches(FaultyStore):
    """Each batch has an event once, and no more events than are asked for."""

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        assert len({found.event.event_id for found in events}) == len(events) <= CONFIG.write_batch_events
        return super().put_events(events)


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
            usage_store=WrittenInBatches(self.store, faults),
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


@contextlib.contextmanager
def dying() -> Iterator[None]:
    with contextlib.suppress(CrashError, ServiceUnavailableError):
        yield
