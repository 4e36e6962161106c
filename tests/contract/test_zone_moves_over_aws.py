"""A tenant that moves, over the real adapters: what Timestream holds afterwards is a plain count in the new zone."""

import collections
import datetime as dt
import json
from zoneinfo import ZoneInfo

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.services import Services
from signtally.stores.keys import tenant_profile
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases.aggregating import aggregate_touched


def test_the_last_zone_counts_whoever_changed_it(real_services: Services) -> None:
    now = real_services.clock()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    sent: list[dt.datetime] = []

    def send(*instants: dt.datetime) -> None:
        events = [
            ReceivedEvent(UsageEvent("/p", when.isoformat(), Action.SENT, "acme", "u1", "doc", when), now, "m")
            for when in instants
        ]
        real_services.usage_store.put_events(events)
        TouchedHours(real_services.objects).append(received.event for received in events)
        sent.extend(instants)

    def counted() -> dict[dt.date, int]:
        first, last = min(sent).date() - dt.timedelta(days=2), max(sent).date() + dt.timedelta(days=2)
        rows = real_services.usage_store.daily_usage(first=first, last=last, tenant_ids=["acme"])
        return {row["day"]: row["sent"] for row in rows.iter_rows(named=True) if row["sent"]}

    def plainly(zone: str) -> dict[dt.date, int]:
        return dict(collections.Counter(when.astimezone(ZoneInfo(zone)).date() for when in sent))

    def live_in(zone: str) -> None:
        """Past every command, as a portal's own job may do."""
        body = json.dumps({"tenant_id": "acme", "timezone": zone}).encode()
        real_services.objects.put(tenant_profile("acme"), body)

    real_services.stores.watermarks.publish_settled_through(now)
    send(midnight - dt.timedelta(hours=14), midnight - dt.timedelta(minutes=30), midnight - dt.timedelta(days=400))
    assert aggregate_touched(services=real_services).data_through == now
    assert counted() == plainly("UTC")

    live_in("Pacific/Auckland")
    send(midnight - dt.timedelta(hours=30))
    aggregate_touched(services=real_services)
    assert counted() == plainly("Pacific/Auckland")

    live_in("Pacific/Honolulu")
    aggregate_touched(services=real_services)  # without a new event
    assert counted() == plainly("Pacific/Honolulu")

    real_services.objects.put(tenant_profile("acme"), b"{")
    aggregate_touched(services=real_services)
    assert counted() == plainly("UTC")
    assert aggregate_touched(services=real_services).rows == 0
