"""The way of rows into DuckDB: an INSERT for each table and set of columns, prepared once and fed anew each time.

To register the rows of every commit and to plan its INSERT takes as long as to run it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from timestream_local.catalog import Table

MOST_INLETS = 64


class Inlet:
    """One prepared INSERT. DuckDB scans this object, and so reads whatever rows it holds at that moment."""

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

    def insert(self, rows: pa.Table) -> None:
        self._rows = rows
        try:
            self._connection.execute(f"EXECUTE {self._statement}")
        finally:
            self._rows = self._nothing  # many inlets stay open; none may hold on to what it has written

    def close(self) -> None:
        self._connection.execute(f"DEALLOCATE {self._statement}")
        self._connection.unregister(self._source)


class Inlets:
    """The inlets of one connection, which only its one writer may use; the one unused for longest goes first."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._open: dict[tuple[int, tuple[str, ...]], Inlet] = {}
        self._opened = 0

    def inlet(self, table: Table, rows: pa.Table) -> Inlet:
        """Return the inlet for rows like these; ask outside a transaction, whose rollback would undo a new one."""
        key = (table.id, tuple(rows.column_names))
        inlet = self._open.pop(key, None) or self._prepare(table, rows)
        self._open[key] = inlet
        return inlet

    def forget(self, table: Table) -> None:
        for key in [key for key in self._open if key[0] == table.id]:
            self._open.pop(key).close()

    def _prepare(self, table: Table, rows: pa.Table) -> Inlet:
        if len(self._open) >= MOST_INLETS:
            self._open.pop(next(iter(self._open))).close()
        self._opened += 1
        return Inlet(self._connection, self._opened, table, rows)
