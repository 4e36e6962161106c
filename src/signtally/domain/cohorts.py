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
_STAGE_COUNTS = {f"{COHORT_PREFIX}{stage}": count.cast(pl.Int64) for stage, count in _STAGES.items()}
# One row a sender and part of time with any document sent in it: how far those have come. *part* is how many of the
# instants that part this time had passed; *user_id* is null where nobody is known to have sent them.
SENDER_COHORTS = pl.Schema({"part": pl.Int64(), "user_id": pl.String(), **dict.fromkeys(_STAGE_COUNTS, pl.Int64())})
# One row a part of time: the same of all senders, and as `EVENTS_PREFIX…` what a report on cohort basis counts of them.
EVENTS_PREFIX = "counted_"
_COUNTED = {
    "sent": pl.len(),
    **{str(action): pl.col(action).sum() for action in RECIPIENT_ACTIONS},
    **{str(action): (outcome() == str(action)).sum() for action in ENDINGS},
}
COHORTS = pl.Schema(
    {
        "part": pl.Int64(),
        **dict.fromkeys(_STAGE_COUNTS, pl.Int64()),
        **{f"{EVENTS_PREFIX}{measure}": pl.Int64() for measure in MEASURES},
    }
)


def cohorts_by_part(sent: pl.DataFrame, *, parted_at: Sequence[dt.datetime]) -> pl.DataFrame:
    """Schema COHORTS, of documents in schema DOCUMENTS, all that is known of them by now."""
    counted = {f"{EVENTS_PREFIX}{measure}": _COUNTED[measure].cast(pl.Int64) for measure in MEASURES}
    return _parted(sent, parted_at).group_by("part").agg(**_STAGE_COUNTS, **counted).match_to_schema(COHORTS)


def sender_cohorts(sent: pl.DataFrame, *, parted_at: Sequence[dt.datetime]) -> pl.DataFrame:
    """Schema SENDER_COHORTS, of the same documents."""
    parts = _parted(sent, parted_at).group_by("part", user_id="sender_id")
    return parts.agg(**_STAGE_COUNTS).match_to_schema(SENDER_COHORTS)


def cohort_of(cohorts: pl.DataFrame) -> Cohort:
    """All senders' together, schema SENDER_COHORTS."""
    return Cohort(*cohorts.select(*_STAGE_COUNTS).sum().row(0))


def _parted(sent: pl.DataFrame, parted_at: Sequence[dt.datetime]) -> pl.DataFrame:
    passed = (pl.col("first_sent_at") >= instant for instant in parted_at)
    return sent.with_columns(part=pl.sum_horizontal(pl.lit(0, pl.Int64), *passed))
