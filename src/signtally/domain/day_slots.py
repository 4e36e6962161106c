"""Instants placed on tenants' days by a hash join: time cut into slots, so that every day is made of whole ones.

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
    """Of rows in schema SPANS, whose edges are whole seconds: which tenant's day lasts from when until when."""

    def __init__(self, spans: pl.DataFrame) -> None:
        self._homes = spans.select("tenant_id", "timezone").unique().lazy()
        seconds = (pl.col(edge).dt.epoch("s") for edge in _EDGES)
        stretches = spans.select("timezone", "day", *seconds).unique()
        self._width = math.gcd(*(edge for name in _EDGES for edge in stretches[name])) or 1
        slots = pl.int_ranges(*(pl.col(edge) // self._width for edge in _EDGES)).alias("slot")
        self._slots = stretches.select("timezone", "day", slots).explode("slot").lazy()

    def place(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Events whose tenant's zone has the day at hand that they fall on, with that `day`.

        A tenant's event comes on every day that is at hand for its zone, whether it was named for this tenant or not.
        """
        slot = pl.col("occurred_at").dt.epoch("s") // self._width
        at_home = events.join(self._homes, on="tenant_id").with_columns(slot=slot)
        return at_home.join(self._slots, on=["timezone", "slot"]).drop("timezone", "slot")
