"""When a tenant works: the busiest hours on its own clocks, the first and the last activity."""

import bisect
import collections
import dataclasses
import datetime as dt
import itertools
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.first_received import FIRST_RECEIVED_ORDER, first_received
from signtally.domain.periods import DAYS_A_WEEK
from signtally.domain.schemas import UTC_MICROSECONDS

HOURS_A_DAY = 24
_SECONDS_A_DAY = 86_400
_QUARTER_MICROSECONDS = 15 * 60 * 1_000_000
_QUARTER = dt.timedelta(minutes=15)
_THURSDAY = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
QUARTERS_A_WEEK = DAYS_A_WEEK * HOURS_A_DAY * 4
# One row a quarter of an hour of the week, in UTC and counted from the Thursday on which 1970 began: no zone's hours
# begin elsewhere, and however long the time asked for is, the rows stay few. *part* is how many of the instants that
# part this time had passed. *documents* are those whose first event lies there: they add up to the distinct ones.
ACTIVITY = pl.Schema(
    {
        "part": pl.Int64(),
        "quarter": pl.Int64(),
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


def offset_changes(since: dt.datetime, until: dt.datetime, *, zone: ZoneInfo) -> tuple[dt.datetime, ...]:
    """When, after *since* and before *until*, clocks there are set, to the second."""

    def offset(second: int) -> dt.timedelta | None:
        return dt.datetime.fromtimestamp(second, zone).utcoffset()

    changes = []
    marks = [*range(int(since.timestamp()), int(until.timestamp()), _SECONDS_A_DAY), int(until.timestamp()) - 1]
    for before, after in itertools.pairwise(marks):
        old = offset(before)
        if offset(after) != old:
            seconds = range(before, after + 1)
            found = seconds[bisect.bisect_left(seconds, 1, key=lambda second: offset(second) != old)]
            changes.append(dt.datetime.fromtimestamp(found, dt.UTC))
    return tuple(changes)


def activity_rows(
    events: pl.DataFrame, *, parted_at: Sequence[dt.datetime], user_ids: Sequence[str] | None
) -> pl.DataFrame:
    """Schema ACTIVITY, from one tenant's events of some time; of these users' events alone unless with None."""
    counted = first_received(events)
    if user_ids is not None:
        counted = counted.filter(pl.col("user_id").is_in(list(user_ids)))
    return (
        counted.sort("occurred_at", *FIRST_RECEIVED_ORDER)
        .with_columns(opens=pl.col("document_id").is_first_distinct())
        .group_by(
            part=pl.sum_horizontal(pl.lit(0, pl.Int64), *(pl.col("occurred_at") >= instant for instant in parted_at)),
            quarter=pl.col("occurred_at").dt.epoch("us") // _QUARTER_MICROSECONDS % QUARTERS_A_WEEK,
        )
        .agg(
            events=pl.len().cast(pl.Int64),
            documents=pl.col("opens").sum().cast(pl.Int64),
            first_at=pl.col("occurred_at").min(),
            last_at=pl.col("occurred_at").max(),
        )
        .match_to_schema(ACTIVITY)
    )


def activity_of(
    rows: pl.DataFrame, *, since: dt.datetime, parted_at: Sequence[dt.datetime], zone: ZoneInfo
) -> PeriodActivity:
    """What rows of schema ACTIVITY say on a zone's clocks: of the time from *since* on, parted where they are set."""
    offsets = [instant.astimezone(zone).utcoffset() or dt.timedelta() for instant in (since, *parted_at)]
    counted: collections.Counter[tuple[int, int]] = collections.Counter()
    for part, quarter, events in rows.select("part", "quarter", "events").iter_rows():
        local = _THURSDAY + quarter * _QUARTER + offsets[part]
        counted[local.weekday(), local.hour] += events
    week = tuple(tuple(counted[day, hour] for hour in range(HOURS_A_DAY)) for day in range(DAYS_A_WEEK))
    first, last = rows.select(pl.col("first_at").min(), pl.col("last_at").max()).row(0)
    return PeriodActivity(week, int(rows["documents"].sum()), first, last)
