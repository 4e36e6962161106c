"""The schemas of all tables and reads, the columns that identify their rows, and the order in which events arrived."""

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.events import ReceivedEvent

UTC_MICROSECONDS = pl.Datetime("us", "UTC")

# One row an event. `received_at` is when its message was sent; two elements of one message share it and `message_id`.
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
_IDENTITY_COLUMNS = ("tenant_id", "user_id", "action", "event_id", "occurred_at")
IDENTITY = pl.Schema({name: EVENTS[name] for name in _IDENTITY_COLUMNS})  # two events that share all of it are one
ARRIVALS = pl.Schema({**IDENTITY, "received_at": UTC_MICROSECONDS, "message_id": pl.String()})
EVENT_DAYS = pl.Schema({"tenant_id": pl.String(), "utc_day": pl.Date()})

# One row a user and local day.
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
STORED_USAGE = pl.Schema({**DAILY_USAGE, "counted_at": UTC_MICROSECONDS})  # when its events were read
# Sums of a tenant's users; of rows with any figures, the first and the last time zone by name.
DAY_TOTALS = pl.Schema(
    {
        "day": pl.Date(),
        **{measure: pl.Int64() for measure in MEASURES},
        "first_zone": pl.String(),
        "last_zone": pl.String(),
    }
)
TENANT_DAYS = pl.Schema({"tenant_id": pl.String(), "day": pl.Date()})
TENANT_DAY_KEY = tuple(TENANT_DAYS)
USER_DAY_KEY = ("tenant_id", "user_id", "day")  # identifies a row of daily usage
# The version in which a row of daily usage stands; of rows that were refused because of it.
STANDING_ROWS = pl.Schema({"tenant_id": pl.String(), "user_id": pl.String(), "day": pl.Date(), "version": pl.Int64()})

# One row a change of a tenant's day that was over: its measures before and after.
BEFORE, AFTER = "before_", "after_"
RESTATEMENTS = pl.Schema(
    {
        **TENANT_DAYS,
        "restated_at": UTC_MICROSECONDS,
        "reason": pl.String(),
        **{f"{BEFORE}{measure}": pl.Int64() for measure in MEASURES},
        **{f"{AFTER}{measure}": pl.Int64() for measure in MEASURES},
    }
)


def by_tenant(schema: pl.Schema) -> pl.Schema:
    """The rows of one tenant beside those of others."""
    return pl.Schema({"tenant_id": pl.String(), **schema})


def event_row(received: ReceivedEvent) -> tuple[object, ...]:
    """A row of schema EVENTS."""
    event = received.event
    return (
        event.tenant_id,
        event.user_id,
        str(event.action),
        event.event_id,
        event.occurred_at,
        received.received_at,
        received.message_id,
        event.document_id,
        event.user_name or None,
        event.user_email or None,
        event.sent_at,
    )
