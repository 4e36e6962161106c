"""One late event → its restated day, with 100, 1,000 and 10,000 tenants in the store: seconds and requests.

Over the local AWS. Every tenant has a profile, a day of events, and daily usage counted from them; what is measured is
one run of aggregation after one more event of one tenant. Goals: at most 2 s, requests that do not grow.
"""

import datetime as dt
import itertools
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.httpsession import URLLib3Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # local_stack

from local_stack import running_aws

from signtally import wiring
from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases import provisioning
from signtally.use_cases.aggregating import aggregate_touched

EVENTS_A_TENANT = 3
WRITERS = 8
HAPPENED = dt.datetime.now(dt.UTC).replace(hour=12, minute=0, second=0, microsecond=0) - dt.timedelta(days=3)


class CountedRequests:
    """What goes over the wire, repeats included."""

    def __init__(self) -> None:
        self.total = 0
        send = URLLib3Session.send

        def counted(session: URLLib3Session, request: Any) -> Any:  # noqa: ANN401 -- botocore has no types for it
            self.total += 1
            return send(session, request)

        URLLib3Session.send = counted


def late_event(tenant: int, number: int) -> UsageEvent:
    happened = HAPPENED + dt.timedelta(seconds=number)
    return UsageEvent("/portal", f"{tenant}-{number}", Action.SENT, f"t{tenant}", f"u{number}", "doc", happened)


def ingest(services: Services, events: Iterator[UsageEvent]) -> None:
    def write(some: list[UsageEvent]) -> None:
        services.usage_store.put_events([ReceivedEvent(each, services.clock(), "m") for each in some])
        TouchedHours(services.objects).append(some)

    with ThreadPoolExecutor(WRITERS) as writers:
        for _ in writers.map(write, iter(lambda: [*itertools.islice(events, 100)], [])):
            pass


def fill(tenants: int, services: Services) -> None:
    with ThreadPoolExecutor(WRITERS) as writers:
        profiles = (TenantProfile(tenant_id=f"t{tenant}", timezone="Asia/Kathmandu") for tenant in range(tenants))
        for _ in writers.map(services.stores.tenants.put, profiles):
            pass
    ingest(services, (late_event(tenant, number) for tenant in range(tenants) for number in range(EVENTS_A_TENANT)))
    aggregate_touched(services=services, due_only=True)


def restating_seconds(services: Services) -> float:
    """One event of one tenant is touched."""
    began = time.perf_counter()
    outcome = aggregate_touched(services=services, due_only=True)  # as the schedule does, every minute
    seconds = time.perf_counter() - began
    assert (outcome.tenant_days, outcome.rows) == (1, 1), outcome
    return seconds


def main() -> None:
    requests = CountedRequests()
    with running_aws():
        for tenants in (100, 1_000, 10_000):
            name = f"bench-{uuid.uuid4().hex[:12]}"
            settings = Settings(queue=name, dead_letter_queue=f"{name}-dead", bucket=name, database=name)
            services = wiring.services(settings)
            provisioning.provision(services=services)
            fill(tenants, services)
            ingest(services, iter([late_event(tenants // 2, EVENTS_A_TENANT)]))
            before = requests.total
            seconds = restating_seconds(services)
            print(f"| {tenants:,} tenants | {seconds:.2f} s | {requests.total - before} |", flush=True)


if __name__ == "__main__":
    main()
