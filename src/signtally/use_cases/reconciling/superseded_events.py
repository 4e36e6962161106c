"""Ids that were received several times on days that are proven: the first received counts, others are superseded."""

import datetime as dt

import polars as pl

from signtally.domain.reconciliation import received_later
from signtally.domain.restatements import RestatementReason
from signtally.domain.schemas import IDENTITY
from signtally.services import Services
from signtally.stores.touched_hours import TOUCHED

_AHEAD = dt.timedelta(days=1)  # of the clock; ingest takes minutes at most


def supersede_repeated(*, since: dt.datetime, services: Services) -> int:
    """Supersede events whose id was received earlier, touch their hours, and return how many were not marked before.

    Among events that happened from *since* on, or as many days back as the settings say, if that is earlier.
    Idempotent: what is marked already is not noted again.
    """
    store, superseding = services.usage_store, services.stores.superseding
    since = min(since, services.clock() - dt.timedelta(days=services.settings.reconcile_days))
    until = services.clock() + _AHEAD
    later = received_later(store.repeated_events(since=since, until=until))
    known = pl.concat([store.superseded(since=since, until=until, tenant_ids=None), superseding.all()])
    found = later.join(known, on=[*IDENTITY], how="anti")
    superseding.put(found)
    for key, rows in superseding.lists():
        _tell_the_store(key, rows, services=services)
    return len(found)


def _tell_the_store(key: str, rows: pl.DataFrame, *, services: Services) -> None:
    """Touch the hours of events that the store shows as superseded; the rest stays on the list."""
    store, instants = services.usage_store, rows["occurred_at"]
    store.put_superseded(rows)
    first, last = instants.min(), instants.max()
    assert isinstance(first, dt.datetime)  # noqa: S101 -- a list is never empty; mypy cannot see it
    assert isinstance(last, dt.datetime)  # noqa: S101
    shown = store.superseded(since=first, until=last + dt.timedelta(seconds=1), tenant_ids=_tenants(rows))
    told = rows.join(shown, on=[*IDENTITY], how="semi")
    reason = pl.lit(str(RestatementReason.REPEATED_ID)).alias("reason")
    touched = told.select("tenant_id", "event_id", reason, hour=pl.col("occurred_at"))
    services.stores.touched_hours.append_rows(touched.match_to_schema(TOUCHED))
    services.stores.superseding.keep(key, rows.join(told, on=[*IDENTITY], how="anti"))


def _tenants(rows: pl.DataFrame) -> list[str]:
    return rows["tenant_id"].unique().sort().to_list()
