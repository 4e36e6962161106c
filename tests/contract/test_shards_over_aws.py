"""Four runs at once over the real adapters, each for its part of the tenants, on one backlog."""

import collections
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.shards import Shard
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases.aggregating import aggregate_touched, publish_counted, settled_now

SHARDS, TENANTS, EVENTS = 4, 40, 1_000
ZONES = ("Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland", "UTC")


def test_four_shards_at_once_count_what_one_would(real_services: Services) -> None:
    now = real_services.clock()
    zones = {f"t{number}": ZONES[number % len(ZONES)] for number in range(TENANTS)}
    for tenant_id, zone in zones.items():
        real_services.stores.tenants.put(TenantProfile(tenant_id=tenant_id, timezone=zone))
    events = [
        UsageEvent(
            "/p", str(number), Action.SENT, f"t{number % TENANTS}", "u", "doc", now - dt.timedelta(minutes=7 * number)
        )
        for number in range(EVENTS)
    ]
    for first in range(0, EVENTS, 100):
        some = events[first : first + 100]
        real_services.usage_store.put_events([ReceivedEvent(event, now, "m") for event in some])
        TouchedHours(real_services.objects).append(some)
    real_services.stores.watermarks.publish_settled_through(now)

    settled = settled_now(services=real_services)
    with ThreadPoolExecutor(SHARDS) as machines:
        shards = [Shard(index, SHARDS) for index in range(SHARDS)]
        outcomes = list(machines.map(lambda shard: aggregate_touched(shard=shard, services=real_services), shards))

    assert all(outcome.rows > 0 and outcome.data_through is None for outcome in outcomes)
    assert real_services.stores.watermarks.data_through() is None, "no shard knows when the others are done"
    publish_counted(settled, services=real_services)
    assert real_services.stores.watermarks.data_through() == now
    assert [*TouchedHours(real_services.objects).pending()] == []
    counted = real_services.usage_store.daily_usage(
        first=now.date() - dt.timedelta(days=7), last=now.date() + dt.timedelta(days=1), tenant_ids=[*zones]
    )
    plainly = collections.Counter(
        (event.tenant_id, event.occurred_at.astimezone(ZoneInfo(zones[event.tenant_id])).date()) for event in events
    )
    assert {(row["tenant_id"], row["day"]): row["sent"] for row in counted.iter_rows(named=True)} == plainly
    assert aggregate_touched(services=real_services).rows == 0
