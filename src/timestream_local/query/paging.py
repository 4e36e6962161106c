"""Results in pages of 1 MB, with tokens that belong to one query string, and the empty first page.

From the API reference of Query: a NextToken can be used five times and for one hour; with MaxRows below the size of the
result the first answer has no rows, only the columns and a token.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from timestream_local.protocol.datums import data_of, type_of
from timestream_local.protocol.errors import ConflictError, ValidationError
from timestream_local.query.execution import Result

Json = dict[str, Any]

PAGE_BYTES = 2**20
CHUNK_ROWS = 1_000
TOKEN_USES = 5
TOKEN_SECONDS = 3_600
MOST_RESULTS = 256
LEAST_METERED = 10_000_000


@dataclass(slots=True)
class Paged:
    """One answered query that may still be read."""

    id: str
    query: str
    result: Result
    expires: float
    uses: Counter[int] = field(default_factory=Counter)
    cancelled: bool = False
    _columns: list[Json] | None = None

    @property
    def columns(self) -> list[Json]:
        """The ColumnInfo of the result; only values tell an interval of months from one of days."""
        if self._columns is None:
            table = self.result.table
            kinds = zip(self.result.names, table.columns, strict=True)
            self._columns = [
                {"Name": name, "Type": type_of(column.type, months=_months(column))} for name, column in kinds
            ]
        return self._columns

    def page(self, start: int, most: int | None) -> Json:
        """The rows from *start* on, as many as one page takes."""
        rows: list[Json] = []
        size = 0
        total = self.result.table.num_rows
        end = total if most is None else min(start + most, total)
        position = start
        while position < end and size < PAGE_BYTES:
            for row in rows_of(self.result.table.slice(position, min(CHUNK_ROWS, end - position))):
                width = row_size(row)
                if rows and size + width > PAGE_BYTES:
                    size = PAGE_BYTES
                    break
                rows.append(row)
                size += width
                position += 1
        return self.answer(rows, next_start=position if position < total else None)

    def answer(self, rows: list[Json], *, next_start: int | None) -> Json:
        scanned = self.result.table.nbytes
        token = {} if next_start is None else {"NextToken": f"{self.id}-{next_start}"}
        status = {
            "ProgressPercentage": 100.0,
            "CumulativeBytesScanned": scanned,
            "CumulativeBytesMetered": max(scanned, LEAST_METERED),
        }
        return {"QueryId": self.id, "Rows": rows, "ColumnInfo": self.columns, "QueryStatus": status, **token}


def _months(column: pa.ChunkedArray) -> bool:
    return pa.types.is_interval(column.type) and any(value is not None and value.months for value in column.to_pylist())


def rows_of(table: pa.Table) -> list[Json]:
    columns = [[datum for chunk in column.chunks for datum in data_of(chunk)] for column in table.columns]
    return [{"Data": list(row)} for row in zip(*columns, strict=True)]


def row_size(row: Json) -> int:
    """About the bytes of a row in the answer."""
    return sum(len(datum.get("ScalarValue") or str(datum)) + len('{"ScalarValue":""},') for datum in row["Data"])


class Pages:
    """The answers that tokens still lead to."""

    def __init__(self) -> None:
        self._open: dict[str, Paged] = {}
        self._lock = threading.Lock()

    def first(self, query_id: str, query: str, result: Result, most: int | None) -> Json:
        """Answer the first call for *result*."""
        paged = Paged(query_id, query, result, time.monotonic() + TOKEN_SECONDS)
        if most is not None and result.table.num_rows > most:
            answer = paged.answer([], next_start=0)
        else:
            answer = paged.page(0, most)
        with self._lock:
            self._forget_old()
            self._open[paged.id] = paged
        if "NextToken" not in answer:
            result.discard()
        return answer

    def following(self, query: str, token: str, most: int | None) -> Json:
        """Answer a call with a token."""
        name, _, start = token.rpartition("-")
        with self._lock:
            paged = self._open.get(name)
            if paged is None or paged.expires < time.monotonic() or not start.isdecimal():
                raise ValidationError("The NextToken is invalid or has expired.")
            if paged.query != query:
                raise ValidationError("The NextToken does not belong to this query string.")
            if paged.cancelled:
                raise ConflictError("The query has been cancelled.")
            paged.uses[int(start)] += 1
            if paged.uses[int(start)] > TOKEN_USES:
                raise ValidationError("The NextToken has been used too often.")
        return paged.page(int(start), most)

    def cancel(self, query_id: str) -> bool:
        """Mark a query as cancelled, again and again if asked; return whether there is such a query."""
        with self._lock:
            paged = self._open.get(query_id)
            if paged is None:
                return False
            paged.cancelled = True
            return True

    def _forget_old(self) -> None:
        now = time.monotonic()
        expired = [name for name, paged in self._open.items() if paged.expires < now]
        surplus = list(self._open)[: max(len(self._open) - MOST_RESULTS + 1, 0)]
        for name in {*expired, *surplus}:
            self._open.pop(name).result.discard()
