"""Rows of daily usage that runs wrote and that cannot be read yet: the store may show them hours later."""

import datetime as dt
import threading

import polars as pl

from signtally.domain.schemas import TENANT_DAY_KEY, TENANT_DAYS, USER_DAY_KEY, UTC_MICROSECONDS
from signtally.ports.objects import ObjectStore
from signtally.ports.usage_store import DailyUsageStore
from signtally.stores.unread_rows import UnreadRows, UnreadWrite, overlaid, still_unread

_QUERY_MAX_ROWS = 1_000  # read back by a query; more by a bulk read
_LARGE_ROWS = 500_000  # a hundred megabytes


class WrittenRows:
    """This run's rows and those that other runs have left in `state/unread/`. Thread-safe."""

    def __init__(self, store: DailyUsageStore, objects: ObjectStore, *, large_rows: int = _LARGE_ROWS) -> None:
        self._store = store
        self._kept = UnreadRows(objects)
        self._generation = store.usage_generation()
        self._writes: dict[str, UnreadWrite] = {}
        self._lock = threading.Lock()
        self._large_rows = large_rows
        self.has_own = False

    @property
    def is_large(self) -> bool:
        """Whether there are so many rows that those which can be read by now should be forgotten, to free memory."""
        with self._lock:
            return sum(len(each.rows) for each in self._writes.values()) > self._large_rows

    def add(self, rows: pl.DataFrame, *, counted_at: dt.datetime) -> None:
        """Remember rows of schema DAILY_USAGE that were just written."""
        timed = rows.with_columns(counted_at=pl.lit(counted_at, UTC_MICROSECONDS))
        write = self._kept.add(timed, generation=self._generation)
        with self._lock:
            self.has_own = True
            self._writes[write.key] = write

    def refresh(self) -> None:
        """Load what other runs have written since the last call. Raises ServiceError."""
        with self._lock:
            known = [*self._writes]
        found = [*self._kept.writes(generation=self._generation, known=known)]
        with self._lock:
            self._writes |= {each.key: each for each in found}

    def overlay(self, stored: pl.DataFrame, *, days: pl.DataFrame) -> pl.DataFrame:
        """*stored* rows (schema STORED_USAGE) of *days* (TENANT_DAYS), with unread rows in place of older ones."""
        with self._lock:
            writes = [*self._writes.values()]
        if not writes:
            return stored
        return overlaid(stored, pl.concat([each.rows for each in writes]).join(days, on=TENANT_DAY_KEY, how="semi"))

    def unread_days(self) -> pl.DataFrame:
        """Tenant-days with a row that cannot be read yet, schema TENANT_DAYS; rows that can be are forgotten.

        Raises ServiceError.
        """
        self.refresh()
        if not self._writes:
            return TENANT_DAYS.to_frame()
        written = pl.concat([each.rows for each in self._writes.values()])
        left = self._still_unread(written)
        readable = [
            each for each in self._writes.values() if each.rows.join(left, on=USER_DAY_KEY, how="semi").is_empty()
        ]
        self._kept.forget(readable)
        for each in readable:
            del self._writes[each.key]
        return left.select(TENANT_DAY_KEY).unique()

    def _still_unread(self, written: pl.DataFrame) -> pl.DataFrame:
        first, last = written["day"].min(), written["day"].max()
        assert isinstance(first, dt.date)  # noqa: S101 -- the schema says so; mypy cannot see it
        assert isinstance(last, dt.date)  # noqa: S101 -- as above
        tenant_ids = written["tenant_id"].unique().to_list()
        if len(written) <= _QUERY_MAX_ROWS:
            stored = self._store.daily_usage(first=first, last=last, tenant_ids=tenant_ids)
            return still_unread(written, stored.lazy())
        with self._store.scan_daily_usage(first=first, last=last, tenant_ids=tenant_ids) as rows:
            return still_unread(written, rows)
