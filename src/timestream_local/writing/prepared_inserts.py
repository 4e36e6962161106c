"""Prepared INSERTs, one for each table and set of columns, used again for every commit.

Registering the rows of a commit and planning its INSERT would take as long as running it.
"""

import duckdb
import pyarrow as pa

from timestream_local.catalog.schema import Table

MOST_PREPARED = 64


class PreparedInsert:
    """One prepared INSERT. DuckDB scans this object, and so reads the rows that it holds at that moment."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, number: int, table: Table, rows: pa.Table) -> None:
        """Prepare for rows with the columns and types of *rows*."""
        self._connection = connection
        self._source, self._statement = f"rows_{number}", f"insert_{number}"
        self._rows = self._nothing = rows.schema.empty_table()
        connection.register(self._source, self)
        columns = ", ".join(f'"{name}"' for name in rows.column_names)
        insert = f"INSERT INTO {table.physical_name} ({columns}) FROM {self._source}"
        connection.execute(f"PREPARE {self._statement} AS {insert}")

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._rows.__arrow_c_stream__(requested_schema)

    def run(self, rows: pa.Table) -> None:
        self._rows = rows
        try:
            self._connection.execute(f"EXECUTE {self._statement}")
        finally:
            self._rows = self._nothing  # many stay prepared; none may keep rows that it has written

    def close(self) -> None:
        self._connection.execute(f"DEALLOCATE {self._statement}")
        self._connection.unregister(self._source)


class PreparedInsertCache:
    """The prepared INSERTs of one connection, for its one writer; the least recently used goes first."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._open: dict[tuple[int, tuple[str, ...]], PreparedInsert] = {}
        self._opened = 0

    def of(self, table: Table, rows: pa.Table) -> PreparedInsert:
        """Return the INSERT for rows like these. Call it outside a transaction: a rollback would undo a new one."""
        key = (table.id, tuple(rows.column_names))
        insert = self._open.pop(key, None) or self._prepare(table, rows)
        self._open[key] = insert
        return insert

    def forget(self, table: Table) -> None:
        for key in [key for key in self._open if key[0] == table.id]:
            self._open.pop(key).close()

    def _prepare(self, table: Table, rows: pa.Table) -> PreparedInsert:
        if len(self._open) >= MOST_PREPARED:
            self._open.pop(next(iter(self._open))).close()
        self._opened += 1
        return PreparedInsert(self._connection, self._opened, table, rows)
