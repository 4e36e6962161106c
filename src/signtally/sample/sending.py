"""Stores the sample tenants' profiles, then sends the traffic to the queue on several threads."""

import collections
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from signtally.domain.batches import batched
from signtally.domain.tenants import TenantProfile
from signtally.ports.queue import OutgoingMessage
from signtally.sample.plan import PlanError, TrafficPlan
from signtally.sample.tenants import SampleTenant, sample_tenants
from signtally.sample.waves import Waves
from signtally.services import Services
from signtally.stores.tenants import Tenants

_THREADS = 8
_MESSAGES_A_REQUEST = 10
_REQUESTS_AHEAD = 4 * _THREADS  # made but not yet taken by the queue: bounds the memory

Progress = Callable[[int, int], None]  # pieces sent so far, pieces of the plan


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EmitOutcome:
    """What was sent; the fields are explained in `signtally.sample.expectation`."""

    messages: int
    events_sent: int
    distinct_events: int
    duplicates: int
    late_events: int
    dead_letters: dict[str, int]
    tenants: int  # with any event
    profiles_stored: int
    since: dt.datetime
    until: dt.datetime


def default_until(now: dt.datetime) -> dt.datetime:
    return now.astimezone(dt.UTC).replace(second=0, microsecond=0)


def emit(
    plan: TrafficPlan, *, services: Services, expect: Path | None = None, progress: Progress | None = None
) -> EmitOutcome:
    """Store the profiles, send every message, then write *expect*; raises PlanError and the ports' ServiceErrors.

    When it raises, some messages may have been sent, and no expectation is written.
    """
    if plan.until > services.clock():
        raise PlanError(f"until is {plan.until.isoformat()}, in the future: nothing has happened there yet")
    tenants = sample_tenants(plan)
    stored = _store_profiles(tenants, services.stores.tenants)
    waves = Waves(plan, tenants)
    sent = 0
    for wave in waves:
        for pieces in _send(wave, services=services):
            sent += pieces
            if progress is not None:
                progress(sent, plan.items)
    if expect is not None:
        waves.expectation.write(expect, plan)
    return _outcome(plan, waves, profiles_stored=stored)


def _send(messages: Iterable[tuple[str, int]], *, services: Services) -> Iterator[int]:
    """Send on several threads; yields the number of pieces in each request, and ends when all are sent."""
    ahead: collections.deque[Future[int]] = collections.deque()
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="emit")
    try:
        for request in batched(messages, _MESSAGES_A_REQUEST):
            ahead.append(executor.submit(_send_request, request, services=services))
            while len(ahead) >= _REQUESTS_AHEAD or (ahead and ahead[0].done()):
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


def _send_request(request: list[tuple[str, int]], *, services: Services) -> int:
    services.queue.send([OutgoingMessage(body) for body, _ in request])
    return sum(pieces for _, pieces in request)


def _store_profiles(tenants: Sequence[SampleTenant], profiles: Tenants) -> int:
    """Store the profiles that are missing or in another time zone; other changes by the tenant are kept.

    Returns how many were stored.
    """
    stored = profiles.all()
    wanted = [tenant.profile for tenant in tenants if tenant.profile is not None]
    changed = [profile for profile in wanted if not _same_zone(profile, stored.get(profile.tenant_id))]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="profiles") as executor:
        collections.deque(executor.map(profiles.put, changed), maxlen=0)
    return len(changed)


def _same_zone(wanted: TenantProfile, stored: TenantProfile | None) -> bool:
    return stored is not None and stored.timezone == wanted.timezone


def _outcome(plan: TrafficPlan, waves: Waves, *, profiles_stored: int) -> EmitOutcome:
    expected = waves.expectation
    return EmitOutcome(
        messages=expected.messages,
        events_sent=expected.distinct_events + expected.duplicates,
        distinct_events=expected.distinct_events,
        duplicates=expected.duplicates,
        late_events=expected.late_events,
        dead_letters=dict(sorted(expected.dead_letters.items())),
        tenants=expected.tenants,
        profiles_stored=profiles_stored,
        since=plan.window.since,
        until=plan.window.until,
    )
