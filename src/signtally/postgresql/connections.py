"""The two kinds of connections to one PostgreSQL server: psycopg's to write, ADBC's to read into frames."""

import contextlib
import datetime as dt
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import adbc_driver_manager
import adbc_driver_postgresql
import polars as pl
import psycopg
from psycopg import conninfo
from psycopg.adapt import Dumper
from psycopg.pq import Format

from signtally.ports.errors import StoreAddressError
from signtally.postgresql.errors import DRIVER_ERRORS, is_lost, map_errors
from signtally.postgresql.pool import ConnectionPool

Writing = psycopg.Connection[tuple[Any, ...]]
_Answer = TypeVar("_Answer")

_CONNECT_SECONDS = 5
_DEFAULTS = {
    "connect_timeout": _CONNECT_SECONDS,
    "application_name": "signtally",
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
_SESSION = {
    "timezone": "UTC",
    "jit": "off",  # compiles for longer than most of our queries take
    "work_mem": "64MB",  # the events of a tenant are grouped in memory, not on disk
    "idle_in_transaction_session_timeout": "60s",
}


class Digest(bytes):
    """16 bytes, which the server keeps as a `uuid`; `uuid.UUID` takes longer to make than the digest itself."""

    __slots__ = ()


class _DigestDumper(Dumper):
    oid = 2950  # of `uuid`, in every PostgreSQL
    format = Format.BINARY

    def dump(self, obj: Digest) -> Digest:
        return obj


class Reading:
    """One connection of ADBC's, each statement a transaction by itself."""

    def __init__(self, database: adbc_driver_manager.AdbcDatabase, *, timeout_milliseconds: int) -> None:
        """Limited from here on: reading all the server's types, to connect, takes its time on a busy one."""
        self._connection = adbc_driver_manager.AdbcConnection(database)
        self._limit = f"SET statement_timeout = {timeout_milliseconds}"
        self._execute(self._limit)

    def frame(self, query: str) -> pl.DataFrame:
        with adbc_driver_manager.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(query)
            rows, _ = statement.execute_query()
            return pl.DataFrame(rows)

    def write_parquet(self, query: str, path: Path) -> None:
        """Batch by batch and without a time limit, however many rows there are."""
        self._execute("SET statement_timeout = 0")
        with adbc_driver_manager.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(query)
            rows, _ = statement.execute_query()
            pl.scan_arrow_c_stream(rows).sink_parquet(path, compression="lz4")
        self._execute(self._limit)

    def _execute(self, statement_text: str) -> None:
        with adbc_driver_manager.AdbcStatement(self._connection) as statement:
            statement.set_sql_query(statement_text)
            statement.execute_update()

    def close(self) -> None:
        self._connection.close()


class PostgresqlConnections:
    """Connects when first asked. Methods raise a ServiceError of `signtally.ports.errors`."""

    def __init__(
        self,
        address: str,
        *,
        size: int = 8,
        statement_timeout: dt.timedelta = dt.timedelta(minutes=5),
        password: Callable[[], str] | None = None,
    ) -> None:
        """*size* connections at most to write, and as many to read; *password* is asked for each."""
        self._parameters = _parameters(address)
        self._timeout_milliseconds = round(statement_timeout.total_seconds() * 1_000)
        self._password = password
        self._database: adbc_driver_manager.AdbcDatabase | None = None
        self._database_lock = threading.Lock()
        wait_seconds = statement_timeout.total_seconds() + _CONNECT_SECONDS
        self._writing = ConnectionPool[Writing](self._connect, size=size, wait_seconds=wait_seconds)
        self._reading = ConnectionPool[Reading](self._connect_adbc, size=size, wait_seconds=wait_seconds)

    def write(self, what: str, change: Callable[[Writing], _Answer]) -> _Answer:
        """What *change* answers; it may run twice when the connection was lost, so it must be idempotent."""
        return self._twice(self._writing, what, change)

    def rows(self, what: str, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What an idempotent statement answers, over a connection that may write."""

        def run(connection: Writing) -> list[tuple[Any, ...]]:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

        return self.write(what, run)

    def frame(self, what: str, query: str, schema: pl.Schema) -> pl.DataFrame:
        """The rows of *query*, whose columns are those of *schema*."""

        def read(connection: Reading) -> pl.DataFrame:
            return connection.frame(query).match_to_schema(schema)

        return self._twice(self._reading, what, read)

    @contextlib.contextmanager
    def scan(self, what: str, query: str, schema: pl.Schema) -> Iterator[pl.LazyFrame]:
        """The same as a file of this machine's disk (`TMPDIR`), batch by batch and without a time limit.

        The file is gone after the context.
        """
        with tempfile.TemporaryDirectory(prefix="signtally-scan-") as directory:
            path = Path(directory) / "rows.parquet"

            def copy(connection: Reading) -> None:
                connection.write_parquet(query, path)

            self._twice(self._reading, what, copy)
            yield pl.scan_parquet(path, glob=False).select(pl.col(name).cast(kind) for name, kind in schema.items())

    def close(self) -> None:
        """Close what is idle."""
        self._writing.close_idle()
        self._reading.close_idle()

    def _twice(self, pool: ConnectionPool[Any], what: str, use: Callable[[Any], _Answer]) -> _Answer:
        """A server that was restarted, or another that took over, has closed all connections: those made anew do."""
        with map_errors(what):
            try:
                with pool.connection() as connection:
                    return use(connection)
            except DRIVER_ERRORS as error:
                if not is_lost(error):
                    raise
                pool.close_idle()
            with pool.connection() as connection:
                return use(connection)

    def _connect(self) -> Writing:
        connection = psycopg.connect(
            self._conninfo(_SESSION | {"statement_timeout": str(self._timeout_milliseconds)}),
            autocommit=True,
            prepare_threshold=None,  # poolers between may forget prepared statements
        )
        connection.adapters.register_dumper(Digest, _DigestDumper)
        return connection

    def _connect_adbc(self) -> Reading:
        """What ADBC calls a database has the server's types, and is made once; but with a password of its own each."""
        if self._password is not None:
            return self._reading_from(adbc_driver_postgresql.connect(self._conninfo(_SESSION)))
        with self._database_lock:
            self._database = self._database or adbc_driver_postgresql.connect(self._conninfo(_SESSION))
        return self._reading_from(self._database)

    def _reading_from(self, database: adbc_driver_manager.AdbcDatabase) -> Reading:
        return Reading(database, timeout_milliseconds=self._timeout_milliseconds)

    def _conninfo(self, settings: Mapping[str, str]) -> str:
        own = {} if self._password is None else {"password": self._password()}
        options = [f"-c {name}={value}" for name, value in settings.items()]
        given = str(self._parameters.get("options", ""))  # after ours: the address has the last word
        return conninfo.make_conninfo(
            **{**_DEFAULTS, **self._parameters, **own, "options": " ".join([*options, given])}
        )


def _parameters(address: str) -> dict[str, Any]:
    """What libpq reads in it. Raises StoreAddressError without showing it: it may contain a password."""
    try:
        found = conninfo.conninfo_to_dict(address)
    except (psycopg.Error, UnicodeError):
        found = {}
    ports = str(found.get("port", "5432")).split(",")
    if not found or not all(re.fullmatch("[0-9]+", port) for port in ports) or "@" in str(found.get("dbname", "")):
        raise StoreAddressError(
            "cannot be read: write postgresql://user:password@host:5432/database, "
            "with characters such as @ / : % in user and password percent-encoded"
        )
    return found
