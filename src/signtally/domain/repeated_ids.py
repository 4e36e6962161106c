"""Ids that occur several times among any number of events: the event received first counts.

Nearly all ids occur once. So ids are first compared by a 64-bit hash, and only events whose hash occurs more than once
are sorted: they are few, and fit into memory.
"""

import dataclasses
from collections.abc import Callable

import polars as pl

from signtally.domain.first_received import FIRST_RECEIVED_ORDER
from signtally.domain.schemas import IDENTITY

_IDS_PER_PASS = 4_000_000  # whose hashes are held at a time: a quarter of a gigabyte
_HASH = pl.col("event_id").hash()

DayAssignment = Callable[[pl.LazyFrame], pl.LazyFrame]


@dataclasses.dataclass(frozen=True, slots=True)
class RepeatedIds:
    """*hashes* of ids that occur more than once, and the *superseded* events (schema IDENTITY) that never count."""

    hashes: pl.DataFrame
    superseded: pl.DataFrame

    @classmethod
    def none(cls) -> "RepeatedIds":
        """Of events that all count."""
        return cls(pl.DataFrame(schema={"hash": pl.UInt64()}), IDENTITY.to_frame())

    @classmethod
    def among(
        cls, events: pl.LazyFrame, *, superseded: pl.DataFrame, ids_per_pass: int = _IDS_PER_PASS
    ) -> "RepeatedIds":
        """Find them among *events*, whose ids are read once for every *ids_per_pass* events."""
        passes = 1 + events.select(pl.len()).collect(engine="streaming").item() // ids_per_pass
        found = [_repeated(events, index, passes) for index in range(passes)]
        return cls(pl.concat([superseded.select(hash=_HASH), *found]).unique(), superseded)

    def counted_once(self, events: pl.LazyFrame, *, assign_days: DayAssignment) -> pl.LazyFrame:
        """The *events* that count, each with the `day` that *assign_days* gives it: one a tenant, day and id.

        Tenants and days are kept apart, so that a day's figures follow from the events of that day alone, whatever
        else is counted in the same go; the same id on two days is reconciliation's to find.
        """
        if self.hashes.is_empty():
            return assign_days(events)
        hashed, hashes = events.with_columns(hash=_HASH), self.hashes.lazy()
        close = hashed.join(hashes, on="hash", how="semi").join(self.superseded.lazy(), on=[*IDENTITY], how="anti")
        first = (
            assign_days(close)
            .collect(engine="streaming")
            .sort(*FIRST_RECEIVED_ORDER)
            .unique(["tenant_id", "day", "event_id"], keep="first", maintain_order=True)
        )
        return pl.concat([assign_days(hashed.join(hashes, on="hash", how="anti")), first.lazy()])


def _repeated(events: pl.LazyFrame, index: int, passes: int) -> pl.DataFrame:
    hashes = events.select(hash=_HASH)
    share = hashes.filter(pl.col("hash") % passes == index) if passes > 1 else hashes
    return share.group_by("hash").len().filter(pl.col("len") > 1).select("hash").collect(engine="streaming")
