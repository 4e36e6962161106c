"""A usage store's events and rows of daily usage, as the contract tests write and read them."""

import dataclasses
import datetime as dt

import polars as pl

from signtally.aws.clients import AwsClients
from signtally.aws.timestream import TimestreamUsageStore
from signtally.aws.timestream_unload import TimestreamUnload
from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import DAILY_USAGE, STORED_USAGE
from signtally.ports.usage_store import UsageStore, WriteResult

NOW = dt.datetime.now(dt.UTC).replace(microsecond=123_456)  # Timestream judges times by its own clock
DAY = dt.timedelta(days=1)


def timestream(*, database: str) -> TimestreamUsageStore:
    clients = AwsClients()
    return TimestreamUsageStore(
        clients.timestream_write,
        clients.timestream_query,
        unload=TimestreamUnload(clients.timestream_query, clients.s3, bucket=database),
        database=database,
        memory_retention_hours=15 * 24,
        magnetic_retention_days=400,
    )


def takes_repeats(store: UsageStore) -> bool:
    """Whether an id that comes again with another time, user or tenant is stored too; else it is a duplicate."""
    return not store.refuses_repeated_ids


def event(
    number: int = 1, instant: dt.datetime = NOW, *, tenant_id: str = "acme", user_id: str = "u1"
) -> ReceivedEvent:
    happened = UsageEvent("/portal", str(number), Action.SENT, tenant_id, user_id, "doc", instant)
    return ReceivedEvent(happened, instant + dt.timedelta(seconds=2), f"message-{number}")


def named(received: ReceivedEvent, *, name: str | None, at: dt.datetime = NOW) -> ReceivedEvent:
    happened = dataclasses.replace(received.event, user_name=name, user_email=None, occurred_at=at)
    return dataclasses.replace(received, event=happened)


def results(store: UsageStore, *events: ReceivedEvent) -> list[WriteResult]:
    return [outcome.result for outcome in store.put_events(events)]


def events_of(store: UsageStore, *tenant_ids: str) -> pl.DataFrame:
    return store.events(since=NOW - 300 * DAY, until=NOW + DAY, tenant_ids=tenant_ids)


def usage(*, user_id: str = "u1", day: dt.date | None = None, sent: int = 1, tenant_id: str = "acme") -> pl.DataFrame:
    row = {
        "tenant_id": tenant_id,
        "user_id": user_id,
        "day": day or NOW.date(),
        **dict.fromkeys(MEASURES, 0),
        "sent": sent,
        "user_name": None,
        "user_email": None,
        "timezone": "Asia/Kathmandu",
    }
    return pl.DataFrame([row], schema=DAILY_USAGE)


def usage_of(store: UsageStore, *tenant_ids: str) -> pl.DataFrame:
    today = NOW.date()
    stored = store.daily_usage(first=today - 30 * DAY, last=today + DAY, tenant_ids=tenant_ids)
    assert stored.schema == STORED_USAGE
    return stored.sort("user_id", "day").drop("counted_at")
