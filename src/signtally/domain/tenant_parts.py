"""Parts of the tenants, of about equal size: what is too much for memory at once is counted part by part.

Parts are worked through by one process; shards (`signtally.domain.shards`) divide work between runs.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import polars as pl

from signtally.domain.aggregation import TenantDay, daily_usage
from signtally.domain.repeated_ids import RepeatedIds

_EVENTS_PER_PART = 2_000_000  # counted in about 700 MB, whatever the day's size


@dataclasses.dataclass(frozen=True, slots=True)
class TenantPart:
    """Part *index* (from 0) of *count*."""

    index: int
    count: int

    def rows(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The rows of this part's tenants; of other tenants' rows in files, little more than the tenant is decoded."""
        return rows if self.count == 1 else rows.filter(pl.col("tenant_id").hash() % self.count == self.index)

    def days(self, days: Sequence[TenantDay]) -> list[TenantDay]:
        tenant_ids = pl.Series([each.tenant_id for each in days], dtype=pl.String)
        mine = tenant_ids.hash() % self.count == self.index
        return [day for day, is_mine in zip(days, mine, strict=True) if is_mine]


def tenant_parts(events: pl.LazyFrame, *, size: int = _EVENTS_PER_PART) -> Iterator[TenantPart]:
    """As many parts as have about *size* of these events each; the events of one tenant are never parted."""
    count = 1 + events.select(pl.len()).collect(engine="streaming").item() // size
    for index in range(count):
        yield TenantPart(index, count)


def daily_usage_by_parts(
    events: pl.LazyFrame, *, days: Sequence[TenantDay], ids: RepeatedIds
) -> Iterator[tuple[TenantPart, list[TenantDay], pl.DataFrame]]:
    """`daily_usage` of any number of events: each part with its days and their rows (schema DAILY_USAGE)."""
    for part in tenant_parts(events):
        own = part.days(days)
        yield part, own, daily_usage(part.rows(events), days=own, ids=ids).collect(engine="streaming")
