"""Notes of what ingest wrote: which tenants have events in which UTC hours that aggregation has not counted yet."""

import dataclasses
import datetime as dt
import itertools
import json
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from signtally.ports.objects import ObjectMissingError, ObjectStore, ObjectSummary
from signtally.stores.keys import STATE

_PREFIX = f"{STATE}touched/"
_HOUR_SECONDS = 3600
_READERS, _READ_AHEAD = 8, 64  # a backlog has thousands of notes, each a small object


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class TouchedHour:
    """An hour of UTC, not a local day: the tenant's zone may change before it is counted."""

    tenant_id: str
    hour: dt.datetime  # aware, UTC, on the hour

    @classmethod
    def of(cls, tenant_id: str, instant: dt.datetime) -> "TouchedHour":
        return cls(tenant_id, instant.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0))


@dataclasses.dataclass(frozen=True, slots=True)
class TouchedNote:
    key: str
    hours: tuple[TouchedHour, ...]


class TouchedNotes:
    """Put after events are written and before their messages are deleted, so no crash between loses a restatement."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def put(self, hours: Iterable[TouchedHour]) -> None:
        by_tenant: dict[str, list[int]] = {}
        for touched in sorted(set(hours)):
            by_tenant.setdefault(touched.tenant_id, []).append(int(touched.hour.timestamp()) // _HOUR_SECONDS)
        if by_tenant:
            self._objects.put(f"{_PREFIX}{uuid.uuid4().hex}.json", json.dumps(by_tenant).encode())

    def pending(self) -> Iterator[TouchedNote]:
        """Every note that was put before this call; one that another run settles meanwhile may be missing."""
        summaries = self._objects.summaries(_PREFIX)
        with ThreadPoolExecutor(_READERS) as readers:
            while some := list(itertools.islice(summaries, _READ_AHEAD)):
                yield from filter(None, readers.map(self._read, some))

    def settle(self, notes: Iterable[TouchedNote]) -> None:
        """Forget notes whose hours are counted."""
        self._objects.delete(note.key for note in notes)

    def _read(self, summary: ObjectSummary) -> TouchedNote | None:
        try:
            by_tenant: dict[str, list[int]] = json.loads(self._objects.get(summary.key).body)
        except ObjectMissingError:
            return None
        hours = (
            TouchedHour(tenant_id, dt.datetime.fromtimestamp(number * _HOUR_SECONDS, dt.UTC))
            for tenant_id, numbers in by_tenant.items()
            for number in numbers
        )
        return TouchedNote(summary.key, tuple(hours))
