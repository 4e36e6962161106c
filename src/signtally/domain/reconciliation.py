"""The second opinion: tenants' days counted from events in another way than daily usage is, and what differs."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.aggregation import IDENTITY, UTC_MICROSECONDS
from signtally.domain.local_dates import LocalDates

DAY_COUNTS = pl.Schema({"tenant_id": pl.String(), "day": pl.Date(), **{name: pl.Int64() for name in MEASURES}})
EVENT_COUNTS = pl.Schema({**DAY_COUNTS, "last_received": UTC_MICROSECONDS})
DIFFERENCES = pl.Schema(
    {
        "tenant_id": pl.String(),
        "day": pl.Date(),
        "action": pl.String(),
        "events": pl.Int64(),
        "aggregates": pl.Int64(),
    }
)
_DAY = ["tenant_id", "day"]
_ARRIVAL = ("received_at", "message_id", "user_id", "action", "occurred_at")


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Difference:
    """What the events of a tenant's day say of one action, and what its daily usage says."""

    tenant_id: str
    day: dt.date
    action: str
    events: int
    aggregates: int

    def __str__(self) -> str:
        return f"{self.tenant_id} · {self.day} · {self.action}: events {self.events}, aggregates {self.aggregates}"


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class ReportDifference:
    """What a version of a report says of one action on a day, and what daily usage says of the same users."""

    tenant_id: str
    report_id: str
    version: int
    day: dt.date
    action: str
    reported: int
    aggregates: int

    def __str__(self) -> str:
        what = f"{self.tenant_id} · report {self.report_id} v{self.version} · {self.day} · {self.action}"
        return f"{what}: reported {self.reported}, aggregates {self.aggregates}"


def counted_plainly(events: pl.LazyFrame, *, dates: LocalDates) -> pl.DataFrame:
    """Events of schema EVENTS by tenant and local day, schema EVENT_COUNTS; an id counts once a tenant's day."""
    needed = events.select("tenant_id", "event_id", *_ARRIVAL)
    dated = dates.of(needed, at="occurred_at").sort(*_ARRIVAL)
    first = dated.group_by(*_DAY, "event_id").agg(pl.col("action").first(), last_received=pl.col("received_at").max())
    wide = [(pl.col("action") == name).sum().cast(pl.Int64).alias(name) for name in MEASURES]
    return first.group_by(_DAY).agg(*wide, pl.col("last_received").max()).match_to_schema(EVENT_COUNTS).collect()


def differences(counted: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Two frames with the columns of DAY_COUNTS, schema DIFFERENCES; a day that one of them lacks is zeros there."""
    long = [
        frame.unpivot(MEASURES, index=_DAY, variable_name="action", value_name=name)
        for frame, name in ((counted, "events"), (stored, "aggregates"))
    ]
    both = long[0].join(long[1], on=[*_DAY, "action"], how="full", coalesce=True)
    filled = both.with_columns(pl.col("events", "aggregates").fill_null(0))
    return filled.filter(pl.col("events") != pl.col("aggregates")).match_to_schema(DIFFERENCES).sort(*_DAY, "action")


def listed(rows: pl.DataFrame) -> Iterator[Difference]:
    """Rows of schema DIFFERENCES as values."""
    return (Difference(*row) for row in rows.select([*DIFFERENCES]).iter_rows())


def received_later(arrivals: pl.DataFrame) -> pl.DataFrame:
    """Of events in schema ARRIVALS, those whose id was received before with other values, schema IDENTITY.

    The order is that of `signtally.domain.aggregation`, so that an id that ties within a day falls the same way.
    """
    ordered = arrivals.sort(*_ARRIVAL, "tenant_id")
    first = ordered.unique("event_id", keep="first", maintain_order=True)
    return ordered.join(first, on=[*IDENTITY], how="anti").select([*IDENTITY]).unique()
