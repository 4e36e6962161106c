"""Past actions in a CSV file: its first line names the columns, the text is UTF-8."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from signtally.domain.counted import counted
from signtally.domain.history_rows import RowReason
from signtally.errors import SigntallyError
from signtally.history.files import FileContent
from signtally.ports.history import HistoryChunk, HistoryError, HistoryRow, Position, UnreadableRow

_LINE_LIMIT_BYTES = 1 << 20
_CHUNK_LIMIT_BYTES = 8 << 20  # a chunk of long lines has fewer rows
_SHOWN_CHARACTERS = 10_000  # of a line that is no row
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LIKELY_DELIMITERS = ";\t|"
_FILE_BEGIN: Position = {"byte": 0, "line": 0}


class _LineTooLongError(SigntallyError, ValueError):
    """There is no end of line for a mebibyte."""


class _Lines:
    """Physical lines as text, read only when asked for, so that it is always known where a record ends."""

    def __init__(self, file: BinaryIO, position: Position) -> None:
        self._file = file
        self.go_to(position)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self.read_raw()
        if not raw:
            raise StopIteration
        if len(raw) > _LINE_LIMIT_BYTES:
            raise _LineTooLongError
        return raw.decode()

    @property
    def position(self) -> Position:
        return {"byte": self._byte, "line": self._line}

    def go_to(self, position: Position) -> None:
        self._byte, self._line = int(position["byte"]), int(position["line"])
        self._file.seek(self._byte)

    def read_raw(self) -> bytes:
        """A line of up to 1 MiB; of a longer one the beginning, and the rest is passed over."""
        raw = self._file.readline(_LINE_LIMIT_BYTES + 1)
        self._byte += len(raw)
        self._line += bool(raw)
        rest = raw if len(raw) > _LINE_LIMIT_BYTES else b"\n"
        while rest and not rest.endswith(b"\n"):
            rest = self._file.readline(_LINE_LIMIT_BYTES)
            self._byte += len(rest)
        if self._byte == len(raw):  # the file's first line
            raw = raw.removeprefix(_BYTE_ORDER_MARK)
        return raw


class _Records:
    """Rows one by one; what is no row costs its own line alone, however far an open quote reaches."""

    def __init__(self, file: BinaryIO, position: Position, *, delimiter: str) -> None:
        self._lines = _Lines(file, position)
        self._delimiter = delimiter
        self._reader = self._new_reader()

    @property
    def position(self) -> Position:
        return self._lines.position

    def next(self) -> tuple[int, list[str]] | UnreadableRow | None:
        """The row's first line and its fields; None at the end. Blank lines are passed over."""
        fields: list[str] = []
        while not fields:
            before = self._lines.position
            try:
                fields = next(self._reader)
            except StopIteration:
                return None
            except _LineTooLongError:
                return self._unreadable(before, RowReason.LINE_TOO_LONG, "no end of line within 1 MiB")
            except UnicodeDecodeError as error:
                return self._unreadable(before, RowReason.NOT_UTF8, str(error))
            except csv.Error as error:
                return self._unreadable(before, RowReason.NOT_CSV, str(error))
        return int(before["line"]) + 1, fields

    def _unreadable(self, before: Position, reason: RowReason, detail: str) -> UnreadableRow:
        """Go back to the record's first line and behind it: the next may be good."""
        last_line = self._lines.position["line"]
        if last_line != int(before["line"]) + 1:  # it is the first line's open quote that led there
            reason, detail = RowReason.NOT_CSV, f"a quoted field does not end until line {last_line}: {detail}"
        self._lines.go_to(before)
        text = self._lines.read_raw().decode(errors="backslashreplace").rstrip("\r\n")
        self._reader = self._new_reader()
        return UnreadableRow(int(before["line"]) + 1, text[:_SHOWN_CHARACTERS], reason, detail)

    def _new_reader(self) -> "Iterator[list[str]]":
        return csv.reader(self._lines, delimiter=self._delimiter, strict=True)


class CsvHistory:
    """A row's *line* is the line of the file that it begins on; *chunk_rows* rows make a chunk."""

    def __init__(self, path: Path, *, delimiter: str = ",", chunk_rows: int = 5_000) -> None:
        self._content = FileContent(path)
        self._delimiter = delimiter
        self._chunk_rows = chunk_rows

    @property
    def name(self) -> str:
        return str(self._content.path)

    @property
    def identity(self) -> str:
        return f"csv {self._content.digest}"

    def columns(self) -> Sequence[str]:
        return self._header()[0]

    def chunks(self, *, after: Position | None, columns: Sequence[str]) -> Iterator[HistoryChunk]:
        del columns  # all are read anyway
        header, behind_header = self._header()
        with self._content.path.open("rb") as file:
            records = _Records(file, after or behind_header, delimiter=self._delimiter)
            while rows := self._rows(records, header):
                self._content.require_unchanged()
                yield HistoryChunk(rows, records.position, int(records.position["byte"]) / self._content.size_bytes)

    def _rows(self, records: _Records, header: Sequence[str]) -> list[HistoryRow | UnreadableRow]:
        rows: list[HistoryRow | UnreadableRow] = []
        limit = int(records.position["byte"]) + _CHUNK_LIMIT_BYTES
        while len(rows) < self._chunk_rows and int(records.position["byte"]) < limit:
            found = records.next()
            if found is None:
                break
            rows.append(found if isinstance(found, UnreadableRow) else self._row(*found, header))
        return rows

    def _row(self, line: int, fields: list[str], header: Sequence[str]) -> HistoryRow | UnreadableRow:
        if len(fields) == len(header):
            return HistoryRow(line, dict(zip(header, fields, strict=True)))
        text = self._delimiter.join(fields)[:_SHOWN_CHARACTERS]
        detail = f"{counted(len(fields), 'field')}; the first line has {counted(len(header), 'name')}"
        return UnreadableRow(line, text, RowReason.COLUMN_COUNT, detail)

    def _header(self) -> tuple[list[str], Position]:
        with self._content.path.open("rb") as file:
            records = _Records(file, _FILE_BEGIN, delimiter=self._delimiter)
            found = records.next()
        if found is None:
            raise HistoryError(f"{self.name} is empty; its first line must name the columns")
        if isinstance(found, UnreadableRow):
            raise HistoryError(f"the first line of {self.name} does not name columns: {found.reason}, {found.detail}")
        names = [name.strip() for name in found[1]]
        self._require_sensible(names)
        return names, records.position

    def _require_sensible(self, names: Sequence[str]) -> None:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise HistoryError(f"{self.name} has more than one column called {', '.join(map(repr, twice))}")
        other = next((mark for mark in _LIKELY_DELIMITERS if len(names) == 1 and mark in names[0]), None)
        if other is not None:
            raise HistoryError(
                f"{self.name} seems to be separated by {other!r}: write a mapping with delimiter = {_toml(other)} "
                "and give it with --mapping"
            )


def _toml(character: str) -> str:
    return '"\\t"' if character == "\t" else f'"{character}"'
