"""Local dates of instants: each instant is shifted by the offset that its tenant's zone had then.

`signtally.domain.periods` goes the other way and cuts time into days; the reference count uses this module, so that
it does not share that code.
"""

import bisect
import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.periods import end_of_day
from signtally.domain.schemas import UTC_MICROSECONDS
from signtally.domain.time_units import ONE_DAY

_HOMES = {"tenant_id": pl.String, "zone": pl.String}
_OFFSETS = pl.Schema({"zone": pl.String(), "from": UTC_MICROSECONDS, "offset": pl.Duration("us")})
_DAY_SECONDS = 24 * 3600
_KEPT_SPANS = 1_024  # zones of spans: a reconciliation asks for those of each of its chunks more than once


class LocalDates:
    """Dates of tenants between *since* and *until* (UTC, whole hours); tenants without a zone live in *elsewhere*."""

    def __init__(self, zones: Mapping[str, str], *, elsewhere: str, since: dt.datetime, until: dt.datetime) -> None:
        self._homes = pl.LazyFrame([*zones.items()], schema=_HOMES, orient="row")
        self._elsewhere = elsewhere
        self._zones = sorted({*zones.values(), elsewhere})
        rows = [(zone, at, offset) for zone in self._zones for at, offset in _offsets(ZoneInfo(zone), since, until)]
        self._offsets = pl.LazyFrame(rows, schema=_OFFSETS, orient="row").sort("from")

    def of(self, rows: pl.LazyFrame, *, at: str) -> pl.LazyFrame:
        """*rows* with their tenant's local date at the instant in the column *at*, as the column `day`."""
        placed = self._at_home(rows).sort(at)
        shifted = placed.join_asof(
            self._offsets,
            left_on=at,
            right_on="from",
            by="zone",
            check_sortedness=False,  # Polars cannot check it within groups; both sides are sorted
        )
        return shifted.with_columns(day=(pl.col(at) + pl.col("offset")).dt.date()).drop("zone", "from", "offset")

    def closed(self, rows: pl.LazyFrame, *, by: dt.datetime) -> pl.LazyFrame:
        """Those of *rows* (`tenant_id`, `day`, …) whose day was over in their tenant's zone at the instant *by*."""
        last = [(zone, _last_closed(ZoneInfo(zone), by)) for zone in self._zones]
        ends = pl.LazyFrame(last, schema={"zone": pl.String, "last": pl.Date}, orient="row")
        homed = self._at_home(rows).join(ends, on="zone")
        return homed.filter(pl.col("day") <= pl.col("last")).drop("zone", "last")

    def _at_home(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.join(self._homes, on="tenant_id", how="left").with_columns(
            pl.col("zone").fill_null(self._elsewhere)
        )


def _last_closed(zone: ZoneInfo, instant: dt.datetime) -> dt.date:
    yesterday = instant.astimezone(zone).date() - ONE_DAY
    return yesterday if end_of_day(yesterday, zone) <= instant else yesterday - ONE_DAY


@functools.lru_cache(maxsize=_KEPT_SPANS)
def _offsets(zone: ZoneInfo, since: dt.datetime, until: dt.datetime) -> tuple[tuple[dt.datetime, dt.timedelta], ...]:
    return tuple(_changes_of_offset(zone, since, until))


def _changes_of_offset(
    zone: ZoneInfo, since: dt.datetime, until: dt.datetime
) -> Iterator[tuple[dt.datetime, dt.timedelta]]:
    """Looks at each day; where clocks differ at its ends, for the second at which they were set.

    Nowhere have clocks ever been set twice within a day, nor within six.
    """

    def offset_at(second: int) -> dt.timedelta:
        return dt.datetime.fromtimestamp(second, zone).utcoffset() or dt.timedelta()

    def change_within(start: int, end: int, before: dt.timedelta) -> int:
        return start + bisect.bisect_left(range(start, end), x=True, key=lambda second: offset_at(second) != before)

    first, last = int(since.timestamp()), int(until.timestamp())
    current = offset_at(first)
    yield since, current
    for start in range(first, last, _DAY_SECONDS):
        end = min(start + _DAY_SECONDS, last)
        following = offset_at(end)
        if following != current:
            yield dt.datetime.fromtimestamp(change_within(start, end, current), dt.UTC), following
            current = following
