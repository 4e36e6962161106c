"""`aggregate` with several shards: task runs side by side, and one publication when all have ended well."""

import datetime as dt

import polars as pl
import pytest

from flows.aggregate import aggregate
from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.services import Services
from signtally.setting_values import THREADS
from signtally.stores.touched_hours import TouchedHours

SHARDS = 4
TENANTS = [f"t{number}" for number in range(12)]


@pytest.fixture(autouse=True)
def _by_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNTALLY_TASK_RUNNER", THREADS)


def test_shards_run_side_by_side_and_their_parent_publishes(flow_services: Services) -> None:
    aggregate()  # of shards that are the first at once, one would count its days again
    now = flow_services.clock()
    events = [UsageEvent("/p", tenant_id, Action.SENT, tenant_id, "u", "doc", now) for tenant_id in TENANTS]
    flow_services.usage_store.put_events([ReceivedEvent(event, now, "m") for event in events])
    TouchedHours(flow_services.objects).append(events)
    flow_services.stores.watermarks.publish_settled_through(now)
    outcome = aggregate(shards=SHARDS)
    assert (outcome.tenant_days, outcome.rows, outcome.data_through) == (12, 12, now)
    today = dt.timedelta(days=1)
    rows = flow_services.usage_store.daily_usage(first=now.date() - today, last=now.date() + today, tenant_ids=TENANTS)
    assert sorted(rows["tenant_id"]) == sorted(TENANTS)
    assert [*TouchedHours(flow_services.objects).pending()] == []
    assert flow_services.stores.watermarks.data_through() == now


def test_nothing_is_published_when_a_shard_fails(flow_services: Services) -> None:
    flow_services.stores.watermarks.publish_settled_through(flow_services.clock())
    flow_services.objects.put(f"state/touched/{1:014}.{0:014}.spoilt.parquet", b"no Parquet")
    with pytest.raises(pl.exceptions.PolarsError):
        aggregate(shards=SHARDS)
    assert flow_services.stores.watermarks.data_through() is None
