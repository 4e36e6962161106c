"""Slots: time cut so finely that every local day is whole slots, and a hash join finds the day of an event.

Days begin on quarter hours of UTC in nearly all zones and years, so a day is about a hundred slots. Where they do not
(Goose Bay set its clocks at one minute past midnight until 2011), the slots are as short as it takes.
"""

import math

import polars as pl

from signtally.domain.schemas import UTC_MICROSECONDS

SPANS = pl.Schema(
    {
        "tenant_id": pl.String(),
        "day": pl.Date(),
        "timezone": pl.String(),
        "since": UTC_MICROSECONDS,
        "until": UTC_MICROSECONDS,
    }
)
_EDGES = ("since", "until")


class DaySlots:
    """Built from rows of schema SPANS: from when until when each tenant-day lasts, in whole seconds."""

    def __init__(self, spans: pl.DataFrame) -> None:
        self._homes = spans.select("tenant_id", "timezone").unique().lazy()
        seconds = (pl.col(edge).dt.epoch("s") for edge in _EDGES)
        stretches = spans.select("timezone", "day", *seconds).unique()
        self._width = math.gcd(*(edge for name in _EDGES for edge in stretches[name])) or 1
        slots = pl.int_ranges(*(pl.col(edge) // self._width for edge in _EDGES)).alias("slot")
        self._slots = stretches.select("timezone", "day", slots).explode("slot").lazy()

    def assign_days(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Events that fall on one of the days in their tenant's zone, with that `day`.

        The days of a zone count for all of its tenants, whichever of them a day was named for.
        """
        slot = pl.col("occurred_at").dt.epoch("s") // self._width
        at_home = events.join(self._homes, on="tenant_id").with_columns(slot=slot)
        return at_home.join(self._slots, on=["timezone", "slot"]).drop("timezone", "slot")
