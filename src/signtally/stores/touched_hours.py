"""Touched hours: UTC hours of tenants whose events were written since they were last counted, in batches.

A touched batch is one object with a row an event. What was written may become readable only later, hours later in
Timestream's magnetic store. So a batch stays until each of its events was among those that were counted: what was
missing goes into a batch of its own, which is tried again after a while, and whose tenants' figures are provisional
until then (`stores.provisional`).
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

import polars as pl
from pydantic import TypeAdapter

from signtally.domain.batches import batched
from signtally.domain.events import UsageEvent
from signtally.domain.restatements import RestatementReason
from signtally.domain.time_units import MILLISECOND, UNIX_EPOCH
from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import JsonObject, ParquetObject, Versioned
from signtally.threads import ContextThreads

TOUCHED = pl.Schema(
    {
        "tenant_id": pl.String(),
        "hour": pl.Datetime("us", "UTC"),  # not a local day: the tenant's zone may change before it is counted
        "event_id": pl.String(),
        "reason": pl.String(),
    }
)
_PREFIX = f"{STATE}touched/"
_MARKER = f"{_PREFIX}begun.json"  # among the batches, so that it is lost with them
_READERS, _READ_AHEAD = 8, 64  # a backlog has thousands of batches, each a small object
_MAX_BACKOFF = dt.timedelta(minutes=30)  # what becomes readable is counted within an hour
_BACKOFF_DIVISOR = 4  # back off for a quarter of the time for which it could not be read


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class TouchedHour:
    """One UTC hour of one tenant."""

    tenant_id: str
    hour: dt.datetime  # aware, UTC, on the hour

    @classmethod
    def of(cls, tenant_id: str, instant: dt.datetime) -> "TouchedHour":
        return cls(tenant_id, instant.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0))


@dataclasses.dataclass(frozen=True, slots=True)
class _Marker:
    at: dt.datetime


_MARKER_JSON = TypeAdapter(_Marker)


@dataclasses.dataclass(frozen=True, slots=True)
class TouchedBatch:
    """One object's *rows*, in schema TOUCHED; *tried_at* is when they last could not be read, None: never tried."""

    key: str
    etag: str
    appended_at: dt.datetime
    tried_at: dt.datetime | None
    rows: pl.DataFrame

    @property
    def hours(self) -> set[TouchedHour]:
        return {TouchedHour(*row) for row in self.rows.select("tenant_id", "hour").unique().iter_rows()}


class TouchedHours:
    """The touched batches. Appended to between the write of events and the ack of their messages.

    So a crash in between redelivers the messages, and no restatement is lost.
    """

    def __init__(
        self, objects: ObjectStore, *, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        self._objects = objects
        self._clock = clock

    def is_initialised(self) -> bool:
        """Whether no batch can be missing: nothing has emptied the folder since `initialise`."""
        return self._marker.read() is not None

    def initialise(self) -> None:
        """From here on, what is touched is stored; what was touched before has to be found in another way."""
        self._marker.create(_Marker(self._clock()))

    def names(self) -> set[str]:
        """The names of all batches, as marks of provisional figures repeat them."""
        return {batch_name(key) for key in self._keys()}

    def append(
        self, events: Iterable[UsageEvent], *, reason: RestatementReason = RestatementReason.LATE_EVENTS
    ) -> None:
        """Store the hours of these events as a batch; without events, none."""
        touched = [(each.tenant_id, each.occurred_at, each.event_id, str(reason)) for each in events]
        self.append_rows(pl.DataFrame(touched, schema=TOUCHED, orient="row"))

    def append_rows(self, touched: pl.DataFrame) -> None:
        """Store rows of schema TOUCHED, whose *hour* may be any instant within it, as a batch; without rows, none."""
        rows = touched.with_columns(pl.col("hour").dt.truncate("1h"))
        if len(rows):
            self._store(rows.unique(maintain_order=True), appended_at=self._clock(), tried_at=None)

    def pending(self, *, due_only: bool = False) -> Iterator[TouchedBatch]:
        """Batches that were appended before this call, oldest first; one acked by another run meanwhile may be missing.

        With *due_only*, without those that were tried in vain not long ago.
        """
        now = self._clock()
        found = (key for key in self._keys() if not due_only or _is_due(key, now))
        with ContextThreads(_READERS) as readers:
            for some in batched(found, _READ_AHEAD):
                yield from filter(None, readers.map(self._read, some))

    def requeue(self, batch: TouchedBatch, missing: pl.DataFrame) -> TouchedBatch:
        """Put rows that could not be read into a batch that is tried again later; return it."""
        now = self._clock()
        key, etag = self._store(missing, appended_at=batch.appended_at, tried_at=now)
        return TouchedBatch(key, etag, batch.appended_at, now, missing)

    def ack(self, batch: TouchedBatch, done: pl.DataFrame) -> None:
        """Delete rows that are counted or were requeued; other rows are another shard's. Raises ContentionError."""
        stored = self._object(batch.key)

        def remaining(rows: pl.DataFrame | None) -> pl.DataFrame | None:
            if rows is None:
                return None
            rest = rows.join(done, on=[*TOUCHED], how="anti")
            if rest.is_empty():
                stored.delete()  # unconditionally: nobody adds rows to a batch
                return None
            return rest if len(rest) < len(rows) else None

        stored.update(remaining, known=Versioned(batch.rows, batch.etag))

    @property
    def _marker(self) -> "JsonObject[_Marker]":
        return JsonObject(self._objects, _MARKER, _MARKER_JSON)

    def _object(self, key: str) -> ParquetObject:
        return ParquetObject(self._objects, key, TOUCHED)

    def _keys(self) -> Iterator[str]:
        return (each.key for each in self._objects.list_objects(_PREFIX) if each.key != _MARKER)

    def _store(self, rows: pl.DataFrame, *, appended_at: dt.datetime, tried_at: dt.datetime | None) -> tuple[str, str]:
        key = f"{_PREFIX}{_digits(appended_at)}.{_digits(tried_at or UNIX_EPOCH)}.{uuid.uuid4().hex}.parquet"
        return key, self._object(key).write(rows)

    def _read(self, key: str) -> TouchedBatch | None:
        stored = self._object(key).read_version()
        return None if stored is None else TouchedBatch(key, stored.etag, *_instants(key), stored.value)


def batch_name(key: str) -> str:
    """The part of a batch's key that is its own, and that marks of provisional figures repeat."""
    return PurePosixPath(key).name.split(".")[2]


def _is_due(key: str, now: dt.datetime) -> bool:
    appended_at, tried_at = _instants(key)
    return tried_at is None or now - tried_at >= min(_MAX_BACKOFF, (tried_at - appended_at) / _BACKOFF_DIVISOR)


def _instants(key: str) -> tuple[dt.datetime, dt.datetime | None]:
    appended, tried, *_ = key.removeprefix(_PREFIX).split(".")
    return _instant(appended), None if int(tried) == 0 else _instant(tried)


def _digits(instant: dt.datetime) -> str:
    return f"{(instant - UNIX_EPOCH) // MILLISECOND:014}"


def _instant(digits: str) -> dt.datetime:
    return UNIX_EPOCH + dt.timedelta(milliseconds=int(digits))
