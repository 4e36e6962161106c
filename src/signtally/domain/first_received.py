"""First received wins: which of several events with one id counts."""

import polars as pl

# Of a tenant's events that share an id, the first in this order counts. The columns after `message_id` decide between
# elements of one message; with the id they complete the identity, so nothing ever ties.
FIRST_RECEIVED_ORDER = ("received_at", "message_id", "user_id", "action", "occurred_at")


def first_received(events: pl.DataFrame) -> pl.DataFrame:
    """One row an event id of one tenant: the one that counts."""
    return events.sort(*FIRST_RECEIVED_ORDER).unique("event_id", keep="first", maintain_order=True)
