"""Events written: each id once for ever, whatever else the second one says."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

import polars as pl

from signtally.domain.dead_letters import DeadLetterReason
from signtally.domain.events import ReceivedEvent
from signtally.domain.schemas import EVENTS, event_row
from signtally.domain.time_units import MICROSECOND, UNIX_EPOCH
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.postgresql.connections import Digest, PostgresqlConnections
from signtally.postgresql.errors import BadDataError
from signtally.postgresql.schema import PostgresqlSchema

STORED, DUPLICATE = WriteOutcome(WriteResult.STORED), WriteOutcome(WriteResult.DUPLICATE)
_TYPES = ["timestamptz" if isinstance(kind, pl.Datetime) else "text" for kind in EVENTS.values()]
_PLACEHOLDERS = [f"%b::{kind}[]" for kind in (*_TYPES, "uuid", "uuid")]  # in binary: texts take five times as long
_Identified = tuple[str, ReceivedEvent]  # with its event id


class EventWriting:
    """The part of the usage store that takes events."""

    def __init__(self, connections: PostgresqlConnections, schema: PostgresqlSchema, *, kept: dt.timedelta) -> None:
        """*kept* is how long: what happened before is refused."""
        self._kept = kept
        self._connections = connections
        self._schema = schema
        self._call = f"SELECT {schema.table('put_events')}({', '.join(_PLACEHOLDERS)})"

    def put(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        """One outcome each, in order; of several with one id in this call, the first one is tried."""
        tried: dict[str, ReceivedEvent] = {}
        for received in events:
            tried.setdefault(received.event.event_id, received)
        outcomes = self._put([*tried.items()]) if tried else []
        if len(tried) == len(events):
            return outcomes
        by_id = dict(zip(tried, outcomes, strict=True))
        return [
            by_id[received.event.event_id] if received == tried[received.event.event_id] else DUPLICATE
            for received in events
        ]

    def take_names(self, rows: pl.DataFrame) -> None:
        """Of stored events, schema EVENTS; what their ids stood for is forgotten too, so that nobody brings it back."""
        events, ids = self._schema.table("events"), self._schema.table("event_ids")
        update = (
            "WITH named AS (SELECT * FROM unnest(%b::text[], %b::timestamptz[], %b::text[], %b::uuid[])"  # noqa: S608 -- names of ours
            " AS named (tenant_id, occurred_at, event_id, id)),"
            f" unknown AS (UPDATE {ids} AS known SET content = NULL FROM named WHERE known.id = named.id)"
            f" UPDATE {events} AS event SET user_name = NULL, user_email = NULL FROM named"
            " WHERE event.tenant_id = named.tenant_id AND event.occurred_at = named.occurred_at"
            " AND event.event_id = named.event_id"
        )
        for part in rows.sort("event_id").iter_slices(5_000):
            columns = [part[name].to_list() for name in ("tenant_id", "occurred_at", "event_id")]
            columns.append([_id_digest(event_id) for event_id in columns[-1]])
            self._connections.rows(self._schema.what, update, columns)

    def _put(self, events: Sequence[_Identified]) -> list[WriteOutcome]:
        try:
            return self._written(events)
        except BadDataError as error:
            if len(events) == 1:
                return [WriteOutcome(WriteResult.REFUSED, DeadLetterReason.STORE_REFUSED, str(error))]
        middle = len(events) // 2
        return self._put(events[:middle]) + self._put(events[middle:])

    def _written(self, events: Sequence[_Identified]) -> list[WriteOutcome]:
        instants = [received.event.occurred_at for _, received in events]
        oldest = dt.datetime.now(dt.UTC) - self._kept
        if min(instants) < oldest:
            return self._written_if_kept(events, oldest)
        ((are_stored,),) = self._schema.insert_events(self._call, _columns(events), at=instants)
        if are_stored is None:
            return [STORED] * len(events)
        return [STORED if is_stored else DUPLICATE for is_stored in are_stored]

    def _written_if_kept(self, events: Sequence[_Identified], oldest: dt.datetime) -> list[WriteOutcome]:
        too_old = WriteOutcome(WriteResult.REFUSED, DeadLetterReason.TOO_OLD, f"before {oldest:%Y-%m-%d %H:%M} UTC")
        kept = [each for each in events if each[1].event.occurred_at >= oldest]
        outcomes = iter(self._put(kept) if kept else [])
        return [next(outcomes) if received.event.occurred_at >= oldest else too_old for _, received in events]


def _columns(events: Sequence[_Identified]) -> list[list[Any]]:
    rows = [event_row(received) for _, received in events]
    contents = [_content_digest(row) for row in rows]
    return [*map(list, zip(*rows, strict=True)), [_id_digest(event_id) for event_id, _ in events], contents]


def _id_digest(event_id: str) -> Digest:
    return _digest(event_id.encode())


def _content_digest(row: tuple[object, ...]) -> Digest:
    """Stored for ever: the same event must have the same one in every version of this program.

    It is that of the row as JSON, put together here in half of the time that `json.dumps` takes.
    """
    parts = [_quoted(value) if isinstance(value, str) else _plain(value) for value in row]
    return _digest(f"[{', '.join(parts)}]".encode())


def _plain(value: object) -> str:
    """Null, or an instant as microseconds."""
    return str((value - UNIX_EPOCH) // MICROSECOND) if isinstance(value, dt.datetime) else "null"


def _digest(content: bytes) -> Digest:
    return Digest(hashlib.sha256(content).digest()[:16])
