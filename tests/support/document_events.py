"""Events of documents around one noon, and what a usage store makes of them."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Sequence

import polars as pl

from signtally.domain.actions import Action
from signtally.domain.activity import ACTIVITY
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import IDENTITY
from signtally.ports.document_store import TenantSpan
from signtally.ports.usage_store import UsageStore

# On a quarter of an hour, and recent enough for every store to take what happened around it.
NOON = dt.datetime.now(dt.UTC).replace(hour=12, minute=0, second=0, microsecond=0) - dt.timedelta(days=40)
HOUR, MICROSECOND = dt.timedelta(hours=1), dt.timedelta(microseconds=1)
AGES_AGO, AGES_ON = NOON - 300 * 24 * HOUR, NOON + 300 * 24 * HOUR
SENT, VIEWED, COMPLETED, DECLINED = Action.SENT, Action.VIEWED, Action.COMPLETED, Action.DECLINED

_numbers = itertools.count()


def event(  # noqa: PLR0913 -- a fact each, and all but two have a plain value
    action: Action,
    hours: float,
    *,
    document_id: str = "d1",
    user_id: str = "ann",
    event_id: str | None = None,
    received_hours: float | None = None,
    sent_at_hours: float | None = None,
    tenant_id: str = "acme",
) -> ReceivedEvent:
    """Something that happened so many hours after noon, and arrived at once or when it says."""
    at = NOON + hours * HOUR
    number = next(_numbers)
    sent_at = None if sent_at_hours is None else NOON + sent_at_hours * HOUR
    happened = UsageEvent(
        "/portal", event_id or f"e{number}", action, tenant_id, user_id, document_id, at, sent_at=sent_at
    )
    received_at = at if received_hours is None else NOON + received_hours * HOUR
    return ReceivedEvent(happened, received_at, f"m{number}")


def supersede(store: UsageStore, events: Iterable[ReceivedEvent]) -> None:
    identities = [[getattr(received.event, name) for name in IDENTITY] for received in events]
    store.put_superseded(pl.DataFrame(identities, schema=IDENTITY, orient="row"))


def documents(store: UsageStore, *, since: dt.datetime = AGES_AGO, until: dt.datetime = AGES_ON) -> pl.DataFrame:
    return store.documents(TenantSpan("acme", since, until)).sort("document_id")


def life(frame: pl.DataFrame, document_id: str = "d1") -> dict[str, object]:
    """One document: its sender, and hours after noon."""
    (row,) = frame.filter(document_id=document_id).iter_rows(named=True)
    return {
        name: (value - NOON) / HOUR if isinstance(value, dt.datetime) else value
        for name, value in row.items()
        if value is not None and value != 0 and name != "document_id"
    }


def activity_rows(
    store: UsageStore,
    *,
    tenant_id: str = "acme",
    since: dt.datetime = AGES_AGO,
    parted_at: Sequence[dt.datetime] = (),
    user_ids: list[str] | None = None,
) -> pl.DataFrame:
    return store.activity(TenantSpan(tenant_id, since, NOON + 9 * HOUR, tuple(parted_at)), user_ids=user_ids)


def activity(
    store: UsageStore,
    *,
    since: dt.datetime = AGES_AGO,
    parted_at: Sequence[dt.datetime] = (),
    user_ids: list[str] | None = None,
) -> list[object]:
    """Quarters of an hour and instants as hours after noon; those of the week after would be the same quarters."""
    found = activity_rows(store, since=since, parted_at=parted_at, user_ids=user_ids)
    assert found.schema == ACTIVITY
    noon = (NOON - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(minutes=15) % (7 * 24 * 4)
    return [
        (part, (quarter - noon) % (7 * 24 * 4) / 4, *counts, (first - NOON) / HOUR, (last - NOON) / HOUR)
        for part, quarter, *counts, first, last in found.sort("first_at").iter_rows()
    ]


def as_the_portal_says(events: Iterable[ReceivedEvent], tenant_id: str) -> list[ReceivedEvent]:
    """Only a completion says when its document was sent."""
    changed = []
    for received in events:
        sent_at = received.event.sent_at if received.event.action is COMPLETED else None
        happened = dataclasses.replace(received.event, tenant_id=tenant_id, sent_at=sent_at)
        changed.append(dataclasses.replace(received, event=happened))
    return changed
