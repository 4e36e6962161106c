"""The state behind every operation: the catalog in memory, the storage under it, the clock, the writer."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from timestream_local.errors import ResourceNotFoundError
from timestream_local.ingestion import Writer
from timestream_local.modes import Modes, Throttle
from timestream_local.paging import Pages
from timestream_local.visibility import Visibility

if TYPE_CHECKING:
    from collections.abc import Callable

    from timestream_local.catalog import Column, Database, Table
    from timestream_local.storage import Storage


class Service:
    """Everything one server knows. Reads of the catalog take the immutable values that are there at that instant."""

    def __init__(
        self, storage: Storage, *, clock: Callable[[], int] = time.time_ns, s3_endpoint: str | None = None
    ) -> None:
        """Load the catalog from *storage*; *clock* gives nanoseconds since 1970."""
        self.storage = storage
        self.clock = clock
        self.s3_endpoint = s3_endpoint
        self.modes = Modes()
        self.throttle = Throttle()
        self.pages = Pages()
        databases, tables, self.tags = storage.load()
        self.databases: dict[str, Database] = {database.name: database for database in databases}
        self.tables: dict[tuple[str, str], Table] = {(table.database, table.name): table for table in tables}
        self.late_tables = storage.late_tables(tables, clock())
        self.writer = Writer(self)

    def close(self) -> None:
        self.writer.close()
        self.storage.close()

    def database(self, name: str) -> Database:
        if name not in self.databases:
            raise ResourceNotFoundError(f"The database {name} does not exist.")
        return self.databases[name]

    def table(self, database: str, name: str) -> Table:
        if (database, name) not in self.tables:
            self.database(database)
            raise ResourceNotFoundError(f"The table {name} does not exist.")
        return self.tables[database, name]

    def widen(self, table: Table, columns: list[Column]) -> Table:
        """Add *columns* that a record brought; only the writer's thread may call this."""
        self.storage.add_columns(table, columns)
        wider = dataclasses.replace(table, added=(*table.added, *columns))
        self.tables[table.database, table.name] = wider
        return wider

    def visibility(self, table: Table) -> Visibility:
        """Return when a record written now becomes readable, and remember that *table* has late ones."""
        now = self.clock()
        lag, magnetic_lag = (
            int(seconds * 1e9) for seconds in (self.modes.read_lag_seconds, self.modes.magnetic_lag_seconds)
        )
        if lag or magnetic_lag:
            self.late_tables.add(table.id)
        return Visibility(now, now - table.retention.memory_ns, lag, magnetic_lag)
