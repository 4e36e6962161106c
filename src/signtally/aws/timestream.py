"""The usage store over Amazon Timestream for LiveAnalytics.

`events`: the dimensions tenant_id, user_id, action and event_id are an event's identity together with its time; what
else is known of it are measures. `daily_usage`: one row a tenant, user and local date, rewritten with higher versions.
`restatements`: one record a change of a day that was over. `superseded_events`: which events do not count.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import polars as pl

from signtally.aws import timestream_document_sql as document_sql
from signtally.aws import timestream_sql as sql
from signtally.aws.timestream_access import Selection, TimestreamAccess
from signtally.aws.timestream_records import (
    EVENT_TEXT_LIMIT_BYTES,
    event_batch,
    microseconds,
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
from signtally.domain.actions import Counts
from signtally.domain.activity import ACTIVITY, activity_rows
from signtally.domain.cohorts import COHORTS
from signtally.domain.day_totals import joined
from signtally.domain.document_lifecycles import DOCUMENTS
from signtally.domain.events import ReceivedEvent
from signtally.domain.schemas import (
    ARRIVALS,
    DAY_TOTALS,
    DAYS,
    EVENT_DAYS,
    EVENTS,
    IDENTITY,
    RESTATEMENTS,
    STANDING_ROWS,
    STORED_USAGE,
)
from signtally.domain.user_counts import COUNTS, USER_COUNTS
from signtally.ports.usage_store import WriteOutcome

if TYPE_CHECKING:
    from mypy_boto3_timestream_query import TimestreamQueryClient
    from mypy_boto3_timestream_write import TimestreamWriteClient

_WRITE_MAX_RECORDS = 100  # a WriteRecords call
_NANOSECONDS_A_MICROSECOND = 1_000


class TimestreamUsageStore:
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
    ) -> None:
        self._access = TimestreamAccess(write, query, unload=unload, database=database)
        self._tables = TimestreamTables(write, database, memory_retention_hours, magnetic_retention_days)

    def check(self) -> None:
        self._tables.check(EVENTS_TABLE)

    @property
    def text_limit_bytes(self) -> int:
        return EVENT_TEXT_LIMIT_BYTES

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        if not events:
            return []
        rejections = self._access.write(EVENTS_TABLE, event_batch(events))
        return [outcome(received, rejection) for received, rejection in zip(events, rejections, strict=True)]

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._within(EVENTS_TABLE, EVENTS, since=since, until=until, tenant_ids=tenant_ids)

    def scan_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> AbstractContextManager[pl.LazyFrame]:
        select = self._selection_within(EVENTS_TABLE, since, until)
        return self._access.scan(EVENTS_TABLE, EVENTS, tenant_ids=tenant_ids, select=select)

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        if not self._access.columns(EVENTS_TABLE, EVENTS):
            return EVENT_DAYS.to_frame()
        lists: Iterable[str | None] = [None] if tenant_ids is None else sql.literal_lists(tenant_ids)
        table = self._access.name(EVENTS_TABLE)
        queries = (sql.select_days_with_events(table, since=since, until=until, tenants=tenants) for tenants in lists)
        return self._access.frame(EVENTS_TABLE, queries, columns=[*EVENT_DAYS], schema=EVENT_DAYS)

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
        if not self._access.columns(DAILY_USAGE_TABLE, STORED_USAGE):
            return DAY_TOTALS.to_frame()
        table = self._access.name(DAILY_USAGE_TABLE)
        queries = (
            sql.select_day_totals(table, tenant_id=tenant_id, first=first, last=last, users=users)
            for users in _lists(user_ids)
        )
        totals = self._access.frame(DAILY_USAGE_TABLE, queries, columns=[*DAY_TOTALS], schema=DAY_TOTALS)
        return joined(totals)

    def user_usage(
        self, tenant_id: str, *, first: dt.date, last: dt.date, after: str | None, limit: int
    ) -> pl.DataFrame:
        columns = self._access.columns(DAILY_USAGE_TABLE, STORED_USAGE)
        if not columns:
            return USER_COUNTS.to_frame()
        query = sql.select_user_usage(
            self._access.name(DAILY_USAGE_TABLE),
            columns,
            tenant_id=tenant_id,
            first=first,
            last=last,
            after=after,
            limit=limit,
        )
        return self._access.frame(DAILY_USAGE_TABLE, [query], columns=[*USER_COUNTS], schema=USER_COUNTS)

    def first_usage_day(self, tenant_id: str) -> dt.date | None:
        if not self._access.columns(DAILY_USAGE_TABLE, STORED_USAGE):
            return None
        query = sql.select_first_usage_day(self._access.name(DAILY_USAGE_TABLE), tenant_id=tenant_id)
        days = self._access.frame(DAILY_USAGE_TABLE, [query], columns=["day"], schema=DAYS)["day"]
        return None if days.is_empty() else days[0]

    def scan_daily_usage(
        self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None
    ) -> AbstractContextManager[pl.LazyFrame]:
        select = self._selection_of_days(first, last)
        return self._access.scan(DAILY_USAGE_TABLE, STORED_USAGE, tenant_ids=tenant_ids, select=select)

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

    def documents(self, tenant_id: str, *, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        def select(table: str, columns: Sequence[str]) -> str:
            return document_sql.select_documents(
                self._valid(table), columns, tenant_id=tenant_id, since=since, until=until
            )

        return self._derive(DOCUMENTS, select)

    def documents_sent(self, tenant_id: str, *, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        def select(table: str, columns: Sequence[str]) -> str:
            valid = self._valid(table)
            return document_sql.select_documents_sent(valid, columns, tenant_id=tenant_id, since=since, until=until)

        return self._derive(DOCUMENTS, select)

    def cohorts(
        self,
        tenant_id: str,
        *,
        since: dt.datetime,
        until: dt.datetime,
        parted_at: Sequence[dt.datetime],
        user_ids: Sequence[str] | None,
    ) -> pl.DataFrame:
        columns = self._access.columns(EVENTS_TABLE, EVENTS)
        if not columns:
            return COHORTS.to_frame()
        valid = self._valid(self._access.name(EVENTS_TABLE))
        queries = (
            document_sql.select_cohorts(
                valid, columns, tenant_id=tenant_id, since=since, until=until, parted_at=parted_at, senders=senders
            )
            for senders in _lists(user_ids)
        )
        parts = self._access.frame(EVENTS_TABLE, queries, columns=[*COHORTS], schema=COHORTS)
        return parts.group_by("part").agg(pl.all().sum())

    def activity(
        self,
        tenant_id: str,
        *,
        since: dt.datetime,
        until: dt.datetime,
        parted_at: Sequence[dt.datetime],
        user_ids: Sequence[str] | None,
    ) -> pl.DataFrame:
        lists = [None] if user_ids is None else [*sql.literal_lists(user_ids)]
        if len(lists) != 1:  # more users than a query can name, or none
            events = self.events(since=since, until=until, tenant_ids=[tenant_id])
            superseded = self.superseded(since=since, until=until, tenant_ids=[tenant_id])
            valid = events.join(superseded, on=[*IDENTITY], how="anti")
            return activity_rows(valid, parted_at=parted_at, user_ids=user_ids)

        def select(table: str, _: Sequence[str]) -> str:
            valid = self._valid(table)
            return document_sql.select_activity(
                valid, tenant_id=tenant_id, since=since, until=until, parted_at=parted_at, users=lists[0]
            )

        return self._derive(ACTIVITY, select)

    def user_counts(
        self,
        tenant_id: str,
        *,
        since: dt.datetime,
        until: dt.datetime,
        after: str | None = None,
        limit: int | None = None,
    ) -> pl.DataFrame:
        def select(table: str, columns: Sequence[str]) -> str:
            counted = document_sql.select_user_counts(table, columns, tenant_id=tenant_id, since=since, until=until)
            return document_sql.page_of_users(counted, after=after, limit=limit)

        return self._derive(USER_COUNTS, select)

    def event_counts(
        self, tenant_id: str, *, since: dt.datetime, until: dt.datetime, user_ids: Sequence[str] | None
    ) -> Counts:
        lists = [*_lists(user_ids)]

        def select(table: str, _: Sequence[str]) -> str:
            return document_sql.select_event_counts(
                table, tenant_id=tenant_id, since=since, until=until, users=lists.pop()
            )

        parts = [self._derive(COUNTS, select) for _ in range(len(lists))]
        return Counts.total(Counts(*row) for part in parts for row in part.iter_rows()) if parts else Counts()

    def provision(self) -> bool:
        return self._tables.provision()

    def _derive(self, schema: pl.Schema, select: Callable[[str, Sequence[str]], str]) -> pl.DataFrame:
        """A frame of what a query makes of the events, given their table and the columns that it has by now."""
        columns = self._access.columns(EVENTS_TABLE, EVENTS)
        if not columns:
            return schema.to_frame()
        query = select(self._access.name(EVENTS_TABLE), columns)
        return self._access.frame(EVENTS_TABLE, [query], columns=[*schema], schema=schema)

    def _valid(self, events: str) -> document_sql.ValidEvents:
        """Until an event is superseded, the table of those has no columns that a query could name."""
        some = self._access.columns(SUPERSEDED_TABLE, IDENTITY)
        return document_sql.ValidEvents(events, self._access.name(SUPERSEDED_TABLE) if some else None)

    def _within(
        self, table: str, schema: pl.Schema, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        select = self._selection_within(table, since, until)
        return self._access.read(table, schema, tenant_ids=tenant_ids, select=select)

    def _selection_within(self, table: str, since: dt.datetime, until: dt.datetime) -> Selection:
        def select(columns: Sequence[str], tenants: str | None) -> str:
            return sql.select_within(self._access.name(table), columns, since=since, until=until, tenants=tenants)

        return select

    def _selection_of_days(self, first: dt.date, last: dt.date) -> Selection:
        def select(columns: Sequence[str], tenants: str | None) -> str:
            table = self._access.name(DAILY_USAGE_TABLE)
            return sql.select_daily_usage(table, columns, first=first, last=last, tenants=tenants)

        return select


def _lists(user_ids: Sequence[str] | None) -> Iterable[str | None]:
    """Users as lists for queries, none for nobody; one query without a list for everybody."""
    return [None] if user_ids is None else sql.literal_lists(user_ids)
