"""Events written in requests of 100 by eight writers, and two floors: COPY of the same rows by psycopg alone."""

import datetime as dt
import hashlib
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import EVENTS, event_row

WRITERS, BATCH = 8, 100
_ACTIONS = (Action.SENT, Action.RECEIVED, Action.VIEWED, Action.SIGNED, Action.COMPLETED)
_TYPES = ["timestamptz" if name.endswith("_at") else "text" for name in EVENTS]
_TABLE = """
CREATE TABLE IF NOT EXISTS floor (tenant_id text, user_id text, action text, event_id text PRIMARY KEY,
    occurred_at timestamptz, received_at timestamptz, message_id text, document_id text, user_name text,
    user_email text, sent_at timestamptz)
"""

Seconds = Callable[[list[ReceivedEvent]], float]


def made_events(number: int, *, prefix: str) -> list[ReceivedEvent]:
    """Of 100 tenants in the last hours, five of each document: as a portal sends them, those of a document together."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)

    def made(index: int) -> ReceivedEvent:
        at, user, document = now - dt.timedelta(milliseconds=number - index), f"u{index % 50}", index // len(_ACTIONS)
        action, tenant_id = _ACTIONS[index % len(_ACTIONS)], f"t{document % 100}"
        own_id, document_id = f"{prefix}-{index}", f"doc_{prefix}_{document}"
        event = UsageEvent("/portal/documents", own_id, action, tenant_id, user, document_id, at)
        return ReceivedEvent(event, at, f"message-{prefix}-{index}")

    return [made(index) for index in range(number)]


def write_seconds(put: Callable[[Sequence[ReceivedEvent]], object]) -> Seconds:
    """How long *put* takes for them all."""

    def seconds(events: list[ReceivedEvent]) -> float:
        batches = [events[index : index + BATCH] for index in range(0, len(events), BATCH)]
        with ThreadPoolExecutor(WRITERS) as writers:
            began = time.perf_counter()
            for _ in writers.map(put, batches):
                pass
            return time.perf_counter() - began

    return seconds


class Floor:
    """One connection a writer, one COPY and one commit a request, into one table whose only index is the id's."""

    def __init__(self, address: str) -> None:
        self._address = address
        with psycopg.connect(address) as connection:
            connection.execute(_TABLE)

    def seconds(self, events: list[ReceivedEvent]) -> float:
        return _seconds_of(_copy, [event_row(each) for each in events], address=self._address)


class OwnTables:
    """The same into the store's own two tables, in binary; triggers keep documents, and nothing is refused.

    What is copied is put together beforehand, also the digests of ids and contents.
    """

    def __init__(self, address: str, schema: str) -> None:
        self._address = address
        self._ids = f'COPY "{schema}".event_ids FROM STDIN (FORMAT BINARY)'
        self._events = f'COPY "{schema}".events ({", ".join(EVENTS)}) FROM STDIN (FORMAT BINARY)'

    def seconds(self, events: list[ReceivedEvent]) -> float:
        rows = [event_row(each) for each in events]
        known = [[uuid.UUID(bytes=_digest(row[3])), uuid.UUID(bytes=_digest(row))] for row in rows]
        return _seconds_of(self._copy, [*zip(known, rows, strict=True)], address=self._address)

    def _copy(self, connection: psycopg.Connection, rows: Sequence[Any]) -> None:
        with connection.transaction():
            for index, (statement, types) in enumerate([(self._ids, ["uuid", "uuid"]), (self._events, _TYPES)]):
                with connection.cursor().copy(statement.encode()) as copy:
                    copy.set_types(types)
                    for row in rows:
                        copy.write_row(row[index])


def _digest(content: object) -> bytes:
    return hashlib.sha256(str(content).encode()).digest()[:16]


def _seconds_of(
    copy: Callable[[psycopg.Connection, Sequence[Any]], None], rows: Sequence[Any], *, address: str
) -> float:
    """Of all requests, each by the next of the writers."""
    requests = [rows[index : index + BATCH] for index in range(0, len(rows), BATCH)]
    connections = [psycopg.connect(address, autocommit=True) for _ in range(WRITERS)]

    def write(number: int) -> None:
        for request in requests[number::WRITERS]:
            copy(connections[number], request)

    with ThreadPoolExecutor(WRITERS) as writers:
        began = time.perf_counter()
        for _ in writers.map(write, range(WRITERS)):
            pass
        seconds = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return seconds


def _copy(connection: psycopg.Connection, rows: Sequence[Any]) -> None:
    with connection.cursor().copy("COPY floor FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
