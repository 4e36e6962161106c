"""The probe: an event that the store holds already. Writing it once more changes nothing and shows whether writes work.

The store either accepts it as identical or reports a duplicate. Both mean that it takes writes.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import polars as pl

from signtally.domain.events import ReceivedEvent, event_of_row

_LOOKBACK = dt.timedelta(days=14)
_ONE_DAY = dt.timedelta(days=1)


class StoredEvents(Protocol):
    """The part of `ports.usage_store.EventStore` that a probe is found with."""

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame: ...

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame: ...


def find_probe_event(received: ReceivedEvent, *, store: StoredEvents) -> ReceivedEvent | None:
    """Another event of the same tenant, from its latest day with events in the last 14; None when there is none.

    Of the same tenant, since the store may fail for this tenant's partition alone. Raises a ServiceError.
    """
    tenant_ids, until = [received.event.tenant_id], received.received_at + _ONE_DAY
    days = store.days_with_events(since=until - _LOOKBACK, until=until, tenant_ids=tenant_ids)["utc_day"].to_list()
    if not days:
        return None
    begin = dt.datetime.combine(max(days), dt.time(), dt.UTC)
    rows = store.events(since=begin, until=begin + _ONE_DAY, tenant_ids=tenant_ids)
    others = rows.filter(pl.col("event_id") != received.event.event_id)
    return None if others.is_empty() else event_of_row(others.row(0, named=True))
