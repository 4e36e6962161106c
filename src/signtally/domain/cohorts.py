"""How far the documents sent in some time have come by now: a tenant's funnel, and each sender's."""

import polars as pl

from signtally.domain.document_lifecycles import closed_at
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


def cohort_of(sent: pl.DataFrame) -> Cohort:
    """Of documents in schema DOCUMENTS, all that is known of them by now."""
    return Cohort(**sent.select(**_STAGES).row(0, named=True))


def sender_cohorts(sent: pl.DataFrame) -> pl.DataFrame:
    """One row a sender, schema SENDER_COHORTS, of the same documents."""
    counts = {f"{COHORT_PREFIX}{stage}": count.cast(pl.Int64) for stage, count in _STAGES.items()}
    known = sent.filter(pl.col("sender_id").is_not_null())
    return known.group_by(user_id="sender_id").agg(**counts).match_to_schema(SENDER_COHORTS)
