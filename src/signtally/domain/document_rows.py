"""The list of a period's documents, made of what is known of each: who waits for what, and since when."""

import datetime as dt

import polars as pl

from signtally.domain.document_lifecycles import ended_at, outcome
from signtally.domain.documents import DOCUMENT_ROWS, DocumentStatus

USER_NAMES = pl.Schema({"user_id": pl.String(), "user_name": pl.String(), "user_email": pl.String()})
_NAMES = ("user_name", "user_email")
_MICROSECONDS_AN_HOUR = 3_600_000_000


def document_rows(lives: pl.DataFrame, *, as_of: dt.datetime, names: pl.DataFrame) -> pl.DataFrame:
    """Schema DOCUMENT_ROWS, from documents in schema DOCUMENTS as they stood at *as_of*.

    *names* (schema USER_NAMES) are the latest seen; of senders who are not among them, those of their latest document.
    """
    closed = ended_at()
    open_until = pl.coalesce(closed, pl.lit(as_of))
    took = pl.col("completed_at") - pl.col("first_sent_at")
    hours = took.dt.total_microseconds() / _MICROSECONDS_AN_HOUR
    rows = lives.join(sender_names(lives, names), left_on="sender_id", right_on="user_id", how="left").with_columns(
        user_id="sender_id",
        status=outcome().fill_null(str(DocumentStatus.OPEN)),
        sent_at="first_sent_at",
        closed_at=closed,
        turnaround_hours=pl.when(took >= dt.timedelta()).then(hours),
        days_open=(open_until - pl.col("first_sent_at")).dt.total_days().clip(lower_bound=0),
    )
    ordered = rows.sort(
        pl.col("status") != str(DocumentStatus.OPEN),
        pl.when(pl.col("closed_at").is_null()).then(_epoch("sent_at")).otherwise(-_epoch("closed_at")),
        "document_id",
    )
    return ordered.match_to_schema(DOCUMENT_ROWS, extra_columns="ignore")


def _epoch(column: str) -> pl.Expr:
    return pl.col(column).dt.epoch("us")


def sender_names(lives: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Schema USER_NAMES, one row a sender."""
    own = {name: pl.col(f"sender_{name.removeprefix('user_')}").drop_nulls().last() for name in _NAMES}
    latest = lives.sort("first_sent_at", "document_id").group_by(user_id="sender_id").agg(**own)
    joined = latest.join(names, on="user_id", how="left", suffix="_seen", validate="1:1")
    return joined.select("user_id", *(pl.coalesce(f"{name}_seen", name).alias(name) for name in _NAMES))
