"""What one version of a report says otherwise than another: by measure, by day, by user."""

import dataclasses
import datetime as dt
from collections.abc import Mapping

import polars as pl

from signtally.domain.actions import MEASURES, Counts

# What a version said of each user, kept beside its files so that later versions can be compared with it.
USER_FIGURES = pl.Schema(
    {
        "user_id": pl.String(),
        "user_name": pl.String(),
        "user_email": pl.String(),
        **{measure: pl.Int64() for measure in MEASURES},
    }
)
_BEFORE = "_before"


@dataclasses.dataclass(frozen=True, slots=True)
class MeasureChange:
    """One measure that is not what it was."""

    measure: str
    before: int
    after: int


@dataclasses.dataclass(frozen=True, slots=True)
class DayChange:
    day: dt.date
    measures: tuple[MeasureChange, ...]  # never empty, in the order of MEASURES


@dataclasses.dataclass(frozen=True, slots=True)
class UserChange:
    """One user whose figures changed; one who is in a single version had, or has, zeros in the other."""

    user_id: str
    user_name: str | None
    user_email: str | None
    measures: tuple[MeasureChange, ...]  # never empty, in the order of MEASURES


@dataclasses.dataclass(frozen=True, slots=True)
class VersionChanges:
    """What a version says otherwise than its predecessor, in numbers: every file of it shows them."""

    since_version: int
    since_made_at: dt.datetime  # aware, UTC
    measures: tuple[MeasureChange, ...]  # of the totals, in the order of MEASURES; empty when the totals are equal
    changed_days: int | None  # None: the predecessor's figures by day were not kept
    changed_users: int | None  # None: the predecessor's figures by user were not kept


def measure_changes(before: Counts, after: Counts) -> tuple[MeasureChange, ...]:
    """The measures that differ, in the order of MEASURES."""
    pairs = zip(MEASURES, before.as_tuple(), after.as_tuple(), strict=True)
    return tuple(MeasureChange(measure, was, now) for measure, was, now in pairs if was != now)


def day_changes(before: Mapping[dt.date, Counts], after: Mapping[dt.date, Counts]) -> tuple[DayChange, ...]:
    """The days that differ, in order; a day that is left out has zeros."""
    zeros = Counts()
    changes = (
        DayChange(day, measure_changes(before.get(day, zeros), after.get(day, zeros)))
        for day in sorted(before.keys() | after.keys())
    )
    return tuple(change for change in changes if change.measures)


def user_changes(before: pl.DataFrame, after: pl.DataFrame) -> tuple[UserChange, ...]:
    """The users whose figures differ between two tables of schema USER_FIGURES, by user_id; with the later names."""
    differing = _differing_users(before, after).sort("user_id")
    return tuple(
        UserChange(
            row["user_id"],
            row["user_name"],
            row["user_email"],
            measure_changes(
                Counts.of({measure: row[f"{measure}{_BEFORE}"] for measure in MEASURES}),
                Counts.of(row),
            ),
        )
        for row in differing.iter_rows(named=True)
    )


def changed_user_count(before: pl.DataFrame, after: pl.DataFrame) -> int:
    return _differing_users(before, after).height


def _differing_users(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    both = after.join(before, on="user_id", how="full", coalesce=True, suffix=_BEFORE)
    figures = [pl.col(name).fill_null(0) for measure in MEASURES for name in (measure, f"{measure}{_BEFORE}")]
    names = [pl.coalesce(name, f"{name}{_BEFORE}") for name in ("user_name", "user_email")]
    differs = pl.any_horizontal(pl.col(measure) != pl.col(f"{measure}{_BEFORE}") for measure in MEASURES)
    return both.with_columns(*names, *figures).filter(differs)
