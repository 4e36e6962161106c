"""UNLOAD: DuckDB writes the files beside the database, boto3 brings them to S3; no row passes through this process.

Key layout, manifest and metadata as "Using UNLOAD to export query results" of the developer guide shows them.
"""
# ruff: noqa: S608 - names and texts are quoted

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from timestream_local.catalog.identifiers import literal
from timestream_local.protocol.datums import type_of
from timestream_local.protocol.errors import ValidationError
from timestream_local.query import execution
from timestream_local.query.compiler import Compiled
from timestream_local.store.storage import Storage
from timestream_local.unload.options import MOST_PARTITIONS, UnloadOptions
from timestream_local.unload.upload import Upload, WrittenFile

Json = dict[str, Any]


def unload(
    storage: Storage, compiled: Compiled, options: UnloadOptions, *, query_id: str, s3_endpoint: str | None
) -> execution.Result:
    """Run an UNLOAD and return its one row: how many rows, and where metadata and manifest are."""
    kinds = list(execution.schema(storage, compiled).types)
    check_partitions(options, compiled.names)
    work = storage.spool / f"unload-{query_id}"
    work.mkdir()
    try:
        files = _write(storage, compiled, kinds, options, work)
        columns = [{"Name": name, "Type": type_of(kind)} for name, kind in zip(compiled.names, kinds, strict=True)]
        return Upload(options, query_id=query_id, s3_endpoint=s3_endpoint).run(files, columns)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_partitions(options: UnloadOptions, names: list[str]) -> None:
    """Partition columns must be the last of the SELECT, in the same order, and not all of it."""
    count = len(options.partitions)
    if count and (count >= len(names) or tuple(names[-count:]) != options.partitions):
        listed = ", ".join(options.partitions)
        raise ValidationError(f"The partition columns {listed} must be the last columns of the SELECT statement")


def _write(
    storage: Storage, compiled: Compiled, kinds: list[pa.DataType], options: UnloadOptions, work: Path
) -> list[WrittenFile]:
    names = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name in compiled.names]
    is_csv = options.format == "CSV"
    values = [_text(name, kind) if is_csv else name for name, kind in zip(names, kinds, strict=True)]
    select = f"SELECT {', '.join(values)} FROM ({compiled.sql}) AS t({', '.join(names)})"
    settings = _csv_settings(options) if is_csv else ["FORMAT parquet", "RETURN_STATS true"]
    if not is_csv or options.gzip:
        settings.append(f"COMPRESSION {'gzip' if options.gzip else 'uncompressed'}")
    target = work / f"data.{options.extension}"
    if options.partitions:
        settings.append(f"PARTITION_BY ({', '.join(names[-len(options.partitions) :])})")
    if options.partitions or options.largest_file:
        target = work / "parts"
        if not options.partitions:
            settings.append(f"FILE_SIZE_BYTES {options.largest_file}")
    with storage.reader() as cursor, execution.duckdb_errors():
        rows = cursor.execute(f"COPY ({select}) TO {literal(str(target))} ({', '.join(settings)})").fetchall()
        if not is_csv:
            counts = {str(row[0]): int(row[1]) for row in rows}
        elif target.is_file():
            counts = {str(target): int(rows[0][0])}
        else:
            counts = _csv_counts(cursor, target, options, len(names) - len(options.partitions))
    return _found(target, counts)


def _found(target: Path, counts: dict[str, int]) -> list[WrittenFile]:
    paths = [target] if target.is_file() else sorted(path for path in target.rglob("*") if path.is_file())
    found = []
    for path in paths:
        partition = path.parent.relative_to(target).parts if path != target else ()
        if counts.get(str(path), 0):
            found.append(WrittenFile(path, counts[str(path)], partition))
    if len({file.partition for file in found}) > MOST_PARTITIONS:
        raise ValidationError(f"UNLOAD can write at most {MOST_PARTITIONS} partitions")
    return found


def _text(name: str, kind: pa.DataType) -> str:
    """A column as CSV has it: timestamps with nanoseconds, doubles as Java prints them."""
    if pa.types.is_nested(kind):
        raise ValidationError("CSV takes no arrays, rows or time series; unload them as PARQUET")
    if pa.types.is_timestamp(kind):
        return f"strftime({name}, '%Y-%m-%d %H:%M:%S.%n') AS {name}"
    if pa.types.is_float64(kind):
        return f"ts_java_double({name}) AS {name}"
    return name


def _csv_settings(options: UnloadOptions) -> list[str]:
    return [
        "FORMAT csv",
        f"HEADER {str(options.header).lower()}",
        f"DELIMITER {literal(options.delimiter)}",
        f"ESCAPE {literal(options.escape)}",
        "QUOTE '\"'",
    ]


def _csv_counts(cursor: duckdb.DuckDBPyConnection, target: Path, options: UnloadOptions, width: int) -> dict[str, int]:
    """How many rows each of several CSV files has; DuckDB tells it for Parquet only."""
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(width))
    read = (
        f"read_csv({literal(str(target))} || '/**', columns = {{{columns}}}, auto_detect = false, filename = true, "
        f"hive_partitioning = false, header = {str(options.header).lower()}, delim = {literal(options.delimiter)}, "
        f"escape = {literal(options.escape)}, quote = '\"', compression = '{'gzip' if options.gzip else 'none'}')"
    )
    counted = cursor.execute(f"SELECT filename, count(*) FROM {read} GROUP BY filename").fetchall()
    return {str(name): int(count) for name, count in counted}
