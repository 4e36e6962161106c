"""Bulk reading from Timestream: an UNLOAD writes Parquet to S3, and from there it comes to this machine's disk.

No row passes through this process on its way, so memory stays bounded however much is read. The disk must have room
for the compressed files (`TMPDIR` says where).
"""

import contextlib
import itertools
import json
import logging
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from boto3.exceptions import RetriesExceededError
from boto3.s3.transfer import TransferConfig

from signtally.aws.errors import map_errors
from signtally.aws.s3 import S3ObjectStore
from signtally.aws.timestream_answers import pages
from signtally.aws.timestream_sql import source, unload
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.ports.limits import Limited, Limits, NoLimits
from signtally.stores.keys import UNLOADS
from signtally.threads import ContextThreads

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_timestream_query import TimestreamQueryClient

_DOWNLOADS = 4  # files at a time
_ONE_STREAM = TransferConfig(use_threads=False)
_MANIFEST_COLUMN = 2  # in the answer's one row: rows, metadataFile, manifestFile

_log = logging.getLogger(__name__)


class TimestreamUnload:
    """Needs a bucket of the same account and region. Timestream starts one UNLOAD a second: the client asks again."""

    def __init__(
        self, query: "TimestreamQueryClient", s3: "S3Client", *, bucket: str, limits: Limits | None = None
    ) -> None:
        self._query = query
        self._s3 = s3
        self._bucket = bucket
        self._limits = limits or NoLimits()
        self._objects = S3ObjectStore(s3, bucket=bucket)

    @contextlib.contextmanager
    def files(self, select: str, *, what: str) -> Iterator[list[Path]]:
        """The Parquet files with the rows of *select*; none for no rows. They are gone after the context.

        *what* (`table signtally.events`) names what is read in errors. Raise a ServiceError.
        """
        with tempfile.TemporaryDirectory(prefix="signtally-unload-") as directory:
            folder = f"{UNLOADS}{uuid.uuid4().hex}/"
            try:
                files = self._downloaded(self._unloaded(select, folder, what=what), Path(directory))
            finally:
                self._clear(folder)
            yield files

    def _unloaded(self, select: str, folder: str, *, what: str) -> list[str]:
        """Run the UNLOAD and return its result files' keys, as the manifest names them."""
        query = unload(select, to=f"{self._address}{folder}")
        with self._limits.slot(Limited.UNLOADS):
            row = next(itertools.chain.from_iterable(pages(self._query, query, what=what)), None)
        if row is None:
            raise ServiceError(f"Timestream: {what}: UNLOAD answered without a manifest")
        manifest = self._objects.get(self._key(row["Data"][_MANIFEST_COLUMN]["ScalarValue"]))
        return [self._key(file["url"]) for file in json.loads(manifest.body)["result_files"]]

    def _downloaded(self, keys: Iterable[str], directory: Path) -> list[Path]:
        def download(numbered: tuple[int, str]) -> Path:
            number, key = numbered
            path = directory / f"{number}.parquet"
            with map_errors("S3", f"bucket {self._bucket}"):
                try:
                    self._s3.download_file(self._bucket, key, str(path), Config=_ONE_STREAM)
                except RetriesExceededError as error:
                    raise ServiceUnavailableError(f"S3 broke off the download of {key}: {error}; try again") from error
            return path

        with ContextThreads(_DOWNLOADS) as downloads:
            return [*downloads.map(download, enumerate(keys))]

    def _clear(self, folder: str) -> None:
        """Delete all that lies there: an UNLOAD that failed leaves files that no manifest names.

        What cannot be deleted now harms nobody, and the bucket expires it within a day or two.
        """
        try:
            self._objects.delete(found.key for found in self._objects.list_objects(folder))
        except ServiceError as error:
            _log.warning("left %s%s for the bucket's lifecycle rule to delete: %s", self._address, folder, error)

    @property
    def _address(self) -> str:
        return f"s3://{self._bucket}/"

    def _key(self, url: str) -> str:
        return url.removeprefix(self._address)


def scanned(files: Sequence[Path], *, columns: Sequence[str], schema: pl.Schema) -> pl.LazyFrame:
    """A lazy frame of *schema* over unloaded files with these *columns*; what the schema has besides them is null."""
    if not files:
        return schema.to_frame().lazy()
    read = pl.scan_parquet([*files], glob=False)
    return read.select(
        (_typed(name, kind) if name in columns else pl.lit(None, kind)).alias(name) for name, kind in schema.items()
    )


def _typed(name: str, kind: pl.DataType) -> pl.Expr:
    """Timestamps are in UTC without saying so, with nanoseconds (INT96 in AWS's files); a day is a dimension's text."""
    column = pl.col(source(name))
    return column.str.to_date("%Y-%m-%d") if kind == pl.Date() else column.cast(kind)
