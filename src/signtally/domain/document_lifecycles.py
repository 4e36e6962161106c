"""From events to documents: when each was first sent, by whom, and how it ended."""

import datetime as dt
from collections.abc import Iterable

import polars as pl

from signtally.domain.actions import Action
from signtally.domain.first_received import FIRST_RECEIVED_ORDER, first_received
from signtally.domain.schemas import UTC_MICROSECONDS

# One row a document of one tenant, each instant that of the first such event, null when there was none. The sender's
# name and email are those of the event that names the sender.
DOCUMENTS = pl.Schema(
    {
        "document_id": pl.String(),
        "sender_id": pl.String(),
        "sender_name": pl.String(),
        "sender_email": pl.String(),
        "first_sent_at": UTC_MICROSECONDS,
        "first_viewed_at": UTC_MICROSECONDS,
        "last_signed_at": UTC_MICROSECONDS,  # the last one, alone among these
        "completed_at": UTC_MICROSECONDS,
        "declined_at": UTC_MICROSECONDS,
        "cancelled_at": UTC_MICROSECONDS,
        "expired_at": UTC_MICROSECONDS,
        "received": pl.Int64(),
        "viewed": pl.Int64(),
        "signed": pl.Int64(),
    }
)
ENDINGS = (Action.COMPLETED, Action.DECLINED, Action.CANCELLED, Action.EXPIRED)
RECIPIENT_ACTIONS = (Action.RECEIVED, Action.VIEWED, Action.SIGNED)


def document_lifecycles(events: pl.DataFrame) -> pl.DataFrame:
    """Schema DOCUMENTS, from all events of one tenant; each event id counts once, as it was first received.

    A document was first sent at its first sent event, or when its completion says (`sent_at`), whichever is earlier.
    Its sender is the user of that event; the portal reports a completion for the sender too.
    """
    of = {action: pl.col("action") == action for action in Action}
    at = pl.col("occurred_at")
    names = {"sender_id": "user_id", "sender_name": "user_name", "sender_email": "user_email"}
    namers = (Action.SENT, Action.COMPLETED)
    sender = pl.coalesce(pl.struct(*names.values()).filter(of[each]).first() for each in namers)
    return (
        first_received(events)
        .sort("occurred_at", *FIRST_RECEIVED_ORDER)
        .group_by("document_id")
        .agg(
            **{name: sender.struct.field(source) for name, source in names.items()},
            first_sent_at=pl.min_horizontal(at.filter(of[Action.SENT]).min(), pl.col("sent_at").min()),
            first_viewed_at=at.filter(of[Action.VIEWED]).min(),
            last_signed_at=at.filter(of[Action.SIGNED]).max(),
            **{f"{action}_at": at.filter(of[action]).min() for action in ENDINGS},
            **{str(action): of[action].sum().cast(pl.Int64) for action in RECIPIENT_ACTIONS},
        )
        .match_to_schema(DOCUMENTS)
    )


def closed_at() -> pl.Expr:
    """When a document first came to an end, however it did; null while it is open."""
    return pl.min_horizontal(f"{action}_at" for action in ENDINGS)


def ended_at() -> pl.Expr:
    """When a document came to the end that counts: its completion, else its first other one; null while it is open."""
    return pl.coalesce("completed_at", closed_at())


def outcome() -> pl.Expr:
    """How a document ended: completed when it ever was, else as it first did; null while it is open."""
    others = [action for action in ENDINGS if action is not Action.COMPLETED]
    first = pl.coalesce(pl.when(pl.col(f"{action}_at") == closed_at()).then(pl.lit(str(action))) for action in others)
    return pl.when(pl.col("completed_at").is_not_null()).then(pl.lit(str(Action.COMPLETED))).otherwise(first)


def concerning(documents: pl.DataFrame, *, since: dt.datetime) -> pl.DataFrame:
    """The documents that were open at *since*, or sent or completed from then on."""
    known = pl.col("first_sent_at").is_not_null() | pl.col("completed_at").is_not_null()
    later = pl.any_horizontal(
        closed_at().is_null(),
        closed_at() >= since,
        *(pl.col(each) >= since for each in ("first_sent_at", "completed_at")),
    )
    return documents.filter(known, later)


def sent_within(documents: pl.DataFrame, *, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
    return documents.filter(pl.col("first_sent_at") >= since, pl.col("first_sent_at") < until)


def of_senders(documents: pl.DataFrame, user_ids: Iterable[str] | None) -> pl.DataFrame:
    """The documents that these users sent; all of them with None."""
    return documents if user_ids is None else documents.filter(pl.col("sender_id").is_in(list(user_ids)))
