"""Events and daily usage in memory, with Timestream's manners: what exists is kept, a higher version replaces."""

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Sequence

import polars as pl

from signtally.domain.aggregation import DAILY_USAGE, EVENT_DAYS, EVENTS
from signtally.domain.events import ReceivedEvent
from signtally.ports.usage_store import WriteOutcome, WriteResult

_EventIdentity = tuple[str, str, str, str, dt.datetime]
_RowIdentity = tuple[str, str, dt.date]
_Row = dict[str, object]


class MemoryUsageStore:
    """*refusal* answers for an event that the store will never take, as Timestream does for one that is too old."""

    def __init__(self, *, refusal: Callable[[ReceivedEvent], WriteOutcome | None] = lambda _: None) -> None:
        self._refusal = refusal
        self._events: dict[_EventIdentity, ReceivedEvent] = {}
        self._rows: dict[_RowIdentity, tuple[int, _Row]] = {}
        self._lock = threading.Lock()

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        with self._lock:
            return [self._refusal(received) or self._put(received) for received in events]

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        wanted = set(tenant_ids)
        rows = [_event_row(found) for found in self._between(since, until) if found.event.tenant_id in wanted]
        return pl.DataFrame(rows, schema=EVENTS, orient="row")

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        days = {
            (found.event.tenant_id, found.event.occurred_at.astimezone(dt.UTC).date())
            for found in self._between(since, until)
            if tenant_ids is None or found.event.tenant_id in tenant_ids
        }
        return pl.DataFrame(sorted(days), schema=EVENT_DAYS, orient="row")

    def put_daily_usage(self, rows: pl.DataFrame, *, version: int) -> int:
        with self._lock:
            return sum(self._put_row(row, version) for row in rows.match_to_schema(DAILY_USAGE).iter_rows(named=True))

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        wanted = set(tenant_ids)
        with self._lock:
            rows = [
                row
                for (tenant_id, _, day), (_, row) in self._rows.items()
                if tenant_id in wanted and first <= day <= last
            ]
        return pl.DataFrame(rows, schema=DAILY_USAGE)

    def provision(self) -> bool:
        return False  # a dictionary needs no making

    def _put(self, received: ReceivedEvent) -> WriteOutcome:
        first = self._events.setdefault(_identity(received), received)
        return WriteOutcome(WriteResult.STORED if first == received else WriteResult.DUPLICATE)

    def _put_row(self, row: _Row, version: int) -> bool:
        identity = (str(row["tenant_id"]), str(row["user_id"]), dt.date.fromisoformat(str(row["day"])))
        held_version, held = self._rows.get(identity, (0, {}))
        if version < held_version or (version == held_version and row != held):
            return False
        self._rows[identity] = (version, row)
        return True

    def _between(self, since: dt.datetime, until: dt.datetime) -> Iterable[ReceivedEvent]:
        with self._lock:
            return [found for found in self._events.values() if since <= found.event.occurred_at < until]


def _identity(received: ReceivedEvent) -> _EventIdentity:
    event = received.event
    return event.tenant_id, event.user_id, event.action, event.event_id, event.occurred_at


def _event_row(received: ReceivedEvent) -> tuple[object, ...]:
    event = received.event
    return (
        event.tenant_id,
        event.user_id,
        str(event.action),
        event.event_id,
        event.occurred_at,
        received.received_at,
        received.message_id,
        event.document_id,
        event.user_name or None,
        event.user_email or None,
        event.sent_at,
    )
