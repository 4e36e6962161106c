"""How far the documents sent in some time have come by now: a tenant's funnel, each sender's, and each period's."""

import datetime as dt
from collections.abc import Sequence

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.document_lifecycles import ENDINGS, RECIPIENT_ACTIONS, closed_at, outcome
from signtally.domain.documents import Cohort

_COMPLETED = pl.col("completed_at").is_not_null()
_SIGNED = (pl.col("signed") > 0) | _COMPLETED
_VIEWED = (pl.col("viewed") > 0) | _SIGNED
# Each stage counts the documents that reached it or a later one, whichever events were seen: a funnel never widens.
_STAGES = {
    "sent": pl.len(),
    "viewed": _VIEWED.sum(),
    "signed": _SIGNED.sum(),
    "completed": _COMPLETED.sum(),
    "open": closed_at().is_null().sum(),
}
STAGES = tuple(_STAGES)
COHORT_PREFIX = "cohort_"
SENDER_COHORTS = pl.Schema({"user_id": pl.String(), **{f"{COHORT_PREFIX}{stage}": pl.Int64() for stage in STAGES}})
# One row a part of time with any document sent in it: how far those have come, and as `EVENTS_PREFIX…` what a report on
# cohort basis counts of them. *part* is how many of the instants that part this time had passed.
EVENTS_PREFIX = "counted_"
_COUNTED = {
    "sent": pl.len(),
    **{str(action): pl.col(action).sum() for action in RECIPIENT_ACTIONS},
    **{str(action): (outcome() == str(action)).sum() for action in ENDINGS},
}
COHORTS = pl.Schema(
    {
        "part": pl.Int64(),
        **{f"{COHORT_PREFIX}{stage}": pl.Int64() for stage in STAGES},
        **{f"{EVENTS_PREFIX}{measure}": pl.Int64() for measure in MEASURES},
    }
)


def cohorts_by_part(sent: pl.DataFrame, *, parted_at: Sequence[dt.datetime]) -> pl.DataFrame:
    """Schema COHORTS, of documents in schema DOCUMENTS, all that is known of them by now."""
    part = pl.sum_horizontal(pl.lit(0, pl.Int64), *(pl.col("first_sent_at") >= instant for instant in parted_at))
    stages = {f"{COHORT_PREFIX}{stage}": count.cast(pl.Int64) for stage, count in _STAGES.items()}
    counted = {f"{EVENTS_PREFIX}{measure}": _COUNTED[measure].cast(pl.Int64) for measure in MEASURES}
    return sent.with_columns(part=part).group_by("part").agg(**stages, **counted).match_to_schema(COHORTS)


def cohort_of(sent: pl.DataFrame) -> Cohort:
    """Of documents in schema DOCUMENTS, all that is known of them by now."""
    return Cohort(**sent.select(**_STAGES).row(0, named=True))


def sender_cohorts(sent: pl.DataFrame) -> pl.DataFrame:
    """One row a sender, schema SENDER_COHORTS, of the same documents."""
    counts = {f"{COHORT_PREFIX}{stage}": count.cast(pl.Int64) for stage, count in _STAGES.items()}
    known = sent.filter(pl.col("sender_id").is_not_null())
    return known.group_by(user_id="sender_id").agg(**counts).match_to_schema(SENDER_COHORTS)
