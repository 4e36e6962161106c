"""Events whose id stands several times, among any number of events: the one received first counts.

Nearly all ids stand once. So ids are first compared by a number of 64 bits each, and only events whose number is not
the only one of its kind are looked at closely: they are few, and fit into memory.
"""

import dataclasses
from collections.abc import Callable

import polars as pl

from signtally.domain.schemas import FIRST_RECEIVED_ORDER, IDENTITY

_IDS_A_PASS = 4_000_000  # whose numbers are held at a time: a quarter of a gigabyte
_NUMBER = pl.col("event_id").hash()

Placing = Callable[[pl.LazyFrame], pl.LazyFrame]


@dataclasses.dataclass(frozen=True, slots=True)
class RepeatedIds:
    """*numbers* of the ids to look at closely, and of events with such ids the *superseded* ones (IDENTITY)."""

    numbers: pl.DataFrame
    superseded: pl.DataFrame

    @classmethod
    def among(cls, events: pl.LazyFrame, *, superseded: pl.DataFrame, a_pass: int = _IDS_A_PASS) -> "RepeatedIds":
        """Read the ids of all *events*, once every *a_pass* of them; *superseded* ones never count."""
        passes = 1 + events.select(pl.len()).collect(engine="streaming").item() // a_pass
        found = [_repeated(events, index, passes) for index in range(passes)]
        return cls(pl.concat([superseded.select(number=_NUMBER), *found]).unique(), superseded)

    def counted_once(self, events: pl.LazyFrame, *, place: Placing) -> pl.LazyFrame:
        """The *events* that count, each on its `day`, where *place* put it: one a tenant, day and id.

        Tenants and days are kept apart, so that a day's figures follow from the events of that day alone, whatever
        else is counted in the same go; the same id on two days is reconciliation's to find.
        """
        if self.numbers.is_empty():
            return place(events)
        numbered, numbers = events.with_columns(number=_NUMBER), self.numbers.lazy()
        close = numbered.join(numbers, on="number", how="semi").join(self.superseded.lazy(), on=[*IDENTITY], how="anti")
        first = (
            place(close)
            .collect(engine="streaming")
            .sort(*FIRST_RECEIVED_ORDER)
            .unique(["tenant_id", "day", "event_id"], keep="first", maintain_order=True)
        )
        return pl.concat([place(numbered.join(numbers, on="number", how="anti")), first.lazy()])


def _repeated(events: pl.LazyFrame, index: int, passes: int) -> pl.DataFrame:
    numbers = events.select(number=_NUMBER)
    share = numbers.filter(pl.col("number") % passes == index) if passes > 1 else numbers
    return share.group_by("number").len().filter(pl.col("len") > 1).select("number").collect(engine="streaming")
