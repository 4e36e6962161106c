"""UNLOAD: DuckDB writes the files beside the database, boto3 brings them to S3; no row passes through this process.

Key layout, manifest and metadata as "Using UNLOAD to export query results" of the developer guide shows them.
"""
# ruff: noqa: S608 - names and texts are quoted

from __future__ import annotations

import json
import os
import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from timestream_local import execution
from timestream_local.columns import type_of
from timestream_local.compilation import Compiled, Compiler, literal
from timestream_local.errors import ValidationError
from timestream_local.unload_options import MOST_PARTITIONS, UnloadOptions

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from timestream_local.service import Service
    from timestream_local.statements import Unload

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One result file on the local disk, with the partition it belongs to as ``col=value`` parts."""

    path: Path
    rows: int
    partition: tuple[str, ...] = ()


def unload(service: Service, statement: Unload, query_id: str) -> execution.Result:
    """Run an UNLOAD and return its one row: how many rows, and where metadata and manifest are."""
    options = UnloadOptions.of(statement)
    compiled = Compiler(service).selection(statement.query)
    kinds = list(execution.schema(service.storage, compiled).types)
    check_partitions(options, compiled.names)
    work = service.storage.spool / f"unload-{query_id}"
    work.mkdir()
    try:
        files = _write(service, compiled, kinds, options, work)
        columns = [{"Name": name, "Type": type_of(kind)} for name, kind in zip(compiled.names, kinds, strict=True)]
        return Upload(service, options, query_id).bring(files, columns)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_partitions(options: UnloadOptions, names: list[str]) -> None:
    """Partition columns must be the last of the SELECT, in the same order, and not all of it."""
    count = len(options.partitions)
    if count and (count >= len(names) or tuple(names[-count:]) != options.partitions):
        listed = ", ".join(options.partitions)
        raise ValidationError(f"The partition columns {listed} must be the last columns of the SELECT statement")


def _write(
    service: Service, compiled: Compiled, kinds: list[pa.DataType], options: UnloadOptions, work: Path
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
    with service.storage.reader() as cursor, execution.duckdb_errors():
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


class Upload:
    """Brings the files of one UNLOAD to S3."""

    def __init__(self, service: Service, options: UnloadOptions, query_id: str) -> None:
        self._options = options
        self._query_id = query_id
        self._s3 = s3_client(service.s3_endpoint)

    def bring(self, files: list[WrittenFile], columns: list[Json]) -> execution.Result:
        """Upload everything, the manifest last: who finds it finds all that it names."""
        options = self._options
        try:
            results = [self._result(file) for file in files]
            metadata = {"ColumnInfo": columns, "Author": {"Name": "Timestream", "MetadataFileVersion": "1.0"}}
            metadata_url = self._document("metadata", metadata)
            total = sum(file.rows for file in files)
            manifest = {
                "result_files": results,
                "query_metadata": {
                    "content_length_in_bytes": sum(
                        result["file_metadata"]["content_length_in_bytes"] for result in results
                    ),
                    "total_row_count": total,
                    "result_format": options.format,
                    "result_version": "Amazon Timestream version 1.0.0",
                },
                "author": {"name": "Amazon Timestream", "manifest_file_version": "1.0"},
            }
            manifest_url = self._document("manifest", manifest)
        except self._failures() as error:
            raise ValidationError(
                f"UNLOAD could not write to s3://{options.bucket}/{options.prefix}: {error}"
            ) from error
        answer = {"rows": pa.array([total], pa.int64()), "metadataFile": [metadata_url], "manifestFile": [manifest_url]}
        return execution.Result(pa.table(answer), list(answer))

    def _result(self, file: WrittenFile) -> Json:
        name = f"{self._query_id}_{uuid.uuid4().hex}.{self._options.extension}"
        key = self._options.key("results", *file.partition, name)
        size = file.path.stat().st_size
        self._s3.upload_file(str(file.path), self._options.bucket, key, ExtraArgs=self._options.encryption_arguments)
        file.path.unlink()
        url = f"s3://{self._options.bucket}/{key}"
        return {"url": url, "file_metadata": {"content_length_in_bytes": size, "row_count": file.rows}}

    def _document(self, kind: str, document: Json) -> str:
        key = self._options.key(f"{self._query_id}_{uuid.uuid4().hex}_{kind}.json")
        body = json.dumps(document).encode()
        self._s3.put_object(Bucket=self._options.bucket, Key=key, Body=body, **self._options.encryption_arguments)
        return f"s3://{self._options.bucket}/{key}"

    @staticmethod
    def _failures() -> tuple[type[Exception], ...]:
        from boto3.exceptions import Boto3Error  # noqa: PLC0415 - see s3_client
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        return (Boto3Error, BotoCoreError, ClientError)


def s3_client(endpoint: str | None) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """An S3 client; boto3 is imported for UNLOAD alone, which most servers never see."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    session = boto3.session.Session()
    keys: Json = {}
    if session.get_credentials() is None:  # a local S3 takes any
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    region = session.region_name or os.environ.get("AWS_REGION", "us-east-1")
    config = Config(s3={"addressing_style": "path"}, region_name=region)
    return session.client("s3", endpoint_url=endpoint, config=config, **keys)
