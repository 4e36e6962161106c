"""Notes of what ingest wrote and aggregation has not counted yet: which events of which tenants in which hours of UTC.

What was written may become readable only later, hours later in Timestream's magnetic store. So a note names its
events, and stays until each of them was among those that were counted: what was missing is put into a note of its own,
which is tried again after a while, and marks its tenants' figures as provisional until then (`stores.provisional`).
"""

import dataclasses
import datetime as dt
import io
import itertools
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import polars as pl

from signtally.domain.events import UsageEvent
from signtally.domain.restatements import RestatementReason
from signtally.ports.objects import ObjectMissingError, ObjectStore, ObjectSummary
from signtally.stores.keys import STATE

TOUCHED = pl.Schema(
    {
        "tenant_id": pl.String(),
        "hour": pl.Datetime("us", "UTC"),  # not a local day: the tenant's zone may change before it is counted
        "event_id": pl.String(),
        "reason": pl.String(),
    }
)
_PREFIX = f"{STATE}touched/"
_BEGUN = f"{_PREFIX}begun.json"  # among the notes, so that it is lost with them
_READERS, _READ_AHEAD = 8, 64  # a backlog has thousands of notes, each a small object
_LONGEST_PAUSE = dt.timedelta(minutes=30)  # what becomes readable is counted within an hour
_PAUSE_SHARE = 4  # the longer it could not be read, the longer it rests between two tries
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class TouchedHour:
    tenant_id: str
    hour: dt.datetime  # aware, UTC, on the hour

    @classmethod
    def of(cls, tenant_id: str, instant: dt.datetime) -> "TouchedHour":
        return cls(tenant_id, instant.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0))


@dataclasses.dataclass(frozen=True, slots=True)
class TouchedNote:
    """*rows* in schema TOUCHED; *tried_at* is when they could not be read the last time, None: never tried."""

    key: str
    etag: str
    noted_at: dt.datetime
    tried_at: dt.datetime | None
    rows: pl.DataFrame

    @property
    def hours(self) -> set[TouchedHour]:
        return {TouchedHour(*row) for row in self.rows.select("tenant_id", "hour").unique().iter_rows()}


class TouchedNotes:
    """Put after events are written and before their messages are deleted, so no crash between loses a restatement."""

    def __init__(
        self, objects: ObjectStore, *, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        self._objects = objects
        self._clock = clock

    def are_kept(self) -> bool:
        """Whether no note can be missing: nothing has emptied the folder since `begin`."""
        try:
            self._objects.get(_BEGUN)
        except ObjectMissingError:
            return False
        return True

    def begin(self) -> None:
        """From here on, what is touched is noted; what was touched before has to be found without notes."""
        self._objects.put_if_absent(_BEGUN, json.dumps({"at": self._clock().isoformat()}).encode())

    def names(self) -> set[str]:
        """Which notes there are, as they are named in marks of provisional figures."""
        return {note_name(each.key) for each in self._objects.list_objects(_PREFIX) if each.key != _BEGUN}

    def put(self, events: Iterable[UsageEvent], *, reason: RestatementReason = RestatementReason.LATE_EVENTS) -> None:
        touched = [(each.tenant_id, each.occurred_at, each.event_id, str(reason)) for each in events]
        self.put_rows(pl.DataFrame(touched, schema=TOUCHED, orient="row"))

    def put_rows(self, touched: pl.DataFrame) -> None:
        """Rows of schema TOUCHED, whose *hour* may be any instant within it."""
        rows = touched.with_columns(pl.col("hour").dt.truncate("1h"))
        if len(rows):
            self._store(rows.unique(maintain_order=True), noted_at=self._clock(), tried_at=None)

    def pending(self, *, due_only: bool = False) -> Iterator[TouchedNote]:
        """Notes that were put before this call, oldest first; one that another run settles meanwhile may be missing.

        With *due_only*, without those that were tried in vain not long ago.
        """
        now = self._clock()
        notes = (each for each in self._objects.list_objects(_PREFIX) if each.key != _BEGUN)
        found = (each for each in notes if not due_only or _is_due(each.key, now))
        with ThreadPoolExecutor(_READERS) as readers:
            while some := list(itertools.islice(found, _READ_AHEAD)):
                yield from filter(None, readers.map(self._read, some))

    def postpone(self, note: TouchedNote, missing: pl.DataFrame) -> TouchedNote:
        """Put rows that could not be read into a note that is tried again later; return it."""
        now = self._clock()
        return TouchedNote(*self._store(missing, noted_at=note.noted_at, tried_at=now), note.noted_at, now, missing)

    def settle(self, note: TouchedNote, done: pl.DataFrame) -> None:
        """Forget rows that are counted or were postponed; the rest is another shard's."""
        current: TouchedNote | None = note
        while current is not None:
            rest = current.rows.join(done, on=[*TOUCHED], how="anti")
            if rest.is_empty():
                self._objects.delete([current.key])
                return
            if len(rest) == len(current.rows) or self._objects.put_if_match(
                current.key, _body(rest), etag=current.etag
            ):
                return
            current = self._read_key(current.key)

    def _store(self, rows: pl.DataFrame, *, noted_at: dt.datetime, tried_at: dt.datetime | None) -> tuple[str, str]:
        key = f"{_PREFIX}{_digits(noted_at)}.{_digits(tried_at or _EPOCH)}.{uuid.uuid4().hex}.parquet"
        return key, self._objects.put(key, _body(rows), content_type="application/vnd.apache.parquet")

    def _read(self, summary: ObjectSummary) -> TouchedNote | None:
        return self._read_key(summary.key)

    def _read_key(self, key: str) -> TouchedNote | None:
        try:
            stored = self._objects.get(key)
        except ObjectMissingError:
            return None
        noted_at, tried_at = _instants(key)
        return TouchedNote(key, stored.etag, noted_at, tried_at, pl.read_parquet(io.BytesIO(stored.body)))


def note_name(key: str) -> str:
    """The part of a note's key that is its own, and that marks of provisional figures repeat."""
    return PurePosixPath(key).name.split(".")[2]


def _body(rows: pl.DataFrame) -> bytes:
    body = io.BytesIO()
    rows.write_parquet(body, compression="zstd")
    return body.getvalue()


def _is_due(key: str, now: dt.datetime) -> bool:
    noted_at, tried_at = _instants(key)
    return tried_at is None or now - tried_at >= min(_LONGEST_PAUSE, (tried_at - noted_at) / _PAUSE_SHARE)


def _instants(key: str) -> tuple[dt.datetime, dt.datetime | None]:
    noted, tried, *_ = key.removeprefix(_PREFIX).split(".")
    return _instant(noted), None if int(tried) == 0 else _instant(tried)


def _digits(instant: dt.datetime) -> str:
    return f"{(instant - _EPOCH) // dt.timedelta(milliseconds=1):014}"


def _instant(digits: str) -> dt.datetime:
    return _EPOCH + dt.timedelta(milliseconds=int(digits))
