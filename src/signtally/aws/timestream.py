"""The usage store over Amazon Timestream for LiveAnalytics.

`events`: the dimensions tenant_id, user_id, action and event_id are an event's identity together with its time; what
else is known of it are measures. `daily_usage`: one row a tenant, user and local date, rewritten with higher versions.
`restatements`: one record a change of a day that was over. `superseded_events`: which events do not count.
"""

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import polars as pl

from signtally.aws import timestream_sql as sql
from signtally.aws.timestream_access import Selection, TimestreamAccess
from signtally.aws.timestream_documents import TimestreamDocuments, user_lists
from signtally.aws.timestream_records import (
    EVENT_TEXT_LIMIT_BYTES,
    event_batch,
    microseconds,
    nameless_batch,
    outcome,
    restatement_batch,
    superseded_batch,
    usage_batch,
)
from signtally.aws.timestream_tables import (
    DAILY_USAGE_TABLE,
    EVENTS_TABLE,
    RESTATEMENTS_TABLE,
    SUPERSEDED_TABLE,
    TimestreamTables,
)
from signtally.aws.timestream_unload import TimestreamUnload
from signtally.domain.day_totals import joined
from signtally.domain.events import ReceivedEvent
from signtally.domain.schemas import (
    ARRIVALS,
    DAY_TOTALS,
    EVENT_DAYS,
    EVENTS,
    IDENTITY,
    RESTATEMENTS,
    STANDING_ROWS,
    STORED_USAGE,
    TENANT_DAYS,
    by_tenant,
)
from signtally.domain.user_counts import USER_COUNTS, UserSelection, page_of
from signtally.ports.usage_store import ALL_COLUMNS, WriteOutcome

if TYPE_CHECKING:
    from mypy_boto3_timestream_query import TimestreamQueryClient
    from mypy_boto3_timestream_write import TimestreamWriteClient

_WRITE_MAX_RECORDS = 100  # a WriteRecords call
_NANOSECONDS_A_MICROSECOND = 1_000


class TimestreamUsageStore(TimestreamDocuments):
    """Events, daily usage, restatements and superseded events in one Timestream database."""

    def __init__(  # noqa: PLR0913 -- what it is made of, and by name
        self,
        write: "TimestreamWriteClient",
        query: "TimestreamQueryClient",
        *,
        unload: TimestreamUnload,
        database: str,
        memory_retention_hours: int,
        magnetic_retention_days: int,
        recheck_seconds: float = 0,
    ) -> None:
        """*recheck_seconds* is how long what was never written to a table before may stay unseen."""
        access = TimestreamAccess(write, query, unload=unload, database=database, recheck_seconds=recheck_seconds)
        super().__init__(access)
        self._tables = TimestreamTables(write, database, memory_retention_hours, magnetic_retention_days)

    def check(self) -> None:
        self._tables.check(EVENTS_TABLE)

    @property
    def text_limit_bytes(self) -> int:
        return EVENT_TEXT_LIMIT_BYTES

    @property
    def refuses_repeated_ids(self) -> bool:
        return False

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        if not events:
            return []
        rejections = self._access.write(EVENTS_TABLE, event_batch(events))
        return [outcome(received, rejection) for received, rejection in zip(events, rejections, strict=True)]

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._within(EVENTS_TABLE, EVENTS, since=since, until=until, tenant_ids=tenant_ids)

    def scan_events(
        self,
        *,
        since: dt.datetime,
        until: dt.datetime,
        tenant_ids: Sequence[str] | None,
        columns: Sequence[str] = ALL_COLUMNS,
    ) -> AbstractContextManager[pl.LazyFrame]:
        select = self._selection_within(EVENTS_TABLE, since, until)
        return self._access.scan(EVENTS_TABLE, EVENTS, tenant_ids=tenant_ids, select=select, wanted=columns)

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        if not self._access.columns(EVENTS_TABLE, EVENTS):
            return EVENT_DAYS.to_frame()
        lists: Iterable[str | None] = [None] if tenant_ids is None else sql.literal_lists(tenant_ids)
        table = self._access.name(EVENTS_TABLE)
        queries = (sql.select_days_with_events(table, since=since, until=until, tenants=tenants) for tenants in lists)
        return self._access.frame(EVENTS_TABLE, queries, columns=[*EVENT_DAYS], schema=EVENT_DAYS)

    def has_events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None) -> bool:
        select = self._selection_within(EVENTS_TABLE, since, until)
        return self._access.has_any(EVENTS_TABLE, EVENTS, tenant_ids=tenant_ids, select=select)

    def put_daily_usage(
        self, rows: pl.DataFrame, *, version: int, counted_at: dt.datetime | None = None
    ) -> pl.DataFrame:
        instant = str(version) if counted_at is None else microseconds(counted_at)
        parts = rows.iter_slices(_WRITE_MAX_RECORDS)
        batches = (usage_batch(part, version=version, counted_at=instant) for part in parts)
        outdated = self._access.write_newest(DAILY_USAGE_TABLE, batches)
        versions = pl.Series([each and (each.existing_version or version) for each in outdated], dtype=pl.Int64)
        return (
            rows.with_columns(version=versions)
            .filter(pl.col("version").is_not_null())
            .match_to_schema(STANDING_ROWS, extra_columns="ignore")
        )

    def usage_generation(self) -> str:
        return self._tables.created_at(DAILY_USAGE_TABLE).isoformat()

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        select = self._selection_of_days(first, last)
        return self._access.read(DAILY_USAGE_TABLE, STORED_USAGE, tenant_ids=tenant_ids, select=select)

    def day_totals(
        self, tenant_id: str, *, first: dt.date, last: dt.date, user_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        lists = [*user_lists(user_ids)]
        return self._day_totals([tenant_id], first, last, users=lists).drop("tenant_id")

    def day_totals_by_tenant(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._day_totals(tenant_ids, first, last, users=[None])

    def user_usage(self, tenant_id: str, *, first: dt.date, last: dt.date, page: UserSelection) -> pl.DataFrame:
        columns = self._access.columns(DAILY_USAGE_TABLE, STORED_USAGE)
        if not columns:
            return USER_COUNTS.to_frame()
        table = self._access.name(DAILY_USAGE_TABLE)
        where = sql.days_of(tenant_id, first=first, last=last)
        queries = [
            sql.select_user_usage(table, columns, where=where, page=sql.UserPage(page.after, page.limit, users))
            for users in user_lists(page.user_ids)
        ]
        found = self._access.frame(DAILY_USAGE_TABLE, queries, columns=[*USER_COUNTS], schema=USER_COUNTS)
        return found if len(queries) == 1 else page_of(found, page)

    def first_usage_day(self, tenant_id: str) -> dt.date | None:
        days = self.first_usage_days([tenant_id])["day"]
        return None if days.is_empty() else days[0]

    def first_usage_days(self, tenant_ids: Sequence[str]) -> pl.DataFrame:
        if not self._access.columns(DAILY_USAGE_TABLE, STORED_USAGE):
            return TENANT_DAYS.to_frame()
        table = self._access.name(DAILY_USAGE_TABLE)
        queries = (sql.select_first_usage_days(table, tenants=tenants) for tenants in sql.literal_lists(tenant_ids))
        return self._access.frame(DAILY_USAGE_TABLE, queries, columns=[*TENANT_DAYS], schema=TENANT_DAYS)

    def scan_daily_usage(
        self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None
    ) -> AbstractContextManager[pl.LazyFrame]:
        select = self._selection_of_days(first, last)
        return self._access.scan(DAILY_USAGE_TABLE, STORED_USAGE, tenant_ids=tenant_ids, select=select)

    def has_daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None) -> bool:
        select = self._selection_of_days(first, last)
        return self._access.has_any(DAILY_USAGE_TABLE, STORED_USAGE, tenant_ids=tenant_ids, select=select)

    def put_restatements(self, rows: pl.DataFrame) -> None:
        version = time.time_ns() // _NANOSECONDS_A_MICROSECOND
        batches = (restatement_batch(part, version=version) for part in rows.iter_slices(_WRITE_MAX_RECORDS))
        self._access.write_newest(RESTATEMENTS_TABLE, batches)

    def restatements(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        def select(columns: Sequence[str], tenants: str | None) -> str:
            table = self._access.name(RESTATEMENTS_TABLE)
            return sql.select_restatements(table, columns, first=first, last=last, tenants=tenants)

        return self._access.read(RESTATEMENTS_TABLE, RESTATEMENTS, tenant_ids=tenant_ids, select=select)

    def repeated_events(self, *, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        if not self._access.columns(EVENTS_TABLE, EVENTS):
            return ARRIVALS.to_frame()
        query = sql.select_repeated(self._access.name(EVENTS_TABLE), [*ARRIVALS], since=since, until=until)
        return self._access.frame(EVENTS_TABLE, [query], columns=[*ARRIVALS], schema=ARRIVALS)

    def put_superseded(self, rows: pl.DataFrame) -> None:
        batches = (superseded_batch(part) for part in rows.iter_slices(_WRITE_MAX_RECORDS))
        self._access.write_newest(SUPERSEDED_TABLE, batches)

    def superseded(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None) -> pl.DataFrame:
        return self._within(SUPERSEDED_TABLE, IDENTITY, since=since, until=until, tenant_ids=tenant_ids)

    @property
    def names_hidden_after_seconds(self) -> float:
        return 0.0  # it hides nobody's

    def events_with_names(self, tenant_id: str, user_id: str | None) -> pl.DataFrame:
        return self._with_names(EVENTS_TABLE, EVENTS, tenant_id, user_id)

    def usage_with_names(self, tenant_id: str, user_id: str | None) -> pl.DataFrame:
        return self._with_names(DAILY_USAGE_TABLE, STORED_USAGE, tenant_id, user_id)

    def put_nameless(self, events: pl.DataFrame) -> None:
        batches = (nameless_batch(part) for part in events.iter_slices(_WRITE_MAX_RECORDS))
        self._access.write_newest(EVENTS_TABLE, batches)

    def revision(self, tenant_id: str) -> str | None:
        schemas = {
            EVENTS_TABLE: EVENTS,
            DAILY_USAGE_TABLE: STORED_USAGE,
            RESTATEMENTS_TABLE: RESTATEMENTS,
            SUPERSEDED_TABLE: IDENTITY,
        }
        there = [table for table, schema in schemas.items() if self._access.columns(table, schema)]
        counted = {DAILY_USAGE_TABLE: "counted_at"}
        parts = [(table, self._access.name(table), counted.get(table)) for table in there]
        if not parts:
            return ""
        query = sql.select_revision(parts, tenant_id=tenant_id)
        found = self._access.frame(EVENTS_TABLE, [query], columns=[*sql.REVISION], schema=sql.REVISION)
        return str(sorted(found.rows()))

    def provision(self) -> bool:
        return self._tables.provision()

    def drop_expired(self, *, now: dt.datetime, dry_run: bool = False) -> list[str]:
        """None: Timestream drops by itself, by the retention that its tables were made with."""
        del now, dry_run
        return []

    def _day_totals(
        self, tenant_ids: Sequence[str], first: dt.date, last: dt.date, *, users: Sequence[str | None]
    ) -> pl.DataFrame:
        schema = by_tenant(DAY_TOTALS)
        if not self._access.columns(DAILY_USAGE_TABLE, STORED_USAGE):
            return schema.to_frame()
        table = self._access.name(DAILY_USAGE_TABLE)
        queries = (
            sql.select_day_totals(table, tenants=tenants, first=first, last=last, users=some)
            for tenants in sql.literal_lists(tenant_ids)
            for some in users
        )
        totals = self._access.frame(DAILY_USAGE_TABLE, queries, columns=[*schema], schema=schema)
        return totals if len(users) == 1 else joined(totals)

    def _with_names(self, table: str, schema: pl.Schema, tenant_id: str, user_id: str | None) -> pl.DataFrame:
        columns = self._access.columns(table, schema)
        if not {"user_name", "user_email"} & {*columns}:
            return schema.to_frame()
        query = sql.select_with_names(self._access.name(table), columns, tenant_id=tenant_id, user_id=user_id)
        return self._access.frame(table, [query], columns=columns, schema=schema)

    def _selection_of_days(self, first: dt.date, last: dt.date) -> Selection:
        def select(columns: Sequence[str], tenants: str | None) -> str:
            table = self._access.name(DAILY_USAGE_TABLE)
            return sql.select_daily_usage(table, columns, first=first, last=last, tenants=tenants)

        return select
