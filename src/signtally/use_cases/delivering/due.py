"""What tenants' schedules have due: found without a request a tenant where nothing is."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from signtally.domain.deliveries import DeliveryKey
from signtally.domain.outstanding import Outstanding, find_outstanding, parts_left
from signtally.domain.periods import Period
from signtally.domain.schedule_terms import Schedule
from signtally.domain.schedules import (
    Occurrence,
    delivered_period,
    newest_due,
    occurrence_of,
)
from signtally.domain.tenants import TenantProfile
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services
from signtally.stores.all_stores import Stores
from signtally.stores.deliveries import DoneOccurrences, LedgerPeriods
from signtally.use_cases.delivering.unfinished import unfinished

_Item = TypeVar("_Item")
_STRIDE = 7919  # a prime: over the runs, every tenant comes first
_ROTATION = dt.timedelta(minutes=15)  # as often as runs are scheduled: each begins with other tenants


@dataclasses.dataclass(frozen=True, slots=True)
class DeliveryKind:
    """One kind of delivery: which schedules it applies to, and which of their periods are delivered already."""

    name: str  # `reports` or `digests`
    applies_to: Callable[[Schedule], bool]
    delivered: Callable[[LedgerPeriods], frozenset[str]]
    first: Callable[[LedgerPeriods], frozenset[str]]  # the one that fell due before any was delivered
    begun: Callable[[LedgerPeriods], frozenset[str]] = lambda _: frozenset()  # in part, perhaps


@dataclasses.dataclass(frozen=True, slots=True)
class DueSchedule:
    """What one schedule has outstanding; when all of it is delivered, *newest* is done.

    Of a suspended tenant nothing is due: all of it was missed.

    *is_first*: nothing of the schedule was ever delivered, nor is it on record that anything was due.
    """

    newest: Occurrence
    outstanding: Outstanding
    is_first: bool


def tenants_with_due(kind: DeliveryKind, *, services: Services, as_of: dt.datetime | None = None) -> list[str]:
    """The tenants that have, as far as is known, something due by *as_of* (now, if None); neighbours in time together.

    Costs no request a tenant. Who is there again without need costs a `DeliveryRun` one request.
    """
    now, done = as_of or services.clock(), services.stores.done_occurrences(kind.name)
    found = [
        tenant
        for tenant in services.stores.tenants.all().values()
        if any(newest is not None and delivery_key(newest) not in done for newest in _newest(tenant, kind, now=now))
    ]
    return [tenant.tenant_id for tenant in sorted(found, key=lambda tenant: tenant.timezone)]


def _newest(tenant: TenantProfile, kind: DeliveryKind, *, now: dt.datetime) -> Iterator[Occurrence | None]:
    return (newest_due(tenant, schedule, now=now) for schedule in tenant.schedules if kind.applies_to(schedule))


def find_due(
    profiles: Iterable[TenantProfile],
    kind: DeliveryKind,
    *,
    stores: Stores,
    done: DoneOccurrences,
    now: dt.datetime,
) -> Iterator[DueSchedule]:
    """Every schedule with something outstanding; one whose newest occurrence is in *done* costs no request."""
    for tenant in profiles:
        for schedule in tenant.schedules:
            newest = newest_due(tenant, schedule, now=now) if kind.applies_to(schedule) else None
            if newest is None or delivery_key(newest) in done:
                continue
            due = _due(newest, kind, stores=stores, now=now, calendar=done.calendar(delivery_key(newest)))
            if due.outstanding.due or due.outstanding.missed:
                yield due
            else:
                done.add(delivery_key(newest), calendar=newest.calendar)


def due_now(kind: DeliveryKind, *, services: Services, as_of: dt.datetime) -> list[Occurrence]:
    """What a run would deliver by *as_of*, without delivering it. Raises a ServiceError."""
    stores = services.stores
    profiles = stores.tenants.all().values()
    done = stores.done_occurrences(kind.name)
    found = find_due(profiles, kind, stores=stores, done=done, now=as_of)
    return [occurrence for due in found for occurrence in due.outstanding.due]


def _due(
    newest: Occurrence, kind: DeliveryKind, *, stores: Stores, now: dt.datetime, calendar: str | None
) -> DueSchedule:
    """What the ledger knows of a schedule decides what it owes.

    What has waited for complete figures, or broke off, comes first, also when a newer occurrence has fallen due. Then
    what was not delivered, from the oldest report on that was made and has not gone out. What was due before the
    schedule starts, which was paused since, or made again, was missed, where the ledger knows of it.
    """
    tenant, schedule = newest.tenant, newest.schedule
    known = stores.deliveries.periods(tenant.tenant_id, schedule.name)
    over = kind.delivered(known) | known.passed
    waited = unfinished(newest, waiting=known.waiting - over, begun=kind.begun(known) - over, stores=stores)
    delivered = [*_periods(over, tenant), *(each.period for each in waited)]
    first = _periods(kind.first(known), tenant)
    begins_on = min((period.first for period in first), default=None)
    made = _only_made(known, kind, newest=newest, delivered=delivered, begins_on=begins_on)
    owed_since = min((each.period.first for each in made), default=None)
    found = find_outstanding(
        newest, now=now, delivered=delivered, calendar_before=calendar, begins_on=begins_on, owed_since=owed_since
    )
    stale = [each for each in waited if schedule.starts_at is not None and each.due_at < schedule.starts_at]
    due = sorted([*(each for each in waited if each not in stale), *found.due], key=lambda each: each.period.last)
    missed = [*stale, *_left_out(made, found, newest=newest, delivered=delivered), *found.missed]
    if tenant.is_suspended:
        due, missed = [], [*missed, *due]
    outstanding = dataclasses.replace(found, due=due, missed=missed)
    return DueSchedule(newest, outstanding, is_first=not (delivered or first))


def _only_made(
    known: LedgerPeriods,
    kind: DeliveryKind,
    *,
    newest: Occurrence,
    delivered: Collection[Period],
    begins_on: dt.date | None,
) -> list[Occurrence]:
    """Whose reports were made and not delivered, since the last that was.

    Reports and digests share the record of both. What was made before any digest is not owed.
    """
    last = max((period.last for period in _periods(kind.delivered(known), newest.tenant)), default=None)
    since = begins_on if last is None else last + ONE_DAY
    made = _periods(known.reported, newest.tenant) if since is not None else []
    return [
        occurrence_of(newest.tenant, newest.schedule, period)
        for period in made
        if since is not None and period.first >= since and period not in delivered
    ]


def _left_out(
    made: Iterable[Occurrence], found: Outstanding, *, newest: Occurrence, delivered: Iterable[Period]
) -> list[Occurrence]:
    """What was made before the schedule starts, and is in nothing that is outstanding by its calendar of now."""
    old = [found.too_old.days] if found.too_old else []
    covered = [*delivered, *(each.period for each in (*old, *found.missed, *found.due))]
    over = (each for each in made if each.period.last <= newest.period.last)
    parts = []
    for each in sorted(over, key=lambda each: each.period.last):
        left = parts_left(each, without=covered)
        covered += [part.period for part in left]
        parts += left
    return parts


def _periods(key_names: Iterable[str], tenant: TenantProfile) -> list[Period]:
    found = (delivered_period(key_name, week_starts_on=tenant.first_weekday) for key_name in key_names)
    return [period for period in found if period is not None]


def delivery_key(occurrence: Occurrence) -> DeliveryKey:
    return DeliveryKey(occurrence.tenant.tenant_id, occurrence.schedule.name, occurrence.key_name)


def label(occurrence: Occurrence) -> str:
    return f"{occurrence.tenant.tenant_id} / {occurrence.schedule.name} / {occurrence.name}"


def remember_done(kind: DeliveryKind, done: Mapping[str, str], *, services: Services) -> None:
    """Remember what runs for some tenants found done, and forget what is known of schedules that are deleted since."""
    if done:
        every = every_schedule(services.stores.tenants.all().values())
        services.stores.done_occurrences(kind.name).record(done, existing=every)


def every_schedule(profiles: Iterable[TenantProfile]) -> Iterator[tuple[str, str]]:
    """Tenant id and name of each schedule."""
    return ((tenant.tenant_id, schedule.name) for tenant in profiles for schedule in tenant.schedules)


def rotated(items: Sequence[_Item], *, now: dt.datetime) -> list[_Item]:
    """All of them, beginning with another one each time, so that trouble with the first few keeps nobody waiting."""
    number_of_run = int(now.timestamp() // _ROTATION.total_seconds())
    begin = number_of_run * _STRIDE % len(items) if items else 0
    return [*items[begin:], *items[:begin]]
