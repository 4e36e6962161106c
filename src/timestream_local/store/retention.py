"""The ingestion window of a table: which store takes a record of a given time, and why none does.

Windows from "Storage" and "Quotas" in the developer guide ("Future ingestion period: 15 minutes"); texts as captured.
"""

import datetime as dt
import enum
from dataclasses import dataclass

from timestream_local.catalog.schema import Table

FUTURE_NS = 15 * 60 * 10**9


class Store(enum.Enum):
    """Where Timestream keeps a record."""

    MEMORY = "MemoryStore"
    MAGNETIC = "MagneticStore"


@dataclass(frozen=True, slots=True)
class IngestionWindow:
    """What a table accepts at one instant."""

    now_ns: int
    memory_from_ns: int
    open_from_ns: int
    magnetic: bool

    @classmethod
    def of(cls, table: Table, now_ns: int) -> "IngestionWindow":
        memory_from = now_ns - table.retention.memory_ns
        magnetic = table.takes_magnetic_writes
        return cls(now_ns, memory_from, now_ns - table.retention.total_ns if magnetic else memory_from, magnetic)

    def store(self, time_ns: int) -> Store | None:
        """Return the store for a record of *time_ns*, or None when it lies outside."""
        if not self.open_from_ns <= time_ns < self.now_ns + FUTURE_NS:
            return None
        return Store.MEMORY if time_ns >= self.memory_from_ns else Store.MAGNETIC

    def reason(self) -> str:
        what = "data ingestion window" if self.magnetic else "memory store"
        span = f"[{_iso(self.open_from_ns)}, {_iso(self.now_ns + FUTURE_NS)})"
        return f"The record timestamp is outside the time range {span} of the {what}."


def _iso(time_ns: int) -> str:
    moment = dt.datetime.fromtimestamp(max(time_ns, 0) // 10**6 / 1000, tz=dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
