"""Past actions in a Parquet file, some row groups at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from signtally.history.files import FileContent
from signtally.ports.history import HistoryChunk, HistoryError, HistoryRow, Position

_CHUNKS_READ_AT_ONCE = 10


class ParquetHistory:
    """A row's *line* is its number in the file, from 1."""

    def __init__(self, path: Path, *, chunk_rows: int = 5_000) -> None:
        self._content = FileContent(path)
        self._chunk_rows = chunk_rows

    @property
    def name(self) -> str:
        return str(self._content.path)

    @property
    def identity(self) -> str:
        return f"parquet {self._content.digest}"

    def columns(self) -> Sequence[str]:
        try:
            return list(pl.read_parquet_schema(self._content.path))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._unreadable(error) from error

    def chunks(self, *, after: Position | None, columns: Sequence[str]) -> Iterator[HistoryChunk]:
        try:
            total = int(pl.scan_parquet(self._content.path).select(pl.len()).collect().item())
            for begin in range(int(after["rows"]) if after else 0, total, self._window):
                frame = pl.scan_parquet(self._content.path).select(columns).slice(begin, self._window).collect()
                self._content.require_unchanged()
                yield from self._cut(frame, begin=begin, total=total)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._unreadable(error) from error

    @property
    def _window(self) -> int:
        """Opening the file for each chunk would cost more than reading it."""
        return self._chunk_rows * _CHUNKS_READ_AT_ONCE

    def _cut(self, frame: pl.DataFrame, *, begin: int, total: int) -> Iterator[HistoryChunk]:
        for part in frame.iter_slices(self._chunk_rows):
            rows = [HistoryRow(line, row) for line, row in enumerate(part.iter_rows(named=True), start=begin + 1)]
            begin += len(rows)
            yield HistoryChunk(rows, {"rows": begin}, begin / total)

    def _unreadable(self, error: Exception) -> HistoryError:
        return HistoryError(f"{self.name} cannot be read as Parquet: {error}")
