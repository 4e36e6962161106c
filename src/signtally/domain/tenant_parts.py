"""Tenants by parts of about equal size, so that what is too much for memory at once is done one part after another.

A part is a matter of one process; runs that share work between machines do so by `signtally.domain.shards`.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import polars as pl

from signtally.domain.aggregation import TenantDay

_EVENTS_A_PART = 4_000_000  # counted in about 1 GB


@dataclasses.dataclass(frozen=True, slots=True)
class TenantPart:
    """Part *index* (from 0) of *count*."""

    index: int
    count: int

    def rows(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Those of this part's tenants; files are read so that of the others little more than the tenant is decoded."""
        return rows if self.count == 1 else rows.filter(pl.col("tenant_id").hash() % self.count == self.index)

    def days(self, days: Sequence[TenantDay]) -> list[TenantDay]:
        tenant_ids = pl.Series([each.tenant_id for each in days], dtype=pl.String)
        mine = tenant_ids.hash() % self.count == self.index
        return [day for day, is_mine in zip(days, mine, strict=True) if is_mine]


def tenant_parts(events: pl.LazyFrame, *, size: int = _EVENTS_A_PART) -> Iterator[TenantPart]:
    """As many parts as have about *size* of these events each; the events of one tenant are never parted."""
    count = 1 + events.select(pl.len()).collect(engine="streaming").item() // size
    for index in range(count):
        yield TenantPart(index, count)
