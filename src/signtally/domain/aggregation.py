"""From events to daily usage: the two tables' schemas and the counting."""

import polars as pl

from signtally.domain.actions import MEASURES, Action

UTC_MICROSECONDS = pl.Datetime("us", "UTC")
EVENTS = pl.Schema(
    {
        "tenant_id": pl.String(),
        "user_id": pl.String(),
        "action": pl.String(),
        "event_id": pl.String(),
        "occurred_at": UTC_MICROSECONDS,
        "received_at": UTC_MICROSECONDS,
        "message_id": pl.String(),
        "document_id": pl.String(),
        "user_name": pl.String(),
        "user_email": pl.String(),
        "sent_at": UTC_MICROSECONDS,
    }
)
DAILY_USAGE = pl.Schema(
    {
        "tenant_id": pl.String(),
        "user_id": pl.String(),
        "day": pl.Date(),
        **{measure: pl.Int64() for measure in MEASURES},
        "user_name": pl.String(),
        "user_email": pl.String(),
        "timezone": pl.String(),
    }
)


def first_received(events: pl.LazyFrame) -> pl.LazyFrame:
    """One row an event id: where the portal sent an id twice with other values, the one received first counts."""
    return events.sort("received_at", "message_id").unique("event_id", keep="first", maintain_order=True)


def daily_usage(events: pl.LazyFrame, *, timezone: str) -> pl.LazyFrame:
    """One row per user and local calendar day of the tenants in one zone; `occurred_at` must be UTC."""
    day = pl.col("occurred_at").dt.convert_time_zone(timezone).dt.date().alias("day")
    counts = [(pl.col("action") == action).sum().cast(pl.Int64).alias(action) for action in Action]
    latest = [pl.col(name).drop_nulls().last().alias(name) for name in ("user_name", "user_email")]
    rows = first_received(events).sort("occurred_at").group_by("tenant_id", "user_id", day).agg(*counts, *latest)
    return rows.with_columns(timezone=pl.lit(timezone)).match_to_schema(DAILY_USAGE)
