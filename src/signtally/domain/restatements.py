"""Restatements: what changed in days that were over, when and why; reports show them as "3 Sep: 41 → 43"."""

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable, Mapping

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.schemas import AFTER, BEFORE, RESTATEMENTS, TENANT_DAY_KEY, TENANT_DAYS, UTC_MICROSECONDS


class RestatementReason(enum.StrEnum):
    LATE_EVENTS = "late-events"
    IMPORT = "import"
    TIME_ZONE = "time-zone"  # the tenant lives elsewhere now, and its days begin at other instants
    REPEATED_ID = "repeated-id"  # an event was sent twice with another time, user or action: the first received counts
    RECOUNT = "recount"  # by hand, or to mend what reconciliation found


@dataclasses.dataclass(frozen=True, slots=True)
class RestatedDay:
    """A tenant's day whose figures are others than they were; *before* is what an earlier report said."""

    day: dt.date
    before: Counts
    after: Counts
    restated_at: dt.datetime  # aware, UTC: the last time
    reasons: tuple[str, ...]  # each once, in order of time


def restated_days(
    existing: pl.DataFrame,
    counted: pl.DataFrame,
    *,
    closed: Iterable[tuple[str, dt.date]],
    reasons: Mapping[str, RestatementReason],
    at: dt.datetime,
) -> pl.DataFrame:
    """The *closed* tenant-days whose figures differ between *existing* and *counted* rows, schema RESTATEMENTS.

    A day that is not over yet changes all the time: that is no restatement. *reasons* are by tenant.
    """
    over = pl.DataFrame(list(closed), schema=TENANT_DAYS, orient="row")
    both = (
        over.join(_totals(existing, BEFORE), on=TENANT_DAY_KEY, how="left")
        .join(_totals(counted, AFTER), on=TENANT_DAY_KEY, how="left")
        .with_columns(pl.col(f"^({BEFORE}|{AFTER}).*$").fill_null(0))
    )
    changed = both.filter(pl.any_horizontal(pl.col(f"{BEFORE}{name}") != pl.col(f"{AFTER}{name}") for name in MEASURES))
    why = [str(reasons.get(tenant_id, RestatementReason.LATE_EVENTS)) for tenant_id in changed["tenant_id"]]
    return changed.with_columns(
        restated_at=pl.lit(at).cast(UTC_MICROSECONDS), reason=pl.Series(why, dtype=pl.String)
    ).select([*RESTATEMENTS])


def since_reported(records: pl.DataFrame, reported_at: Mapping[dt.date, dt.datetime]) -> tuple[RestatedDay, ...]:
    """One tenant's restated days, in order: what changed after the instant at which each was first reported.

    A run that died left a record of what it was going to write, and the next run wrote the same record again: only the
    first figures before and the last ones after count.
    """
    found = []
    for (day,), rows in records.sort("day", "restated_at").group_by("day", maintain_order=True):
        assert isinstance(day, dt.date)  # noqa: S101 -- the schema says so; mypy cannot see it
        later = rows.filter(pl.col("restated_at") > reported_at[day]) if day in reported_at else rows.clear()
        if later.is_empty():
            continue
        before, after = _counts(later.row(0, named=True), BEFORE), _counts(later.row(-1, named=True), AFTER)
        reasons = tuple(dict.fromkeys(later["reason"]))
        if before != after:
            found.append(RestatedDay(day, before, after, later["restated_at"][-1], reasons))
    return tuple(found)


def _totals(rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    return rows.group_by(TENANT_DAY_KEY).agg(pl.col(measure).sum().alias(f"{prefix}{measure}") for measure in MEASURES)


def _counts(row: Mapping[str, object], prefix: str) -> Counts:
    return Counts.of({measure: row[f"{prefix}{measure}"] for measure in MEASURES})
