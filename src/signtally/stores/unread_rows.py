"""Rows of daily usage that were written and may not be readable yet: the store may show them hours later.

Until a row can be read, whoever recounts its day or reports on it has to know of it from here: a recount would leave
it standing where it should be zero, and a report would miss it. One object a write, in the folder of the generation of
rows that it belongs to (`UsageStore.usage_generation`), with the days in its name so that few are read.
"""

import dataclasses
import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

import polars as pl

from signtally.domain.erasures import ErasedUsers
from signtally.domain.periods import Period
from signtally.domain.schemas import STORED_USAGE, USER_DAY_KEY
from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import ParquetObject

UNREAD = f"{STATE}unread/"


@dataclasses.dataclass(frozen=True, slots=True)
class UnreadWrite:
    """One write: its object's key and its *rows*, in schema STORED_USAGE."""

    key: str
    rows: pl.DataFrame


class UnreadRows:
    """The writes whose rows may not be readable yet, one object each."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def add(self, rows: pl.DataFrame, *, generation: str) -> UnreadWrite:
        """Remember rows of schema STORED_USAGE that were written, at least one."""
        first, last = (rows["day"].dt.strftime("%Y%m%d").sort()[index] for index in (0, -1))
        key = f"{_folder(generation)}{first}-{last}-{uuid.uuid4().hex}.parquet"
        self._object(key).write(rows)
        return UnreadWrite(key, rows)

    def writes(
        self, *, generation: str | None = None, within: Period | None = None, known: Iterable[str] = ()
    ) -> Iterator[UnreadWrite]:
        """Writes of one generation or all, with days *within* a period or any, without those whose keys are *known*."""
        left_out = {*known}
        for each in self._objects.list_objects(UNREAD if generation is None else _folder(generation)):
            if each.key in left_out or (within is not None and not _touches(each.key, within)):
                continue
            rows = self._object(each.key).read_sound()
            if rows is not None:  # else they have become readable; what is spoilt, `reconcile` finds
                yield UnreadWrite(each.key, rows)

    def forget_names(self, tenant_id: str, *, erased: ErasedUsers, dry_run: bool = False) -> int:
        """Take the names of erased users of a tenant out of the rows; how many rows had one."""
        rewritten = 0
        for write in self.writes():
            nameless = erased.nameless(write.rows)
            named = write.rows.join(nameless, on=[*STORED_USAGE], how="anti", nulls_equal=True)
            rewritten += len(named.filter(tenant_id=tenant_id))
            if len(named) and not dry_run:
                self._object(write.key).update(lambda rows: None if rows is None else erased.nameless(rows))
        return rewritten

    def forget(self, writes: Iterable[UnreadWrite]) -> None:
        """Delete writes whose rows can be read."""
        self._objects.delete([each.key for each in writes])

    def forget_others(self, *, generation: str) -> None:
        """Delete the writes of all other generations: their rows were lost with their table."""
        own = _folder(generation)
        self._objects.delete([each.key for each in self._objects.list_objects(UNREAD) if not each.key.startswith(own)])

    def _object(self, key: str) -> ParquetObject:
        return ParquetObject(self._objects, key, STORED_USAGE)


def overlaid(stored: pl.DataFrame, unread: pl.DataFrame) -> pl.DataFrame:
    """The rows (schema STORED_USAGE) that will be readable once all of *unread* are: the later counted of each."""
    if unread.is_empty():
        return stored
    both = pl.concat([stored.select([*STORED_USAGE]), unread.select([*STORED_USAGE])]).sort("counted_at")
    return both.unique(USER_DAY_KEY, keep="last", maintain_order=True)


def still_unread(written: pl.DataFrame, stored: pl.LazyFrame) -> pl.DataFrame:
    """The *written* rows that *stored* does not show yet: there is no such row, or an older one."""
    readable = stored.select(*USER_DAY_KEY, shown_at="counted_at")
    joined = written.lazy().join(readable, on=USER_DAY_KEY, how="left")
    unread = joined.filter(pl.col("shown_at").is_null() | (pl.col("shown_at") < pl.col("counted_at")))
    return unread.drop("shown_at").collect(engine="streaming")


def _folder(generation: str) -> str:
    return f"{UNREAD}{hashlib.sha256(generation.encode()).hexdigest()[:16]}/"


def _touches(key: str, period: Period) -> bool:
    first, last, _ = PurePosixPath(key).name.split("-")
    return _day(first) <= period.last and period.first <= _day(last)


def _day(digits: str) -> dt.date:
    return dt.datetime.strptime(digits, "%Y%m%d").replace(tzinfo=dt.UTC).date()
