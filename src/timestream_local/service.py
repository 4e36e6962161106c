"""One running server's parts: storage, catalog, writer, open results, modes and the clock."""

import time
from collections.abc import Callable

from timestream_local.catalog.schema import Table
from timestream_local.modes import Modes, Throttle
from timestream_local.query.known_queries import KnownQueries
from timestream_local.query.paging import Pages
from timestream_local.store.catalog import Catalog
from timestream_local.store.storage import Storage
from timestream_local.store.visibility import Visibility
from timestream_local.writing.writer import Writer


class Service:
    """Everything that an operation may use."""

    def __init__(
        self, storage: Storage, *, clock: Callable[[], int] = time.time_ns, s3_endpoint: str | None = None
    ) -> None:
        """Load the catalog from *storage* and start the writer; *clock* gives nanoseconds since 1970."""
        self.storage = storage
        self.clock = clock
        self.s3_endpoint = s3_endpoint
        self.modes = Modes()
        self.throttle = Throttle()
        self.pages = Pages()
        self.known_queries = KnownQueries()
        self.catalog = Catalog(storage, clock())
        self.writer = Writer(storage, self.catalog, clock=clock, visibility=self.visibility)

    def now_seconds(self) -> float:
        """The time as the API gives it: seconds since 1970, to the millisecond."""
        return self.clock() // 10**6 / 1000

    def close(self) -> None:
        self.writer.close()
        self.storage.close()

    def visibility(self, table: Table) -> Visibility:
        """Return when a record written now becomes readable, and remember that *table* has late ones."""
        now = self.clock()
        lag, magnetic_lag = (
            int(seconds * 1e9) for seconds in (self.modes.read_lag_seconds, self.modes.magnetic_lag_seconds)
        )
        if lag or magnetic_lag:
            self.catalog.late_tables.add(table.id)
        return Visibility(now, now - table.retention.memory_ns, lag, magnetic_lag)
