"""The catalog in memory: the databases, tables and tags that the file holds."""

import dataclasses

from timestream_local.catalog.schema import Column, Database, Table
from timestream_local.protocol.errors import ResourceNotFoundError
from timestream_local.store.storage import Storage


class Catalog:
    """Databases by name, tables by (database, table), tags by resource.

    Their values are immutable, so a reader keeps a consistent state; only the writer's thread changes the catalog.
    """

    def __init__(self, storage: Storage, now_ns: int) -> None:
        """Load the catalog from *storage*; *now_ns*, in nanoseconds since 1970, tells which records are late."""
        self._storage = storage
        databases, tables, self.tags = storage.load()
        self.databases: dict[str, Database] = {database.name: database for database in databases}
        self.tables: dict[tuple[str, str], Table] = {(table.database, table.name): table for table in tables}
        self.late_tables: set[int] = storage.late_tables(tables, now_ns)
        """The ids of the tables that may hold records which are not readable yet."""

    def database(self, name: str) -> Database:
        """Return a database. Raises ResourceNotFoundError when there is none of that name."""
        if name not in self.databases:
            raise ResourceNotFoundError(f"The database {name} does not exist.")
        return self.databases[name]

    def table(self, database: str, name: str) -> Table:
        """Return a table. Raises ResourceNotFoundError when it or its database does not exist."""
        if (database, name) not in self.tables:
            self.database(database)
            raise ResourceNotFoundError(f"The table {name} does not exist.")
        return self.tables[database, name]

    def widen(self, table: Table, columns: list[Column]) -> Table:
        """Add *columns* that a record brought and return the wider table."""
        self._storage.add_columns(table, columns)
        wider = dataclasses.replace(table, added=(*table.added, *columns))
        self.tables[table.database, table.name] = wider
        return wider
