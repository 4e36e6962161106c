"""The usage store over Amazon Timestream for LiveAnalytics.

`events`: the dimensions tenant_id, user_id, action and event_id are an event's identity together with its time; what
else is known of it are measures. `daily_usage`: one row a tenant, user and local date, rewritten with higher versions.

A column exists in Timestream once something was written to it, and naming one that does not exist is an error. So a
table is described before it is read, until all of its columns are there: an optional one that is not reads as null,
and a table that lacks a required one holds nothing.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypedDict, cast

import polars as pl
from botocore.exceptions import ClientError

from signtally.aws import timestream_sql as sql
from signtally.aws.errors import translated
from signtally.aws.timestream_answers import frame, keep_rows_as_sent, pages
from signtally.aws.timestream_records import Batch, Rejection, event_batch, outcome, usage_batch
from signtally.aws.timestream_tables import DAILY_USAGE_TABLE, EVENTS_TABLE, TimestreamTables
from signtally.domain.aggregation import DAILY_USAGE, EVENT_DAYS, EVENTS
from signtally.domain.events import ReceivedEvent
from signtally.ports.errors import ServiceError
from signtally.ports.usage_store import WriteOutcome

if TYPE_CHECKING:
    from mypy_boto3_timestream_query import TimestreamQueryClient
    from mypy_boto3_timestream_write import TimestreamWriteClient

_WRITE_LIMIT = 100  # records a WriteRecords call
_WRITERS = 4
_OPTIONAL = {"user_name", "user_email", "sent_at"}
_OF_WHOLE_CALL = {"SerializationException", "ValidationException"}


class _RejectedRecord(TypedDict):
    RecordIndex: int
    Reason: str


class _Rejected(TypedDict):
    """What boto3's stubs leave out of a RejectedRecordsException."""

    RejectedRecords: list[_RejectedRecord]


class TimestreamUsageStore:
    def __init__(
        self,
        write: "TimestreamWriteClient",
        query: "TimestreamQueryClient",
        *,
        database: str,
        memory_retention_hours: int,
        magnetic_retention_days: int,
    ) -> None:
        keep_rows_as_sent(query)
        self._writer = write
        self._reader = query
        self._database = database
        self._tables = TimestreamTables(write, database, memory_retention_hours, magnetic_retention_days)
        self._complete: set[str] = set()  # the tables of which every column exists

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        if not events:
            return []
        rejections = self._write(EVENTS_TABLE, event_batch(events))
        return [outcome(received, rejection) for received, rejection in zip(events, rejections, strict=True)]

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        def select(columns: Sequence[str], tenants: str) -> str:
            return sql.select_events(self._name(EVENTS_TABLE), columns, since=since, until=until, tenants=tenants)

        return self._read(EVENTS_TABLE, EVENTS, tenant_ids=tenant_ids, select=select)

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        if not self._columns(EVENTS_TABLE, EVENTS):
            return EVENT_DAYS.to_frame()
        lists: Iterable[str | None] = [None] if tenant_ids is None else sql.tenant_lists(tenant_ids)
        table = self._name(EVENTS_TABLE)
        queries = (sql.select_days_with_events(table, since=since, until=until, tenants=tenants) for tenants in lists)
        return self._frame(EVENTS_TABLE, queries, columns=[*EVENT_DAYS], schema=EVENT_DAYS)

    def put_daily_usage(self, rows: pl.DataFrame, *, version: int) -> int:
        batches = [usage_batch(part, version=version) for part in rows.iter_slices(_WRITE_LIMIT)]
        with ThreadPoolExecutor(_WRITERS) as writers:
            return sum(writers.map(self._write_usage, batches))

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        def select(columns: Sequence[str], tenants: str) -> str:
            table = self._name(DAILY_USAGE_TABLE)
            return sql.select_daily_usage(table, columns, first=first, last=last, tenants=tenants)

        return self._read(DAILY_USAGE_TABLE, DAILY_USAGE, tenant_ids=tenant_ids, select=select)

    def provision(self) -> bool:
        return self._tables.provision()

    def _write(self, table: str, batch: Batch) -> list[Rejection | None]:
        """What became of each record. An invalid one may sink its whole call: then halves are tried, down to it."""
        with translated("Timestream", f"table {self._database}.{table}"):
            try:
                self._writer.write_records(
                    DatabaseName=self._database,
                    TableName=table,
                    CommonAttributes=batch.common,
                    Records=batch.records,
                )
            except self._writer.exceptions.RejectedRecordsException as error:
                rejected = cast("_Rejected", error.response)["RejectedRecords"]
                rejections = {each["RecordIndex"]: Rejection(each["Reason"]) for each in rejected}
                return [rejections.get(index) for index in range(len(batch.records))]
            except ClientError as error:
                if error.response["Error"]["Code"] not in _OF_WHOLE_CALL:
                    raise
                if len(batch.records) == 1:
                    return [Rejection(error.response["Error"]["Message"])]
                return [rejection for half in batch.halves() for rejection in self._write(table, half)]
        return [None] * len(batch.records)

    def _write_usage(self, batch: Batch) -> int:
        rejections = self._write(DAILY_USAGE_TABLE, batch)
        refused = [each for each in rejections if each is not None and not each.is_outdated]
        if refused:
            raise ServiceError(f"Timestream refused {len(refused)} rows of daily usage: {refused[0].reason}")
        return rejections.count(None)

    def _read(
        self,
        table: str,
        schema: pl.Schema,
        *,
        tenant_ids: Sequence[str],
        select: Callable[[Sequence[str], str], str],
    ) -> pl.DataFrame:
        columns = self._columns(table, schema) if tenant_ids else []
        if not columns:
            return schema.to_frame()
        queries = (select(columns, tenants) for tenants in sql.tenant_lists(tenant_ids))
        return self._frame(table, queries, columns=columns, schema=schema)

    def _frame(self, table: str, queries: Iterable[str], *, columns: Sequence[str], schema: pl.Schema) -> pl.DataFrame:
        what = f"table {self._database}.{table}"
        answers = itertools.chain.from_iterable(pages(self._reader, query, what=what) for query in queries)
        return frame(answers, columns=columns, schema=schema)

    def _columns(self, table: str, schema: pl.Schema) -> list[str]:
        """The columns of *schema* that the table has by now; none when it lacks a required one."""
        if table in self._complete:
            return [*schema]
        described = pages(self._reader, f"DESCRIBE {self._name(table)}", what=f"table {self._database}.{table}")
        existing = {row["Data"][0].get("ScalarValue") for rows in described for row in rows}
        absent = {column for column in schema if sql.source(column) not in existing}
        if not absent:
            self._complete.add(table)
        return [] if absent - _OPTIONAL else [column for column in schema if column not in absent]

    def _name(self, table: str) -> str:
        return sql.table_name(self._database, table)
