"""A month's end for the benchmark: tenants of mixed sizes, their last three months counted, their reports due."""

import datetime as dt
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.use_cases import aggregating

MONTHS = 3
DOCUMENTS_A_USER = 2  # a month
MOST_USERS = 400
FORMATS = ("pdf", "xlsx")
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "Asia/Kathmandu")
LOCALES = ("en", "de", "fr", "es", "ja")
_WRITERS, _BATCH, _TOUCHED = 4, 100, 20_000


def fill(services: Services, *, tenants: int, seed: int = 1) -> int:
    """Store profiles and events and count them, as ingest and aggregation do; return the number of events."""
    rng = random.Random(seed)  # noqa: S311 -- documents, not secrets
    profiles = [_profile(number, rng) for number in range(tenants)]
    with ThreadPoolExecutor(_WRITERS) as writers:
        list(writers.map(services.stores.tenants.put, profiles))
        written, touched = 0, list[UsageEvent]()
        for profile in profiles:
            events = [*_events(profile, services.clock(), rng)]
            batches = [events[index : index + _BATCH] for index in range(0, len(events), _BATCH)]
            list(writers.map(services.usage_store.put_events, batches))
            touched += [received.event for received in events]
            written += len(events)
            if len(touched) >= _TOUCHED or profile is profiles[-1]:
                services.stores.touched_hours.append(touched)
                touched.clear()
    services.stores.watermarks.publish_settled_through(services.clock())
    aggregating.aggregate_touched(services=services)
    return written


def _profile(number: int, rng: random.Random) -> TenantProfile:
    monthly = Schedule(name="monthly", every="month", formats=FORMATS)
    return TenantProfile(
        tenant_id=f"tenant-{number:05}",
        name=f"Tenant {number} Ltd",
        timezone=rng.choice(ZONES),
        locale=rng.choice(LOCALES),
        schedules=(monthly,),
    )


def _events(profile: TenantProfile, now: dt.datetime, rng: random.Random) -> Iterator[ReceivedEvent]:
    """Half of the tenants have up to six users, one in a hundred has more than a hundred."""
    users = min(MOST_USERS, max(1, round(rng.lognormvariate(1.8, 1.2))))
    month_begins = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    days = MONTHS * 30
    for number in range(users * DOCUMENTS_A_USER * MONTHS):
        sent_at = month_begins - dt.timedelta(days=rng.uniform(1, days))
        yield from _life(f"{profile.tenant_id}-{number}", profile.tenant_id, f"u{rng.randrange(users)}", sent_at, rng)


def _life(
    document_id: str, tenant_id: str, sender: str, sent_at: dt.datetime, rng: random.Random
) -> Iterator[ReceivedEvent]:
    steps = [(Action.SENT, 0.0), (Action.RECEIVED, 0.01), (Action.VIEWED, 3.0), (Action.SIGNED, 4.0)]
    if rng.random() < 0.8:
        steps.append((Action.COMPLETED, rng.uniform(4, 20)))
    for action, hours in steps:
        at = sent_at + dt.timedelta(hours=hours)
        happened = UsageEvent(
            "/portal",
            f"{document_id}-{action}",
            action,
            tenant_id,
            sender,
            document_id,
            at,
            user_email=f"{sender}@{tenant_id}.example",
            user_name=f"User {sender} of {tenant_id}",
        )
        yield ReceivedEvent(happened, at, document_id)
