"""The schema of a store: its versions, applied forward only, and the partitions of its tables."""

import datetime as dt
import hashlib
import importlib.resources
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from signtally.errors import SigntallyError
from signtally.ports.errors import NotProvisionedError, ServiceUnavailableError
from signtally.postgresql.connections import PostgresqlConnections, Writing
from signtally.postgresql.errors import is_without_partition

Row = tuple[Any, ...]

_LONGEST_WAIT_SECONDS = 10  # of a migration for those who read and write; then it gives way and is tried again
_VERSIONS = sorted(
    (each for each in importlib.resources.files("signtally.postgresql").joinpath("schema_versions").iterdir()
     if each.name.endswith(".sql")),
    key=lambda each: each.name,
)  # fmt: skip
NEWEST = len(_VERSIONS)
if [int(each.name[:4]) for each in _VERSIONS] != [*range(1, NEWEST + 1)]:
    raise ImportError(f"the schema's versions are not numbered one after another: {[each.name for each in _VERSIONS]}")
EVENTS, DAILY_USAGE = "events", "daily_usage"
_MONTHS_AHEAD = 3
_ATTEMPTS = 3


class _WithoutPartitionError(SigntallyError):
    """A row found no partition to lie in."""


class PostgresqlSchema:
    """One schema of a database; its name stands in every statement, so no connection has to remember it."""

    def __init__(self, connections: PostgresqlConnections, name: str) -> None:
        self._connections = connections
        self._name = name
        self._partitions: set[tuple[str, dt.date]] = set()  # known to be there

    @property
    def what(self) -> str:
        """For errors."""
        return f"schema {self._name}"

    @property
    def quoted_name(self) -> str:
        """As SQL names it."""
        return _quoted(self._name)

    def table(self, name: str) -> str:
        """A table, or function, as SQL names it."""
        return f"{self.quoted_name}.{name}"

    def provision(self, *, today: dt.date) -> bool:
        """Make what is missing, and partitions for some months to come; whether anything had to be made.

        Safe beside running programs: versions only add, one process at a time, and without waiting long for a lock.
        Documents with events in months that were dropped, or attached by hand, are counted anew.
        """
        made = self._connections.write(self.what, self._migrated)
        self.recount_documents()
        months = [*_months_from(today, _MONTHS_AHEAD)]
        return self._make(EVENTS, months) | self._make(DAILY_USAGE, {_year(each) for each in months}) | made

    def recount_documents(self) -> None:
        """Those with events in months that were dropped or attached since they were counted."""
        self._connections.write(self.what, self._recounted)

    def check(self) -> None:
        """Raises a ServiceError unless the schema is new enough and the server takes writes."""
        query = f"SELECT pg_is_in_recovery(), max(version) FROM {self.table('schema_versions')}"  # noqa: S608 -- a name of ours
        ((is_standby, version),) = self._connections.rows(self.what, query)
        if is_standby:
            raise ServiceUnavailableError(f"PostgreSQL: {self.what} is on a standby, which takes no writes; try again")
        if version < NEWEST:
            raise NotProvisionedError(f"PostgreSQL: {self.what} is of version {version}; run `signtally provision`")

    def insert_events(self, statement: str, values: Sequence[object], *, at: Iterable[dt.datetime]) -> list[Row]:
        """What an idempotent statement answers that inserts events of these instants, of years back too."""
        months = {each.astimezone(dt.UTC).date().replace(day=1) for each in at}
        return self._insert(EVENTS, months, statement, values)

    def insert_daily_usage(self, statement: str, values: Sequence[object], *, days: Iterable[dt.date]) -> list[Row]:
        """What an idempotent statement answers that inserts rows of these days."""
        return self._insert(DAILY_USAGE, {_year(day) for day in days}, statement, values)

    def _insert(self, table: str, firsts: set[dt.date], statement: str, values: Sequence[object]) -> list[Row]:
        def run(connection: Writing) -> list[Row]:
            try:
                return connection.execute(statement.encode(), values).fetchall()
            except psycopg.errors.CheckViolation as error:
                if is_without_partition(error):
                    raise _WithoutPartitionError from error  # the pool closes the connection, which may know too little
                raise

        for _ in range(_ATTEMPTS):
            self._make(table, firsts)
            try:
                return self._connections.write(self.what, run)
            except _WithoutPartitionError:
                self._partitions.clear()  # somebody dropped one
        raise ServiceUnavailableError(f"PostgreSQL: {self.what}: partitions of {table} are dropped as soon as made")

    def _make(self, table: str, firsts: Iterable[dt.date]) -> bool:
        """Make the partitions that are missing, and wait until every connection knows of them."""
        missing = sorted(first for first in firsts if (table, first) not in self._partitions)
        query = f"SELECT {self.table('make_partition')}(%s, %s, %s)"
        made = False
        for first in missing:
            past = next_month(first) if table == EVENTS else first.replace(year=first.year + 1)
            ((is_new,),) = self._connections.rows(self.what, query, [table, first, past])
            made |= is_new
        if missing:
            self._connections.rows(self.what, f"SELECT {self.table('settle_partitions')}(%s)", [table])
            self._partitions.update((table, first) for first in missing)
        return made

    def _migrated(self, connection: Writing) -> bool:
        lock = int.from_bytes(hashlib.sha256(self._name.encode()).digest()[:8], signed=True)
        name = sql.Identifier(self._name)
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [lock])
            connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(f"{_LONGEST_WAIT_SECONDS}s"))
            if not _exists(connection, self._name):  # asked first: who may not make one may own one
                connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
            connection.execute(sql.SQL("SET LOCAL search_path = {}").format(name))
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_versions"
                " (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
            )
            row = connection.execute("SELECT coalesce(max(version), 0) FROM schema_versions").fetchone()
            done = row[0] if row else 0
            for number, version in enumerate(_VERSIONS[done:], start=done + 1):
                connection.execute(version.read_text().encode())
                connection.execute("INSERT INTO schema_versions VALUES (%s, %s)", [number, version.name])
        return done < NEWEST

    def _recounted(self, connection: Writing) -> None:
        with connection.transaction():
            connection.execute("SET LOCAL statement_timeout = 0")
            connection.execute(f"SELECT {self.table('recount_months')}()".encode())


def _exists(connection: Writing, name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [name]).fetchone() is not None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _year(day: dt.date) -> dt.date:
    return day.replace(month=1, day=1)


def next_month(first: dt.date) -> dt.date:
    return (first + dt.timedelta(days=31)).replace(day=1)


def _months_from(day: dt.date, count: int) -> Iterable[dt.date]:
    first = day.replace(day=1)
    for _ in range(count + 1):
        yield first
        first = next_month(first)
