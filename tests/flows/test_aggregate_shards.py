"""`aggregate` with several shards: runs of their own, by a worker, and one publication when all have ended well."""

import asyncio
import contextlib
import datetime as dt

import pytest
from prefect.client.orchestration import get_client

from flows.aggregate import aggregate
from flows.aggregate_shard import aggregate_shard
from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.services import Services
from signtally.stores.touched_hours import TouchedHours
from tasks.aggregate import ShardError
from warm_worker import WarmWorker

SHARDS = 4
TENANTS = [f"t{number}" for number in range(12)]


def test_shards_run_side_by_side_and_their_parent_publishes(flow_services: Services) -> None:
    now = flow_services.clock()
    events = [UsageEvent("/p", tenant_id, Action.SENT, tenant_id, "u", "doc", now) for tenant_id in TENANTS]
    flow_services.usage_store.put_events([ReceivedEvent(event, now, "m") for event in events])
    TouchedHours(flow_services.objects).append(events)
    flow_services.stores.watermarks.publish_settled_through(now)
    asyncio.run(_with_worker("flows.aggregate_shard:aggregate_shard"))
    today = dt.timedelta(days=1)
    rows = flow_services.usage_store.daily_usage(first=now.date() - today, last=now.date() + today, tenant_ids=TENANTS)
    assert sorted(rows["tenant_id"]) == sorted(TENANTS)
    assert [*TouchedHours(flow_services.objects).pending()] == []
    assert flow_services.stores.watermarks.data_through() == now


def test_nothing_is_published_when_a_shard_fails(flow_services: Services) -> None:
    flow_services.stores.watermarks.publish_settled_through(flow_services.clock())
    flow_services.objects.put(f"state/touched/{1:014}.{0:014}.spoilt.parquet", b"no Parquet")
    with pytest.raises(ShardError, match="Failed"):
        asyncio.run(_with_worker("flows.aggregate_shard:aggregate_shard"))
    assert flow_services.stores.watermarks.data_through() is None


async def _with_worker(entrypoint: str) -> None:
    """Deploy the shard's flow, and run `aggregate` beside a worker that has places for all shards."""
    pool = "pool-aggregate-shard"
    await WarmWorker(pool, name="maker").start(run_once=True)  # makes its pool
    async with get_client() as client:
        flow_id = await client.create_flow(aggregate_shard)
        await client.create_deployment(
            flow_id=flow_id, name=aggregate_shard.name, work_pool_name=pool, entrypoint=entrypoint
        )
    serving = asyncio.ensure_future(WarmWorker(pool, name="shards", limit=SHARDS).start())
    try:
        await asyncio.to_thread(aggregate, shards=SHARDS)
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
