"""What the queries behind turnaround, open documents and hours cost, for an average tenant and for a giant.

    .venv/bin/python benchmarks/report_figures.py

Both tenants have a year of documents in one local Timestream. Beside stand the counts alone, as for `GET /v1/usage`.
"""

import datetime as dt
import random
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from local_stack import running_services

from signtally.domain.actions import Action
from signtally.domain.aggregation import TenantDay, daily_usage
from signtally.domain.basis import Basis
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import period_between
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.use_cases.figures import read_report, read_usage

GIANT_DOCUMENTS = 60_000
DOCUMENTS = {"average": 5_600, "giant": GIANT_DOCUMENTS}
TIMEZONE = "Europe/Berlin"
ROUNDS = 9
PERIODS_DAYS = {"a month": 30, "a year": 364}


def main() -> None:
    with running_services() as (services, _):
        print("| tenant | period | counts | on activity basis | on cohort basis |\n|---|---|---|---|---|")
        for tenant_id, documents in DOCUMENTS.items():
            events = fill(services, tenant_id, documents)
            for name, days in PERIODS_DAYS.items():
                times = " | ".join(f"{seconds * 1000:.0f} ms" for seconds in read_seconds(services, tenant_id, days))
                print(f"| {tenant_id}, {events:,} events | {name} | {times} |")


def read_seconds(services: Services, tenant_id: str, days: int) -> Iterator[float]:
    """Medians in seconds."""
    tenant = TenantProfile(tenant_id=tenant_id, timezone=TIMEZONE)
    yesterday = tenant.today(services.clock()) - dt.timedelta(days=1)  # today is counted from its events in any case
    period = period_between(yesterday - dt.timedelta(days=days), yesterday)
    yield _median(lambda: read_usage(tenant, period, services=services))
    for basis in Basis:
        yield _median(lambda basis=basis: read_report(tenant, period, services=services, basis=basis))


def _median(read: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        read()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def fill(services: Services, tenant_id: str, documents: int) -> int:
    rng = random.Random(1)  # noqa: S311 -- documents, not secrets
    now = services.clock()
    events = [event for number in range(documents) for event in _life(f"{tenant_id}-{number}", tenant_id, now, rng)]
    batches = [events[index : index + 100] for index in range(0, len(events), 100)]
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(services.usage_store.put_events, batches))
    first, zone = (now - dt.timedelta(days=400)).date(), TIMEZONE
    days = [TenantDay(tenant_id, first + dt.timedelta(days=number), zone) for number in range(402)]
    stored = services.usage_store.events(since=days[0].begins, until=days[-1].ends, tenant_ids=[tenant_id])
    services.usage_store.put_daily_usage(daily_usage(stored.lazy(), days=days).collect(), version=1)
    return len(events)


def _life(document_id: str, tenant_id: str, now: dt.datetime, rng: random.Random) -> Iterator[ReceivedEvent]:
    sent_at = now - dt.timedelta(days=rng.uniform(1, 361))
    sender = f"u{rng.randrange(200)}"
    steps = [
        (Action.SENT, 0.0, sender),
        (Action.RECEIVED, 0.01, "r"),
        (Action.VIEWED, 3.0, "r"),
        (Action.SIGNED, 4.0, "r"),
    ]
    if rng.random() < 0.8:
        steps.append((Action.COMPLETED, rng.uniform(4, 24), sender))
    for action, hours, user_id in steps:
        at = sent_at + dt.timedelta(hours=hours)
        known = sent_at if action is Action.COMPLETED else None
        happened = UsageEvent(
            "/p", f"{document_id}-{action}", action, tenant_id, user_id, document_id, at, sent_at=known
        )
        yield ReceivedEvent(happened, at, document_id)


if __name__ == "__main__":
    main()
