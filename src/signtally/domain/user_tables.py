"""Tables by user, made of rows of daily usage: active users, those who fell silent, and users by day or month."""

import functools

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.cohorts import COHORT_PREFIX, SENDER_COHORTS, STAGES
from signtally.domain.document_rows import USER_NAMES
from signtally.domain.documents import USER_DAYS, USER_DAYS_MOST_DAYS, Cohort
from signtally.domain.periods import Period
from signtally.domain.snapshot import InactiveUser, UserUsage
from signtally.domain.time_units import MICROSECOND

_PREVIOUS = "previous_"
_FIGURES_SHARED = 10_000
_SUMS = [pl.col(measure).sum() for measure in MEASURES]
_BEFORE = [f"{_PREVIOUS}{measure}" for measure in MEASURES]
_STAGES = [f"{COHORT_PREFIX}{stage}" for stage in STAGES]
MEDIANS = pl.Schema({"user_id": pl.String(), "median_microseconds": pl.Int64()})


def users_of(
    rows: pl.DataFrame,
    *,
    before: pl.DataFrame,
    names: pl.DataFrame,
    cohorts: pl.DataFrame | None = None,
    medians: pl.DataFrame | None = None,
) -> tuple[UserUsage, ...]:
    """One a user with any figures in *rows*, most documents sent first, then by id.

    *names* are in schema USER_NAMES, *cohorts* in SENDER_COHORTS, all of one part, *medians* in MEDIANS.
    """
    cohorts = SENDER_COHORTS.to_frame() if cohorts is None else cohorts
    beyond = [
        before.group_by("user_id").agg(pl.col(measure).sum().alias(f"{_PREVIOUS}{measure}") for measure in MEASURES),
        names,
        cohorts.select("user_id", *_STAGES).drop_nulls("user_id"),
        MEDIANS.to_frame() if medians is None else medians,
    ]
    # One name for all: of 100,000 users, each of these tables takes 20 MB.
    found = rows.group_by("user_id").agg(*_SUMS, last_active_day=pl.col("day").max())
    for table in beyond:
        found = found.join(table, on="user_id", how="left", validate="1:1")
    found = found.with_columns(pl.col(*_BEFORE, *_STAGES).fill_null(0))
    # Of 100,000 users, most have the same few figures as others.
    counts, cohort = functools.lru_cache(_FIGURES_SHARED)(Counts), functools.lru_cache(_FIGURES_SHARED)(Cohort)
    found = found.sort("sent", "user_id", descending=[True, False])
    return tuple(
        UserUsage(
            user_id,
            name,
            email,
            counts=counts(*now),
            previous=counts(*then),
            cohort=cohort(*stages),
            median_turnaround=None if took is None else took * MICROSECOND,
            last_active_day=last,
        )
        for (user_id, name, email), now, then, stages, took, last in zip(
            found.select([*USER_NAMES]).iter_rows(),
            found.select(MEASURES).iter_rows(),
            found.select(_BEFORE).iter_rows(),
            found.select(_STAGES).iter_rows(),
            found["median_microseconds"],
            found["last_active_day"],
            strict=True,
        )
    )


def inactive_users_of(rows: pl.DataFrame, *, before: pl.DataFrame, names: pl.DataFrame) -> tuple[InactiveUser, ...]:
    """One a user with figures *before* and none in *rows*; those with most actions first, then by id."""
    silent = before.join(rows, on="user_id", how="anti").group_by("user_id").agg(*_SUMS, last=pl.col("day").max())
    ordered = silent.join(names, on="user_id", how="left", validate="1:1").sort(
        pl.sum_horizontal(MEASURES), "user_id", descending=[True, False]
    )
    return tuple(
        InactiveUser(user_id, name, email, Counts(*then), last)
        for (user_id, name, email), then, last in zip(
            ordered.select([*USER_NAMES]).iter_rows(),
            ordered.select(MEASURES).iter_rows(),
            ordered["last"],
            strict=True,
        )
    )


def user_days_of(rows: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Schema USER_DAYS, in order of user and day."""
    if period.day_count <= USER_DAYS_MOST_DAYS:  # each user and day is one row already; grouping takes 35 MB more
        return rows.select([*USER_DAYS]).sort("user_id", "day")
    month = pl.col("day").dt.month_start()
    return rows.group_by("user_id", month).agg(_SUMS).sort("user_id", "day").match_to_schema(USER_DAYS)


def names_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Schema USER_NAMES: the latest name and the latest email of everybody in rows of daily usage."""
    latest = [pl.col(name).drop_nulls().last() for name in ("user_name", "user_email")]
    return rows.select("day", *USER_NAMES).sort("day").group_by("user_id").agg(latest).match_to_schema(USER_NAMES)


def median_turnarounds(completed: pl.DataFrame) -> pl.DataFrame:
    """Schema MEDIANS, of completed documents (schema DOCUMENTS): whole microseconds, as in `domain.insights`."""
    took = (pl.col("completed_at") - pl.col("first_sent_at")).dt.total_microseconds()
    ordered, count = pl.col("took").sort(), pl.len().cast(pl.Int64)
    below, above = ordered.get((count - 1) // 2), ordered.get(count // 2)
    timed = completed.select(user_id="sender_id", took=took).filter(pl.col("took") >= 0)
    return timed.group_by("user_id").agg(median_microseconds=below + (above - below) // 2).match_to_schema(MEDIANS)
