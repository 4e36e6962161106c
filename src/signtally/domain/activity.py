"""When a tenant works: the busiest hours on its own clocks, the first and the last activity."""

import collections
import dataclasses
import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.aggregation import UTC_MICROSECONDS
from signtally.domain.document_lives import ARRIVAL, first_received
from signtally.domain.periods import DAYS_A_WEEK

HOURS_A_DAY = 24
# One row a quarter of an hour of UTC in which anything happened, because no zone's hours begin elsewhere. *documents*
# are those whose first event of the time asked for lies in it, so that they add up to the distinct ones.
ACTIVITY = pl.Schema(
    {
        "slot": UTC_MICROSECONDS,
        "events": pl.Int64(),
        "documents": pl.Int64(),
        "first_at": UTC_MICROSECONDS,
        "last_at": UTC_MICROSECONDS,
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class PeriodActivity:
    """Events by local weekday (Monday first) and hour; an hour that clocks show twice in one night is one hour."""

    week: tuple[tuple[int, ...], ...]
    documents: int  # distinct ones with any event
    first_at: dt.datetime | None
    last_at: dt.datetime | None

    @property
    def hours(self) -> tuple[int, ...]:
        """Events by hour of the day, 0 to 23."""
        return tuple(sum(hours) for hours in zip(*self.week, strict=True))

    @property
    def busiest_hour(self) -> int | None:
        """The earliest of those with most events; None when nothing happened."""
        return self.hours.index(max(self.hours)) if any(self.hours) else None

    @property
    def busiest_of_week(self) -> tuple[int, int] | None:
        """Weekday (Monday is 0) and hour, chosen likewise."""
        flat = [events for hours in self.week for events in hours]
        return divmod(flat.index(max(flat)), HOURS_A_DAY) if any(flat) else None


def activity_slots(events: pl.DataFrame, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
    """Schema ACTIVITY, from one tenant's events of some time; of these users' events alone unless with None."""
    counted = first_received(events)
    if user_ids is not None:
        counted = counted.filter(pl.col("user_id").is_in(list(user_ids)))
    return (
        counted.sort("occurred_at", *ARRIVAL)
        .with_columns(opens=pl.col("document_id").is_first_distinct())
        .group_by(slot=pl.col("occurred_at").dt.truncate("15m"))
        .agg(
            events=pl.len().cast(pl.Int64),
            documents=pl.col("opens").sum().cast(pl.Int64),
            first_at=pl.col("occurred_at").min(),
            last_at=pl.col("occurred_at").max(),
        )
        .match_to_schema(ACTIVITY)
    )


def activity_of(slots: pl.DataFrame, *, zone: ZoneInfo) -> PeriodActivity:
    """What rows of schema ACTIVITY say on a zone's clocks."""
    counted: collections.Counter[tuple[int, int]] = collections.Counter()
    for slot, events in slots.select("slot", "events").iter_rows():
        local = slot.astimezone(zone)
        counted[local.weekday(), local.hour] += events
    week = tuple(tuple(counted[day, hour] for hour in range(HOURS_A_DAY)) for day in range(DAYS_A_WEEK))
    first, last = slots.select(pl.col("first_at").min(), pl.col("last_at").max()).row(0)
    return PeriodActivity(week, int(slots["documents"].sum()), first, last)
