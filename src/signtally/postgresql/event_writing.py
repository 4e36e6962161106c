"""Events written: each id once for ever, whatever else the second one says."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from signtally.domain.dead_letters import DeadLetterReason
from signtally.domain.events import ReceivedEvent
from signtally.domain.schemas import EVENTS, event_row
from signtally.domain.time_units import MICROSECOND, UNIX_EPOCH
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.errors import BadDataError
from signtally.postgresql.schema import PostgresqlSchema

STORED, DUPLICATE = WriteOutcome(WriteResult.STORED), WriteOutcome(WriteResult.DUPLICATE)
_TYPES = {name: "timestamptz" if isinstance(kind, pl.Datetime) else "text" for name, kind in EVENTS.items()}
_ATTEMPTS = 5  # at ids that others were writing meanwhile, or whose partition was dropped meanwhile


class EventWriting:
    """The part of the usage store that takes events."""

    def __init__(self, connections: PostgresqlConnections, schema: PostgresqlSchema) -> None:
        self._connections = connections
        self._schema = schema
        self._insert = _insert(schema)

    def put(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        """One outcome each, in order; of several with one id in this call, the first one is tried."""
        tried: dict[str, ReceivedEvent] = {}
        for received in events:
            tried.setdefault(received.event.event_id, received)
        outcomes = self._put([*tried.values()])
        by_id = dict(zip(tried, outcomes, strict=True))
        return [
            by_id[received.event.event_id] if received == tried[received.event.event_id] else DUPLICATE
            for received in events
        ]

    def take_names(self, rows: pl.DataFrame) -> None:
        """Of stored events, schema EVENTS; what their ids stood for is forgotten too, so that nobody brings it back."""
        events, ids = self._schema.table("events"), self._schema.table("event_ids")
        update = (
            "WITH named AS (SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::text[], %s::uuid[])"  # noqa: S608 -- names of ours
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

    def _put(self, events: list[ReceivedEvent]) -> list[WriteOutcome]:
        try:
            return self._tried(events)
        except BadDataError as error:
            if len(events) == 1:
                return [WriteOutcome(WriteResult.REFUSED, DeadLetterReason.STORE_REFUSED, str(error))]
        middle = len(events) // 2
        return self._put(events[:middle]) + self._put(events[middle:])

    def _tried(self, events: list[ReceivedEvent]) -> list[WriteOutcome]:
        """An id that another writer was storing at the same time is known once that one has ended: then it is asked."""
        outcomes: dict[int, WriteOutcome] = {}
        for _ in range(_ATTEMPTS):
            open_ = [number for number in range(len(events)) if number not in outcomes]
            if not open_:
                break
            written = zip(open_, self._written([events[number] for number in open_]), strict=True)
            outcomes |= {number: outcome for number, outcome in written if outcome is not None}
        if len(outcomes) < len(events):
            raise ServiceUnavailableError(f"PostgreSQL: {self._schema.what}: others keep writing the same events")
        return [outcomes[number] for number in range(len(events))]

    def _written(self, events: list[ReceivedEvent]) -> list[WriteOutcome | None]:
        """An outcome each, or None: not known yet."""
        instants = [received.event.occurred_at for received in events]
        rows = self._schema.insert_events(self._insert, _columns(events), at=instants)
        meanings = {True: STORED, False: DUPLICATE, None: None}
        return [meanings[is_stored] for _, is_stored in sorted(rows)]


def _insert(schema: PostgresqlSchema) -> str:
    """One statement and so one transaction: it answers each event's number and whether that very event stands now.

    Null where the id was being stored by somebody else: what that one wrote is not in this statement's view.
    """
    arrays = ", ".join(f"%s::{kind}[]" for kind in (*_TYPES.values(), "uuid", "uuid"))
    columns = ", ".join(EVENTS)
    events, ids = schema.table("events"), schema.table("event_ids")
    return (
        f"WITH incoming AS (SELECT * FROM unnest({arrays}) WITH ORDINALITY"  # noqa: S608 -- names of ours
        f" AS incoming ({columns}, id, content, number)),"
        f" fresh AS (INSERT INTO {ids} (id, content) SELECT id, content FROM incoming ORDER BY id"
        " ON CONFLICT (id) DO NOTHING RETURNING id),"
        f" stored AS (INSERT INTO {events} ({columns}) SELECT {columns} FROM incoming JOIN fresh USING (id))"
        " SELECT number, CASE WHEN fresh.id IS NOT NULL THEN true"
        " WHEN known.id IS NOT NULL THEN coalesce(known.content = incoming.content, false) END"
        f" FROM incoming LEFT JOIN fresh USING (id) LEFT JOIN {ids} AS known ON known.id = incoming.id"
    )


def _columns(events: Sequence[ReceivedEvent]) -> list[list[Any]]:
    rows = [event_row(received) for received in events]
    ids = [_id_digest(received.event.event_id) for received in events]
    return [*map(list, zip(*rows, strict=True)), ids, [_content_digest(row) for row in rows]]


def _id_digest(event_id: str) -> str:
    return _digest(event_id.encode())


def _content_digest(row: tuple[Any, ...]) -> str:
    """Stored for ever: the same event must have the same one in every version of this program."""
    plain = [(value - UNIX_EPOCH) // MICROSECOND if hasattr(value, "tzinfo") else value for value in row]
    return _digest(json.dumps(plain).encode())


def _digest(content: bytes) -> str:
    """As a text: making a UUID of it takes longer than the digest."""
    return hashlib.sha256(content).hexdigest()[:32]
