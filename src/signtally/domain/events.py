"""One user action on one document, and what makes two of them the same."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from signtally.domain.actions import Action
from signtally.errors import SigntallyError

_AS_IN_ROWS = ("tenant_id", "user_id", "document_id", "occurred_at", "user_email", "user_name", "sent_at")


class BadEventError(SigntallyError, ValueError):
    """A message, or an element of one, that can never be counted: *reason* for machines, *detail* for a person."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclasses.dataclass(frozen=True, slots=True)
class UsageEvent:
    """One user action on one document, as it came off the queue."""

    source: str
    id: str
    action: Action
    tenant_id: str
    user_id: str
    document_id: str
    occurred_at: dt.datetime  # aware, UTC
    user_email: str | None = None
    user_name: str | None = None
    sent_at: dt.datetime | None = None  # aware, UTC; of a completed document only

    def __post_init__(self) -> None:
        if self.occurred_at.tzinfo is None:
            raise BadEventError("time-without-offset", f"event {self.id} has no UTC offset")

    @property
    def event_id(self) -> str:
        """Source and id in one, without collisions: the length says where the source ends."""
        return f"{len(self.source)}:{self.source}:{self.id}"


def source_and_id(event_id: str) -> tuple[str, str]:
    """What `UsageEvent.event_id` was made of."""
    length, _, both = event_id.partition(":")
    return both[: int(length)], both[int(length) + 1 :]


@dataclasses.dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event with the message that brought it: a second send differs here, a redelivery does not."""

    event: UsageEvent
    received_at: dt.datetime  # aware, UTC: the message's SentTimestamp
    message_id: str


def event_of_row(row: Mapping[str, Any]) -> ReceivedEvent:
    """From a row of schema `signtally.domain.schemas.EVENTS`."""
    source, own_id = source_and_id(row["event_id"])
    known = {name: row[name] for name in _AS_IN_ROWS}
    return ReceivedEvent(
        UsageEvent(source, own_id, Action(row["action"]), **known), row["received_at"], row["message_id"]
    )
