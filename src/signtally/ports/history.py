"""Past actions where they lie now: a file, a database."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from signtally.errors import SigntallyError
from signtally.ports.errors import ServiceUnavailableError

# Where reading resumes, in a form that survives JSON. Each source has its own: a CSV file {"byte", "line"} (the next
# byte to read, the lines before it), a Parquet file {"rows"} (the rows before it), a database {"rows", "key"} (the rows
# before it, and the ordering column's value in the last one).
Position = Mapping[str, int | str]


class HistoryError(SigntallyError):
    """The history cannot be read as asked; the text, meant for a person, says what to do and holds no password."""


class HistoryUnavailableError(HistoryError, ServiceUnavailableError):
    """The database cannot be reached now: the same call may succeed later."""


@dataclasses.dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row by its own column names; *line* counts from 1: of a text file its lines, of others the rows."""

    line: int
    values: Mapping[str, object]


@dataclasses.dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A piece of a text file that is no row: *reason* is a short code, *detail* for a person."""

    line: int
    text: str
    reason: str
    detail: str


@dataclasses.dataclass(frozen=True, slots=True)
class HistoryChunk:
    """Some rows in order; reading resumes after them from *position*."""

    rows: Sequence[HistoryRow | UnreadableRow]
    position: Position
    fraction: float | None = None  # of the whole that is read so far, 0 to 1; None: unknown


class HistorySource(Protocol):
    """Rows in an order that never changes, in bounded memory. Every method may raise HistoryError."""

    @property
    def name(self) -> str:
        """For a person: a path or an address, never a password."""
        ...

    @property
    def identity(self) -> str:
        """The same for the same rows in the same order, another when they change."""
        ...

    def columns(self) -> Sequence[str]:
        """The names of the columns that there are."""
        ...

    def chunks(self, *, after: Position | None, columns: Sequence[str]) -> Iterator[HistoryChunk]:
        """Rows behind a position, with these *columns* at least; the same cuts between chunks from any position."""
        ...
