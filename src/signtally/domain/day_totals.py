"""Sums of users' rows by day, as every usage store adds them up."""

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.schemas import DAY_TOTALS, by_tenant

_HAS_FIGURES = pl.any_horizontal(pl.col(MEASURES) != 0)


def day_totals_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Schema DAY_TOTALS, from rows of daily usage of one tenant."""
    zone = pl.col("timezone").filter(_HAS_FIGURES)
    sums = rows.group_by("day").agg(pl.col(MEASURES).sum(), first_zone=zone.min(), last_zone=zone.max())
    return sums.match_to_schema(DAY_TOTALS)


def joined(parts: pl.DataFrame) -> pl.DataFrame:
    """The same of everybody, from rows of schema DAY_TOTALS by tenant that are each of some users."""
    zones = (pl.col("first_zone").min(), pl.col("last_zone").max())
    return parts.group_by("tenant_id", "day").agg(pl.col(MEASURES).sum(), *zones).match_to_schema(by_tenant(DAY_TOTALS))
