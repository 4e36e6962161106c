"""Running DuckDB SQL: a result is kept in memory up to 4 MB, else in a file, and read page by page from there."""
# ruff: noqa: S608 - the SQL is our own translation

import contextlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from timestream_local.protocol.errors import InternalServerError, QueryExecutionError, ServiceError, ValidationError
from timestream_local.query.compiler import Compiled
from timestream_local.store.storage import Storage

BATCH_ROWS = 10_000
SPOOL_BYTES = 4 * 2**20

_MACRO_MESSAGE = re.compile(r"Could not convert string '!(.*)' to INT64", re.DOTALL)
_FIRST_LINE = re.compile(r"^(?:[A-Z][A-Za-z ]+ Error: )?([^\n]*)")


@dataclass(frozen=True, slots=True)
class Result:
    """All rows of an answer, in memory or in a file that is mapped into it."""

    table: pa.Table
    names: list[str]
    path: Path | None = None

    def discard(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)  # the mapping stays valid for who still reads it


@contextlib.contextmanager
def duckdb_errors() -> Iterator[None]:
    """Raise DuckDB's errors as Timestream's: a ValidationError for the query, an InternalServerError for the engine."""
    try:
        yield
    except duckdb.Error as error:
        raise service_error(error) from error


def service_error(error: duckdb.Error) -> ServiceError:
    text = str(error)
    macro = _MACRO_MESSAGE.search(text)
    if macro:
        return ValidationError(macro[1])
    if "Division by zero" in text:
        return ValidationError("Division by zero")  # DuckDB goes on to advise settings that nobody here can set
    if isinstance(error, duckdb.InterruptException):
        return InternalServerError("The server is shutting down.")
    if isinstance(error, duckdb.InternalException | duckdb.FatalException | duckdb.IOException):
        return InternalServerError("The query failed for an internal reason.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryExecutionError("Query exceeded the memory that is available.")
    first = _FIRST_LINE.match(text)
    return ValidationError(first[1] if first else text)


def run(storage: Storage, compiled: Compiled) -> Result:
    """Run a query on a snapshot of its own, and keep all of its rows."""
    with storage.reader() as cursor, duckdb_errors():
        reader = cursor.sql(compiled.sql).to_arrow_reader(BATCH_ROWS)
        return _spooled(storage, reader, compiled.names)


def schema(storage: Storage, compiled: Compiled) -> pa.Schema:
    """The types of a query's columns, without running it."""
    return run(storage, type(compiled)(f"SELECT * FROM ({compiled.sql}) LIMIT 0", compiled.names)).table.schema


def _spooled(storage: Storage, reader: pa.RecordBatchReader, names: list[str]) -> Result:
    batches: list[pa.RecordBatch] = []
    size = 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size > SPOOL_BYTES:
            return _on_disk(storage, reader, batches, names)
    return Result(pa.Table.from_batches(batches, reader.schema), names)


def _on_disk(storage: Storage, reader: pa.RecordBatchReader, batches: list[pa.RecordBatch], names: list[str]) -> Result:
    path = storage.spool / f"{uuid.uuid4().hex}.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, reader.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
        batches.clear()
        for batch in reader:
            writer.write_batch(batch)
    with pa.memory_map(str(path)) as source:
        return Result(pa.ipc.open_file(source).read_all(), names, path)
