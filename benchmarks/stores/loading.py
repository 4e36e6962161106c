"""Millions of events: in Parquet, and out of it into the PostgreSQL store's own table, behind its back."""

import datetime as dt
import time
from pathlib import Path

import duckdb
import psycopg
from portal_traffic import EVENTS_A_DAY, FIRST, make_events, make_tenants, midnight

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import EVENTS
from signtally.services import Services

_BLOCK = 1 << 20  # bytes that one write to the server has


def make_parquet(folder: Path, number: int) -> None:
    """`tenants.parquet` and `events-0.parquet`: as many a day as 43,000 tenants make in a month of 100 million.

    Of each id only the event received first is there, as in a store that refuses the others.
    """
    make_tenants(folder / "tenants.parquet")
    sent = folder / "sent.parquet"
    until = midnight(FIRST) + number / EVENTS_A_DAY * dt.timedelta(days=1)
    make_events(sent, events=number, since=midnight(FIRST), until=until)
    once = f"""SELECT * FROM read_parquet('{sent}')
        QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY received_at, message_id) = 1"""  # noqa: S608 -- our own file
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({once} ORDER BY occurred_at) TO '{folder}/events-0.parquet' (FORMAT parquet)")
    sent.unlink()


def tenants_by_events(folder: Path, *, about: int, number: int) -> list[str]:
    """Those whose number of events is nearest to *about*."""
    query = f"""SELECT tenant_id FROM read_parquet('{folder}/events-*.parquet') GROUP BY tenant_id
        ORDER BY abs(count(*) - {about}), tenant_id LIMIT {number}"""  # noqa: S608 -- our own files
    with duckdb.connect() as connection:
        return [row[0] for row in connection.execute(query).fetchall()]


def load_events(services: Services, address: str, folder: Path) -> float:
    """How long COPY took. Their ids and documents are not entered: nothing that reads here asks for them."""
    _make_partition(services)
    rows, columns, schema = folder / "events.csv", ", ".join(EVENTS), services.settings.database
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"COPY (SELECT {columns} FROM read_parquet('{folder}/events-*.parquet')) TO '{rows}'"  # noqa: S608 -- our own
            " (FORMAT csv, HEADER false)"
        )
    with psycopg.connect(address, autocommit=True) as connection, rows.open("rb") as file:
        connection.execute(f'ALTER TABLE "{schema}".events DISABLE TRIGGER documents_with_events')
        began = time.perf_counter()
        with connection.cursor().copy(f'COPY "{schema}".events ({columns}) FROM STDIN (FORMAT csv)') as copy:
            while block := file.read(_BLOCK):
                copy.write(block)
        seconds = time.perf_counter() - began
        connection.execute(f'VACUUM (ANALYZE) "{schema}".events')
    rows.unlink()
    return seconds


def _make_partition(services: Services) -> None:
    """By an event in the month, of a tenant that is not counted."""
    at = midnight(FIRST.replace(day=1))
    event = UsageEvent("/portal", "first", Action.SENT, "nobody", "nobody", "doc", at)
    services.usage_store.put_events([ReceivedEvent(event, at, "m")])
