"""By which date and for whom a figure counts (`Basis`), and the counting on cohort basis."""

import enum
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.document_lifecycles import ENDINGS, RECIPIENT_ACTIONS, outcome
from signtally.domain.periods import Period, spans_of_day
from signtally.domain.schemas import UTC_MICROSECONDS

COHORT_USAGE = pl.Schema({"user_id": pl.String(), "day": pl.Date(), **{measure: pl.Int64() for measure in MEASURES}})
_SPANS = pl.Schema({"day": pl.Date(), "since": UTC_MICROSECONDS, "until": UTC_MICROSECONDS})


class Basis(enum.StrEnum):
    """What a report counts; every file says which."""

    ACTIVITY = "activity"  # each event on its own date, for the user who did it
    COHORT = "cohort"  # the documents sent in the period, followed to their outcome so far, for their senders


def cohort_usage(lives: pl.DataFrame, *, period: Period, zone: ZoneInfo) -> pl.DataFrame:
    """One row a sender and local day of first send, schema COHORT_USAGE, from documents in schema DOCUMENTS.

    Sent counts documents; the endings count those whose outcome it is; the rest are events of these documents.
    """
    spans = [(day, *span) for day in period.days() for span in spans_of_day(day, zone)]
    by_start = pl.DataFrame(spans, schema=_SPANS, orient="row").sort("since")
    placed = (
        lives.filter(pl.col("first_sent_at").is_not_null())
        .sort("first_sent_at")
        .join_asof(by_start, left_on="first_sent_at", right_on="since")
        .filter(pl.col("first_sent_at") < pl.col("until"))
    )
    ended = {str(action): (outcome() == action).sum().cast(pl.Int64) for action in ENDINGS}
    counts = {"sent": pl.len().cast(pl.Int64), **ended} | {
        str(action): pl.col(action).sum() for action in RECIPIENT_ACTIONS
    }
    return placed.group_by("day", user_id="sender_id").agg(**counts).match_to_schema(COHORT_USAGE)
