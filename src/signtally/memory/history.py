"""Past actions in memory."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from signtally.domain.batches import batched
from signtally.ports.history import HistoryChunk, HistoryRow, Position, UnreadableRow


class MemoryHistory:
    """A row's *line* is its number, from 1; what is an UnreadableRow already keeps its own."""

    def __init__(
        self, rows: Sequence[Mapping[str, object] | UnreadableRow], *, columns: Sequence[str], chunk_rows: int = 5_000
    ) -> None:
        self._rows = [
            row if isinstance(row, UnreadableRow) else HistoryRow(line, row) for line, row in enumerate(rows, start=1)
        ]
        self._columns = columns
        self._chunk_rows = chunk_rows

    @property
    def name(self) -> str:
        return "memory"

    @property
    def identity(self) -> str:
        return f"memory {self._rows!r}"

    def columns(self) -> Sequence[str]:
        return self._columns

    def chunks(self, *, after: Position | None, columns: Sequence[str]) -> Iterator[HistoryChunk]:
        del columns  # all are there anyway
        count = int(after["rows"]) if after else 0
        remaining = itertools.islice(self._rows, count, None)
        for rows in batched(remaining, self._chunk_rows):
            count += len(rows)
            yield HistoryChunk(rows, {"rows": count}, count / len(self._rows))
