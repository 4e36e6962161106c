"""The DuckDB file: opening it safely, its bookkeeping tables, cursors for readers."""
# ruff: noqa: S608 - table names are t and a number

import contextlib
import json
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import duckdb

from timestream_local.catalog.identifiers import quoted
from timestream_local.catalog.schema import Column, ColumnKind, Database, PartitionKey, Retention, ScalarType, Table
from timestream_local.protocol.errors import InternalServerError
from timestream_local.sql import macros

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS catalog;
CREATE SCHEMA IF NOT EXISTS records;
CREATE SEQUENCE IF NOT EXISTS catalog.table_ids;
CREATE TABLE IF NOT EXISTS catalog.databases (name VARCHAR, document VARCHAR);
CREATE TABLE IF NOT EXISTS catalog.tables (id INTEGER, document VARCHAR);
CREATE TABLE IF NOT EXISTS catalog.columns (table_id INTEGER, position INTEGER, name VARCHAR, type VARCHAR,
    kind VARCHAR);
CREATE TABLE IF NOT EXISTS catalog.tags (resource VARCHAR, key VARCHAR, value VARCHAR);
"""

# What each record carries for the store itself; the prefix ts_ is reserved, so no user column can meet these.
BOOKKEEPING = """ts_identity UBIGINT, ts_version BIGINT, ts_digest UBIGINT, ts_visible_at BIGINT, ts_hidden_at BIGINT"""

# Nothing that arrives as SQL may reach a file, a network or an extension; UNLOAD writes under the spool alone.
HARDENING = """
SET TimeZone = 'UTC';
SET allowed_directories = [{spool}];
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET python_enable_replacements = false;
SET checkpoint_threshold = '64MB';
SET preserve_insertion_order = true;
SET enable_external_access = false;
"""

INTERRUPT_SECONDS = 0.1  # between interrupts of the readers: one may just have begun its next statement


class Storage:
    """One open DuckDB database; writes go through one thread, reads through cursors of their own."""

    def __init__(self, path: str | None, *, memory_limit: str = "700MB", fsync: bool = True) -> None:
        """Open the file at *path*, or a database in memory for None, which no *memory_limit* binds.

        Beyond the limit DuckDB spills to disk beside the file; the default keeps the whole process within 1 GB.
        Without *fsync* a commit survives the end of the process, whatever ends it, but not that of the machine.
        """
        self._spool = tempfile.TemporaryDirectory(prefix="timestream-local-", ignore_cleanup_errors=True)
        self.spool = Path(self._spool.name)
        limits = {"memory_limit": memory_limit} if path is not None else {}
        self._readers: set[duckdb.DuckDBPyConnection] = set()
        self._readers_changed = threading.Condition()
        self._closing = False
        self.connection = duckdb.connect(path or ":memory:", config=dict(limits))
        spool = str(self.spool).replace("'", "''")
        self.connection.execute(f"SET fsync_mode = '{'STANDARD' if fsync else 'NONE'}'")
        self.connection.execute(HARDENING.format(spool=f"'{spool}/'"))
        self.connection.execute(SCHEMA)
        for statement in macros.STATEMENTS:
            self.connection.execute(statement)

    def close(self) -> None:
        """Break off the queries that still run, then close the file: DuckDB cannot while they do."""
        with self._readers_changed:
            self._closing = True
            while self._readers:
                for reader in self._readers:
                    reader.interrupt()
                self._readers_changed.wait(INTERRUPT_SECONDS)
        self.connection.close()
        self._spool.cleanup()

    @contextlib.contextmanager
    def reader(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the same database, for one reader in one thread."""
        with self._readers_changed:
            if self._closing:
                raise InternalServerError("The server is shutting down.")
            cursor = self.connection.cursor()
            self._readers.add(cursor)
        try:
            yield cursor
        finally:
            cursor.close()
            with self._readers_changed:
                self._readers.discard(cursor)
                self._readers_changed.notify_all()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction on the writer's connection: all of it is on disk when this ends, or nothing is."""
        self.connection.begin()
        try:
            yield self.connection
        except BaseException:
            with contextlib.suppress(duckdb.Error):  # a failed COMMIT has already ended the transaction
                self.connection.rollback()
            raise
        self.connection.commit()

    def load(self) -> tuple[list[Database], list[Table], dict[str, dict[str, str]]]:
        """Read what the catalog held when the file was last written: databases, tables, tags by resource."""
        rows = self.connection.execute("SELECT document FROM catalog.databases").fetchall()
        databases = [Database(**json.loads(row[0])) for row in rows]
        tables = [self._load_table(*row) for row in self.connection.execute("FROM catalog.tables").fetchall()]
        tags: dict[str, dict[str, str]] = {}
        for resource, key, value in self.connection.execute("FROM catalog.tags").fetchall():
            tags.setdefault(resource, {})[key] = value
        return databases, tables, tags

    def _load_table(self, table_id: int, document: str) -> Table:
        fields = json.loads(document)
        select = "SELECT name, type, kind FROM catalog.columns WHERE table_id = ? ORDER BY position"
        rows = self.connection.execute(select, [table_id]).fetchall()
        return Table(
            **{
                **fields,
                "retention": Retention(**fields["retention"]),
                "partition_key": PartitionKey(**fields["partition_key"]),
                "added": tuple(Column(name, ScalarType(kind), ColumnKind(role)) for name, kind, role in rows),
            }
        )

    def late_tables(self, tables: list[Table], now_ns: int) -> set[int]:
        """Clear away what is replaced for good, and return the tables with records that are not readable yet."""
        late = set()
        for table in tables:
            name = table.physical_name
            with self.transaction() as connection:
                connection.execute(f"DELETE FROM {name} WHERE ts_hidden_at <= {now_ns}")
                select = f"SELECT count(*) FROM {name} WHERE ts_visible_at > {now_ns} OR ts_hidden_at > {now_ns}"
                if connection.execute(select).fetchall()[0][0]:
                    late.add(table.id)
        return late

    def put_database(self, database: Database) -> None:
        with self.transaction() as connection:
            connection.execute("DELETE FROM catalog.databases WHERE name = ?", [database.name])
            connection.execute("INSERT INTO catalog.databases VALUES (?, ?)", [database.name, dump(database)])

    def drop_database(self, name: str) -> None:
        with self.transaction() as connection:
            connection.execute("DELETE FROM catalog.databases WHERE name = ?", [name])

    def next_table_id(self) -> int:
        """A number that no table here has or had: a query that is still running must not meet another's rows."""
        row = self.connection.execute("SELECT nextval('catalog.table_ids')").fetchall()[0]
        return int(row[0])

    def put_table(self, table: Table, *, new: bool = False) -> None:
        with self.transaction() as connection:
            connection.execute("DELETE FROM catalog.tables WHERE id = ?", [table.id])
            connection.execute("INSERT INTO catalog.tables VALUES (?, ?)", [table.id, dump(table)])
            if new:
                columns = f'{BOOKKEEPING}, "time" TIMESTAMP_NS, measure_name VARCHAR'
                connection.execute(f"CREATE TABLE {table.physical_name} ({columns})")

    def drop_table(self, table: Table) -> None:
        with self.transaction() as connection:
            connection.execute("DELETE FROM catalog.tables WHERE id = ?", [table.id])
            connection.execute("DELETE FROM catalog.columns WHERE table_id = ?", [table.id])
            connection.execute(f"DROP TABLE {table.physical_name}")

    def add_columns(self, table: Table, columns: list[Column]) -> None:
        with self.transaction() as connection:
            for position, column in enumerate(columns, start=len(table.added)):
                added = f"{quoted(column.name)} {column.type.stored_as}"
                connection.execute(f"ALTER TABLE {table.physical_name} ADD COLUMN {added}")
                values = [table.id, position, column.name, column.type.value, column.kind.value]
                connection.execute("INSERT INTO catalog.columns VALUES (?, ?, ?, ?, ?)", values)

    def put_tags(self, resource: str, tags: dict[str, str]) -> None:
        with self.transaction() as connection:
            connection.execute("DELETE FROM catalog.tags WHERE resource = ?", [resource])
            for key, value in tags.items():
                connection.execute("INSERT INTO catalog.tags VALUES (?, ?, ?)", [resource, key, value])


def dump(value: Database | Table) -> str:
    """The catalog's document of *value*; a table's columns have rows of their own."""
    fields = asdict(value)
    fields.pop("added", None)
    return json.dumps(fields)
