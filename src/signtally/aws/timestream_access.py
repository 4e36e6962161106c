"""Timestream's tables written and read: batches with what was refused, queries as frames.

A column exists in Timestream once something was written to it, and naming one that does not exist is an error. So a
table is described before it is read, until all of its columns are there: an optional one that is not reads as null,
and a table that lacks a required one holds nothing.
"""

import contextlib
import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

import polars as pl
from botocore.exceptions import ClientError

from signtally.aws import timestream_sql as sql
from signtally.aws.errors import map_errors
from signtally.aws.timestream_answers import frame, keep_rows_as_sent, pages
from signtally.aws.timestream_records import Batch, Rejection
from signtally.aws.timestream_unload import TimestreamUnload, scanned
from signtally.domain.counted import counted
from signtally.ports.errors import ServiceError
from signtally.threads import ContextThreads

if TYPE_CHECKING:
    from mypy_boto3_timestream_query import TimestreamQueryClient
    from mypy_boto3_timestream_write import TimestreamWriteClient

_WRITERS = 4
_MAY_BE_ABSENT = {"user_name", "user_email", "sent_at"}
_OF_WHOLE_CALL = {"SerializationException", "ValidationException"}

Selection = Callable[[Sequence[str], str | None], str]  # the query for these columns and this list of tenants, or all


class _RejectedRecord(TypedDict):
    RecordIndex: int
    Reason: str
    ExistingVersion: NotRequired[int]


class _Rejected(TypedDict):
    """What boto3's stubs leave out of a RejectedRecordsException."""

    RejectedRecords: list[_RejectedRecord]


class TimestreamAccess:
    """One database. Methods raise a ServiceError of `signtally.ports.errors`."""

    def __init__(
        self,
        write: "TimestreamWriteClient",
        query: "TimestreamQueryClient",
        *,
        unload: TimestreamUnload,
        database: str,
        recheck_seconds: float = 0,
    ) -> None:
        keep_rows_as_sent(query)
        self._writer = write
        self._reader = query
        self._unload = unload
        self._database = database
        self._complete: set[str] = set()  # the tables of which every column exists
        self._incomplete: dict[str, tuple[float, list[str]]] = {}  # when another was described (monotonic), and its own
        self._recheck_seconds = recheck_seconds  # how long a column may stay unseen

    def write(self, table: str, batch: Batch) -> list[Rejection | None]:
        """What became of each record. An invalid one may sink its whole call: then halves are tried, down to it."""
        with map_errors("Timestream", f"table {self._database}.{table}"):
            try:
                self._writer.write_records(
                    DatabaseName=self._database,
                    TableName=table,
                    CommonAttributes=batch.common,
                    Records=batch.records,
                )
            except self._writer.exceptions.RejectedRecordsException as error:
                rejected = cast("_Rejected", error.response)["RejectedRecords"]
                rejections = {
                    each["RecordIndex"]: Rejection(each["Reason"], each.get("ExistingVersion")) for each in rejected
                }
                return [rejections.get(index) for index in range(len(batch.records))]
            except ClientError as error:
                if error.response["Error"]["Code"] not in _OF_WHOLE_CALL:
                    raise
                if len(batch.records) == 1:
                    return [Rejection(error.response["Error"]["Message"])]
                return [rejection for half in batch.halves() for rejection in self.write(table, half)]
        return [None] * len(batch.records)

    def write_newest(self, table: str, batches: Iterable[Batch]) -> list[Rejection | None]:
        """Write records that carry a version, side by side; of each, in order, what says that it is outdated."""
        with ContextThreads(_WRITERS) as writers:
            written = writers.map(lambda batch: self._write_newest(table, batch), batches)
            return [rejection for rejections in written for rejection in rejections]

    def _write_newest(self, table: str, batch: Batch) -> list[Rejection | None]:
        rejections = self.write(table, batch)
        refused = [each for each in rejections if each is not None and not each.is_outdated]
        if refused:
            raise ServiceError(f"Timestream refused {counted(len(refused), 'record')} of {table}: {refused[0].reason}")
        return rejections

    def read(
        self, table: str, schema: pl.Schema, *, tenant_ids: Sequence[str] | None, select: Selection
    ) -> pl.DataFrame:
        columns = self.columns(table, schema) if tenant_ids is None or tenant_ids else []
        if not columns:
            return schema.to_frame()
        lists: Iterable[str | None] = [None] if tenant_ids is None else sql.literal_lists(tenant_ids)
        queries = (select(columns, tenants) for tenants in lists)
        return self.frame(table, queries, columns=columns, schema=schema)

    def has_any(self, table: str, schema: pl.Schema, *, tenant_ids: Sequence[str] | None, select: Selection) -> bool:
        """Whether `read` would find a row."""
        columns = self.columns(table, schema) if tenant_ids is None or tenant_ids else []
        if not columns:
            return False
        lists: Iterable[str | None] = [None] if tenant_ids is None else sql.literal_lists(tenant_ids)
        queries = (sql.select_any(select(columns[:1], tenants)) for tenants in lists)
        what = f"table {self._database}.{table}"
        return any(rows for query in queries for rows in pages(self._reader, query, what=what))

    @contextlib.contextmanager
    def scan(
        self,
        table: str,
        schema: pl.Schema,
        *,
        tenant_ids: Sequence[str] | None,
        select: Selection,
        wanted: Sequence[str] | None = None,
    ) -> Iterator[pl.LazyFrame]:
        """One UNLOAD, whoever is asked for: more tenants than a query can name are picked from everybody's rows.

        Of *schema* only the *wanted* columns are read, all with None.
        """
        present = self.columns(table, schema) if tenant_ids is None or tenant_ids else []
        schema = pl.Schema({name: schema[name] for name in wanted or schema})
        columns = [name for name in schema if name in present]
        if not columns:
            yield schema.to_frame().lazy()
            return
        lists = [*itertools.islice(sql.literal_lists(tenant_ids or ()), 2)]
        named = lists[0] if len(lists) == 1 else None
        with self._unload.files(select(columns, named), what=f"table {self._database}.{table}") as files:
            rows = scanned(files, columns=columns, schema=schema)
            if named or tenant_ids is None:
                yield rows
            else:
                asked_for = pl.LazyFrame({"tenant_id": [*tenant_ids]}, schema={"tenant_id": pl.String()})
                yield rows.join(asked_for, on="tenant_id", how="semi")

    def frame(self, table: str, queries: Iterable[str], *, columns: Sequence[str], schema: pl.Schema) -> pl.DataFrame:
        """The answers of *queries* that select these *columns*, one below the other."""
        what = f"table {self._database}.{table}"
        answers = itertools.chain.from_iterable(pages(self._reader, query, what=what) for query in queries)
        return frame(answers, columns=columns, schema=schema)

    def columns(self, table: str, schema: pl.Schema) -> list[str]:
        """The columns of *schema* that the table has by now; none when it lacks a required one."""
        if table in self._complete:
            return [*schema]
        described_at, known = self._incomplete.get(table, (-math.inf, []))
        if time.monotonic() - described_at < self._recheck_seconds:
            return known
        described = pages(self._reader, f"DESCRIBE {self.name(table)}", what=f"table {self._database}.{table}")
        existing = {row["Data"][0].get("ScalarValue") for rows in described for row in rows}
        absent = {column for column in schema if sql.source(column) not in existing}
        if not absent:
            self._complete.add(table)
        present = [] if absent - _MAY_BE_ABSENT else [column for column in schema if column not in absent]
        self._incomplete[table] = time.monotonic(), present
        return present

    def name(self, table: str) -> str:
        """A table as SQL names it."""
        return sql.table_name(self._database, table)
