"""Past actions out of PostgreSQL: a query, read in the order of a unique column and never with an offset.

Each chunk is a query of its own that begins behind the last value of that column. So no transaction is held open
on the portal's database while events are written, and an import that was broken off goes on where it was.
"""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
from psycopg import conninfo, sql
from psycopg.rows import tuple_row
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader

from signtally.ports.history import HistoryChunk, HistoryError, HistoryRow, HistoryUnavailableError, Position

if TYPE_CHECKING:
    from psycopg.abc import Buffer

_POSITION = "signtally_position"  # the last value of the ordering column, as the database writes it
_CONNECT_SECONDS = 15
_PASSING = ("08", "53", "57")  # connection, resources, the operator: classes of SQLSTATE
# A connection that is refused has no SQLSTATE: only its text says that it will be refused again.
_FOR_GOOD = ("authentication failed", "does not exist", "no password supplied", "pg_hba.conf", "permission denied")


class _LenientTimestamp(TimestampLoader):
    """What Python has no instant for (infinity, a year before Christ) stays text: it is one row's trouble alone."""

    def load(self, data: "Buffer") -> Any:  # noqa: ANN401 -- an instant or a text
        return _loaded(super().load, data)


class _LenientTimestamptz(TimestamptzLoader):
    def load(self, data: "Buffer") -> Any:  # noqa: ANN401 -- an instant or a text
        return _loaded(super().load, data)


class _LenientDate(DateLoader):
    def load(self, data: "Buffer") -> Any:  # noqa: ANN401 -- a day or a text
        return _loaded(super().load, data)


_LOADERS: dict[str, type[_LenientTimestamp] | type[_LenientTimestamptz] | type[_LenientDate]] = {
    "timestamp": _LenientTimestamp,
    "timestamptz": _LenientTimestamptz,
    "date": _LenientDate,
}


class PostgresqlHistory:
    """A row's *line* is its number in the order, from 1. The password stands in the address alone."""

    def __init__(self, address: str, *, query: str, order_by: str, chunk_rows: int = 5_000) -> None:
        self._parameters = _parameters(address)
        self._query = query.strip().rstrip(";")
        self._order_by = order_by
        self._chunk_rows = chunk_rows

    @property
    def name(self) -> str:
        who = quote(str(self._parameters.get("user", "")), safe="")
        where = quote(str(self._parameters.get("host", "")), safe="") or "localhost"
        port = f":{self._parameters['port']}" if "port" in self._parameters else ""
        database = quote(str(self._parameters.get("dbname", "")), safe="")
        return f"postgresql://{f'{who}@' if who else ''}{where}{port}/{database}"

    @property
    def identity(self) -> str:
        return f"postgresql {self.name} {self._order_by} {self._query}"

    def columns(self) -> Sequence[str]:
        with self._connected() as connection:
            found = self._names(connection.execute(self._from_query("SELECT * {} LIMIT 0")))
            twice = sorted({name for name in found if found.count(name) > 1})
            if twice:
                raise HistoryError(f"the query has more than one column called {', '.join(map(repr, twice))}")
            if self._order_by not in found:
                raise HistoryError(f"order_by names {self._order_by!r}; the query's columns are {', '.join(found)}")
        return found

    def chunks(self, *, after: Position | None, columns: Sequence[str]) -> Iterator[HistoryChunk]:
        with self._connected() as connection:
            self._require_keys(connection)
            wanted = sql.SQL(", ").join(map(sql.Identifier, columns))
            count, key = (int(after["rows"]), str(after["key"])) if after else (0, None)
            while rows := self._read(connection, wanted=wanted, after=key):
                taken = rows[: self._chunk_rows]
                self._require_unique(rows)
                lines = enumerate(taken, start=count + 1)
                found = [HistoryRow(line, dict(zip(columns, row[1:], strict=True))) for line, row in lines]
                count, key = count + len(taken), taken[-1][0]
                yield HistoryChunk(found, {"rows": count, "key": key})
                if len(rows) <= self._chunk_rows:
                    return

    def _read(
        self, connection: "psycopg.Connection[Any]", *, wanted: sql.Composable, after: str | None
    ) -> list[tuple[Any, ...]]:
        """One row more than a chunk has, each with the ordering column's text before it."""
        select = "SELECT ({key})::text AS {position}, {wanted} {} {where} ORDER BY {key} LIMIT {limit}"
        statement = self._from_query(
            select,
            wanted=wanted,
            position=sql.Identifier(_POSITION),
            where=sql.SQL("" if after is None else "WHERE {key} > $1").format(key=self._key),
            limit=sql.Literal(self._chunk_rows + 1),
        )
        return connection.execute(statement, [] if after is None else [after]).fetchall()

    def _require_keys(self, connection: "psycopg.Connection[Any]") -> None:
        """A row without a key has no place in the order, and would never be read."""
        row = connection.execute(self._from_query("SELECT EXISTS (SELECT {} WHERE {key} IS NULL)")).fetchone()
        if row is not None and row[0]:
            raise HistoryError(f"{self._order_by!r} is null in some rows: order_by must name a unique column")

    def _require_unique(self, rows: Sequence[tuple[Any, ...]]) -> None:
        keys = [row[0] for row in rows]
        twice = next((key for key, following in itertools.pairwise(keys) if key == following), None)
        if twice is not None:
            raise HistoryError(f"{self._order_by!r} has {twice!r} more than once: order_by must name a unique column")

    def _from_query(self, statement: str, **parts: sql.Composable) -> sql.Composed:
        """Fill in the query where the empty braces are; on lines of its own, for it may end in a comment."""
        source = sql.SQL("FROM (\n{query}\n) AS history").format(query=sql.SQL(self._query))
        return sql.SQL(statement).format(source, key=self._key, **parts)

    @property
    def _key(self) -> sql.Composable:
        return sql.Identifier("history", self._order_by)

    def _names(self, cursor: "psycopg.Cursor[Any]") -> list[str]:
        return [column.name for column in cursor.description or ()]

    @contextmanager
    def _connected(self) -> "Iterator[psycopg.Connection[Any]]":
        """Read only, each statement a transaction by itself. Raises HistoryError for whatever goes wrong within."""
        try:
            with psycopg.connect(
                autocommit=True,
                row_factory=tuple_row,
                cursor_factory=psycopg.RawCursor,  # a per cent sign in the query is nobody's placeholder
                prepare_threshold=None,  # poolers forget prepared statements
                **self._parameters,
            ) as connection:
                connection.execute("SET default_transaction_read_only TO on")
                connection.execute("SET TIME ZONE 'UTC'")
                connection.execute("SET datestyle TO 'ISO'")
                for kind, loader in _LOADERS.items():
                    connection.adapters.register_loader(kind, loader)
                yield connection
        except psycopg.Error as error:
            raise self._translated(error) from error

    def _translated(self, error: psycopg.Error) -> HistoryError:
        what = " ".join(str(error).split())
        is_for_good = error.sqlstate is None and any(mark in what for mark in _FOR_GOOD)
        if not is_for_good and (error.sqlstate or "08").startswith(_PASSING):
            return HistoryUnavailableError(f"{self.name} cannot be reached now: {what}")
        return HistoryError(f"{self.name}: {what}")


def _loaded(load: Any, data: "Buffer") -> Any:  # noqa: ANN401 -- psycopg's own loaders differ
    try:
        return load(data)
    except psycopg.DataError:
        return bytes(data).decode()


def _parameters(address: str) -> dict[str, Any]:
    try:
        found = conninfo.conninfo_to_dict(address)
    except psycopg.Error:
        found = {}  # the reason may quote a part of the password: it is not passed on
    ports = str(found.get("port", "5432")).split(",")
    # A slash in the password that is not encoded makes the rest of it a port or a database's name, to be shown then.
    if not found or not all(port.isdecimal() for port in ports) or "@" in str(found.get("dbname", "")):
        raise HistoryError(
            "the database's address cannot be read: write postgresql://user:password@host:5432/database, "
            "with characters such as @ / : % in user and password percent-encoded"
        )
    return {"connect_timeout": _CONNECT_SECONDS, "application_name": "signtally import", **found}
