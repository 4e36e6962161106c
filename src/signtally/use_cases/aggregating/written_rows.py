"""The rows that runs have written, as long as they cannot be read: the store may show them hours later."""

import datetime as dt
import threading

import polars as pl

from signtally.domain.schemas import TENANT_DAY_KEY, TENANT_DAYS, USER_DAY_KEY, UTC_MICROSECONDS
from signtally.ports.objects import ObjectStore
from signtally.ports.usage_store import DailyUsageStore
from signtally.stores.unread_rows import UnreadRows, UnreadWrite, overlaid, still_unread

_FEW = 1_000  # rows that a query reads back; of more, a bulk read
_MUCH = 500_000  # rows, a hundred megabytes


class WrittenRows:
    """This run's rows and those that earlier runs have left; called from several threads."""

    def __init__(self, store: DailyUsageStore, objects: ObjectStore, *, much: int = _MUCH) -> None:
        self._store = store
        self._kept = UnreadRows(objects)
        self._generation = store.usage_generation()
        self._writes: dict[str, UnreadWrite] = {}
        self._lock = threading.Lock()
        self._much = much
        self.has_own = False

    @property
    def is_much(self) -> bool:
        """Whether it is time to forget what can be read by now, for the sake of memory."""
        with self._lock:
            return sum(len(each.rows) for each in self._writes.values()) > self._much

    def add(self, rows: pl.DataFrame, *, counted_at: dt.datetime) -> None:
        """Rows of schema DAILY_USAGE were written."""
        timed = rows.with_columns(counted_at=pl.lit(counted_at, UTC_MICROSECONDS))
        write = self._kept.add(timed, generation=self._generation)
        with self._lock:
            self.has_own = True
            self._writes[write.key] = write

    def look(self) -> None:
        """Learn what others have written meanwhile."""
        with self._lock:
            known = [*self._writes]
        found = [*self._kept.writes(generation=self._generation, known=known)]
        with self._lock:
            self._writes |= {each.key: each for each in found}

    def over(self, stored: pl.DataFrame, *, days: pl.DataFrame) -> pl.DataFrame:
        """*stored* rows (schema STORED_USAGE) of these tenants' *days*, and over them what cannot be read yet."""
        with self._lock:
            writes = [*self._writes.values()]
        if not writes:
            return stored
        return overlaid(stored, pl.concat([each.rows for each in writes]).join(days, on=TENANT_DAY_KEY, how="semi"))

    def unread(self) -> pl.DataFrame:
        """The tenants and days of which a row cannot be read yet; what can be is forgotten. Raise a ServiceError."""
        self.look()
        if not self._writes:
            return TENANT_DAYS.to_frame()
        written = pl.concat([each.rows for each in self._writes.values()])
        left = self._left(written)
        readable = [
            each for each in self._writes.values() if each.rows.join(left, on=USER_DAY_KEY, how="semi").is_empty()
        ]
        self._kept.forget(readable)
        for each in readable:
            del self._writes[each.key]
        return left.select(TENANT_DAY_KEY).unique()

    def _left(self, written: pl.DataFrame) -> pl.DataFrame:
        first, last = written["day"].min(), written["day"].max()
        assert isinstance(first, dt.date)  # noqa: S101 -- the schema says so; mypy cannot see it
        assert isinstance(last, dt.date)  # noqa: S101 -- as above
        tenant_ids = written["tenant_id"].unique().to_list()
        if len(written) <= _FEW:
            stored = self._store.daily_usage(first=first, last=last, tenant_ids=tenant_ids)
            return still_unread(written, stored.lazy())
        with self._store.scan_daily_usage(first=first, last=last, tenant_ids=tenant_ids) as rows:
            return still_unread(written, rows)
