"""Events written in requests of 100 by eight writers, and the floor: COPY of the same rows by psycopg alone."""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import event_row

WRITERS, BATCH = 8, 100
_ACTIONS = (Action.SENT, Action.RECEIVED, Action.VIEWED, Action.SIGNED, Action.COMPLETED)
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
        rows = [event_row(each) for each in events]
        shares = [rows[index::WRITERS] for index in range(WRITERS)]
        connections = [psycopg.connect(self._address, autocommit=True) for _ in shares]
        with ThreadPoolExecutor(WRITERS) as writers:
            began = time.perf_counter()
            for _ in writers.map(_copy, connections, shares):
                pass
            seconds = time.perf_counter() - began
        for connection in connections:
            connection.close()
        return seconds


def _copy(connection: psycopg.Connection, rows: list[tuple[object, ...]]) -> None:
    for index in range(0, len(rows), BATCH):
        with connection.cursor().copy("COPY floor FROM STDIN") as copy:
            for row in rows[index : index + BATCH]:
                copy.write_row(row)
