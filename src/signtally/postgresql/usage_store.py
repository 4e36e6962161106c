"""The usage store over PostgreSQL: what is written can be read at once, and an id is stored once for ever."""

import datetime as dt
from collections.abc import Sequence
from contextlib import AbstractContextManager

import polars as pl

from signtally.domain.events import ReceivedEvent
from signtally.domain.schemas import (
    ARRIVALS,
    DAY_TOTALS,
    EVENT_DAYS,
    EVENTS,
    IDENTITY,
    RESTATEMENTS,
    STORED_USAGE,
    TENANT_DAYS,
    by_tenant,
)
from signtally.domain.time_units import UNIX_EPOCH
from signtally.domain.user_counts import USER_COUNTS, UserSelection
from signtally.ports.usage_store import ALL_COLUMNS, WriteOutcome
from signtally.postgresql import usage_sql as sql
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.documents import PostgresqlDocuments
from signtally.postgresql.event_writing import EventWriting
from signtally.postgresql.retention import Retention
from signtally.postgresql.row_writing import RowWriting
from signtally.postgresql.schema import PostgresqlSchema

_TEXT_LIMIT_BYTES = 1_792  # as much as the other stores take, so that a tenant can move there
_LONGEST_KEPT = dt.timedelta(days=73_000)  # as long as the setting takes
_ONE = pl.Schema({"one": pl.Int32()})
_GENERATION = pl.Schema({"id": pl.String()})
_REVISION = pl.Schema({"revision": pl.String()})


class PostgresqlUsageStore(PostgresqlDocuments):
    """Events, daily usage, restatements and superseded events in one schema of a database."""

    def __init__(self, connections: PostgresqlConnections, *, schema: str, kept: dt.timedelta = _LONGEST_KEPT) -> None:
        """*kept* is how long events are kept, at least: what is older is refused, and months of it can be dropped."""
        super().__init__(connections, PostgresqlSchema(connections, schema))
        self._kept = kept
        self._event_writing = EventWriting(connections, self._schema, kept=kept)
        self._rows = RowWriting(connections, self._schema)

    def close(self) -> None:
        """Close the connections that nobody uses; the next call makes new ones."""
        self._connections.close()

    def check(self) -> None:
        self._schema.check()

    def provision(self) -> bool:
        return self._schema.provision(today=dt.datetime.now(dt.UTC).date())

    def drop_expired(self, *, now: dt.datetime, dry_run: bool = False) -> list[str]:
        return Retention(self._connections, self._schema).drop(before=now - self._kept, dry_run=dry_run)

    @property
    def text_limit_bytes(self) -> int:
        return _TEXT_LIMIT_BYTES

    @property
    def refuses_repeated_ids(self) -> bool:
        return True

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        return self._event_writing.put(events)

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._frame(self._select("events", EVENTS, sql.within(since, until), tenant_ids), EVENTS)

    def scan_events(
        self,
        *,
        since: dt.datetime,
        until: dt.datetime,
        tenant_ids: Sequence[str] | None,
        columns: Sequence[str] = ALL_COLUMNS,
    ) -> AbstractContextManager[pl.LazyFrame]:
        wanted = pl.Schema({name: EVENTS[name] for name in columns})
        query = self._select("events", wanted, sql.within(since, until), tenant_ids)
        return self._connections.scan(self._schema.what, query, wanted)

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        events = self._schema.table("events")
        query = sql.select_days_with_events(events, since=since, until=until, tenant_ids=tenant_ids)
        return self._frame(query, EVENT_DAYS)

    def has_events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None) -> bool:
        return self._has_any("events", sql.within(since, until), tenant_ids)

    def repeated_events(self, *, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        """None: the second of two was refused when it came."""
        del since, until
        return ARRIVALS.to_frame()

    def put_daily_usage(
        self, rows: pl.DataFrame, *, version: int, counted_at: dt.datetime | None = None
    ) -> pl.DataFrame:
        instant = counted_at or UNIX_EPOCH + dt.timedelta(microseconds=version)
        return self._rows.put_daily_usage(rows, version=version, counted_at=instant)

    def usage_generation(self) -> str:
        query = sql.select(self._schema.table("generation"), ["id::text AS id"], "true")
        return str(self._frame(query, _GENERATION).item())

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._frame(self._select("daily_usage", STORED_USAGE, sql.days(first, last), tenant_ids), STORED_USAGE)

    def scan_daily_usage(
        self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None
    ) -> AbstractContextManager[pl.LazyFrame]:
        query = self._select("daily_usage", STORED_USAGE, sql.days(first, last), tenant_ids)
        return self._connections.scan(self._schema.what, query, STORED_USAGE)

    def has_daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None) -> bool:
        return self._has_any("daily_usage", sql.days(first, last), tenant_ids)

    def day_totals(
        self, tenant_id: str, *, first: dt.date, last: dt.date, user_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        return self._day_totals([tenant_id], first, last, user_ids).drop("tenant_id")

    def day_totals_by_tenant(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._day_totals(tenant_ids, first, last, None)

    def user_usage(self, tenant_id: str, *, first: dt.date, last: dt.date, page: UserSelection) -> pl.DataFrame:
        usage = self._schema.table("daily_usage")
        return self._frame(sql.select_user_usage(usage, tenant_id, first=first, last=last, page=page), USER_COUNTS)

    def first_usage_day(self, tenant_id: str) -> dt.date | None:
        days = self.first_usage_days([tenant_id])["day"]
        return None if days.is_empty() else days[0]

    def first_usage_days(self, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._frame(sql.select_first_usage_days(self._schema.table("daily_usage"), tenant_ids), TENANT_DAYS)

    def put_restatements(self, rows: pl.DataFrame) -> None:
        self._rows.put_restatements(rows)

    def restatements(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._frame(self._select("restatements", RESTATEMENTS, sql.days(first, last), tenant_ids), RESTATEMENTS)

    def put_superseded(self, rows: pl.DataFrame) -> None:
        self._rows.put_superseded(rows)

    def superseded(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None) -> pl.DataFrame:
        return self._frame(self._select("superseded_events", IDENTITY, sql.within(since, until), tenant_ids), IDENTITY)

    @property
    def names_hidden_after_seconds(self) -> float:
        return 0.0  # it hides nobody's

    def events_with_names(self, tenant_id: str, user_id: str | None) -> pl.DataFrame:
        return self._frame(sql.select_with_names(self._schema.table("events"), [*EVENTS], tenant_id, user_id), EVENTS)

    def usage_with_names(self, tenant_id: str, user_id: str | None) -> pl.DataFrame:
        usage = self._schema.table("daily_usage")
        return self._frame(sql.select_with_names(usage, [*STORED_USAGE], tenant_id, user_id), STORED_USAGE)

    def put_nameless(self, events: pl.DataFrame) -> None:
        self._event_writing.take_names(events)

    def revision(self, tenant_id: str) -> str | None:
        names = ("events", "daily_usage", "restatements", "superseded_events")
        query = sql.select_revision({name: self._schema.table(name) for name in names}, tenant_id)
        return str(self._frame(query, _REVISION).item())

    def _select(self, table: str, schema: pl.Schema, where: str, tenant_ids: Sequence[str] | None) -> str:
        return sql.select(self._schema.table(table), [*schema], where, tenant_ids=tenant_ids)

    def _has_any(self, table: str, where: str, tenant_ids: Sequence[str] | None) -> bool:
        found = sql.select(self._schema.table(table), ["1 AS one"], where, tenant_ids=tenant_ids)
        return not self._frame(f"{found} LIMIT 1", _ONE).is_empty()

    def _day_totals(
        self, tenant_ids: Sequence[str], first: dt.date, last: dt.date, user_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        usage = self._schema.table("daily_usage")
        query = sql.select_day_totals(usage, first=first, last=last, tenant_ids=tenant_ids, user_ids=user_ids)
        return self._frame(query, by_tenant(DAY_TOTALS))
