"""One run over everything that tenants' schedules have due: finding it, and going on after whatever fails."""

import dataclasses
import datetime as dt
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from signtally.domain.batches import batched
from signtally.domain.periods import Period
from signtally.domain.schedules import Occurrence, delivered_period, find_outstanding, newest_due
from signtally.domain.tenants import Schedule, TenantProfile
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.services import Services
from signtally.stores.deliveries import DeliveryKey, DoneOccurrences
from signtally.use_cases.read_ahead import read_ahead

_log = logging.getLogger(__name__)
_MAX_CONSECUTIVE_FAILURES = 5  # of services: the rest of the run would fare no better
_READ_AHEAD = 25  # schedules: more would save little, and hold more rows in memory


class DeliveriesPendingError(ServiceUnavailableError):
    """Something stays due because a service failed. What was delivered is recorded: running again does the rest."""


@dataclasses.dataclass(frozen=True, slots=True)
class DeliveryKind:
    """One kind of delivery: which schedules it applies to, and which of their periods are delivered already."""

    name: str  # `reports` or `digests`
    applies_to: Callable[[Schedule], bool]
    delivered_periods: Callable[[str, str], set[str]]  # tenant id, schedule's name → names of periods in the ledger


@dataclasses.dataclass(frozen=True, slots=True)
class DueSchedule:
    """What one schedule has to deliver, oldest first; with the last of them, *newest* is done."""

    newest: Occurrence
    outstanding: list[Occurrence]


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """*services* that have figures at hand, as they were at the instant *at*."""

    services: Services
    at: dt.datetime


Deliver = Callable[[Occurrence, Reading], bool]


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
    profiles: Mapping[str, TenantProfile], kind: DeliveryKind, *, done: DoneOccurrences, now: dt.datetime
) -> Iterator[DueSchedule]:
    """Every schedule with something due; one whose newest occurrence is in *done* costs no request."""
    for tenant in profiles.values():
        for schedule in tenant.schedules:
            newest = newest_due(tenant, schedule, now=now) if kind.applies_to(schedule) else None
            if newest is None or delivery_key(newest) in done:
                continue
            delivered = kind.delivered_periods(tenant.tenant_id, schedule.name)
            outstanding = find_outstanding(
                newest,
                now=now,
                delivered=_periods(delivered, week_starts_on=tenant.first_weekday),
                calendar_before=done.calendar(delivery_key(newest)),
            )
            if outstanding:
                yield DueSchedule(newest, outstanding)
            else:
                done.add(delivery_key(newest), calendar=newest.calendar)


def _periods(key_names: Iterable[str], *, week_starts_on: int) -> list[Period]:
    found = (delivered_period(key_name, week_starts_on=week_starts_on) for key_name in key_names)
    return [period for period in found if period is not None]


def delivery_key(occurrence: Occurrence) -> DeliveryKey:
    return DeliveryKey(occurrence.tenant.tenant_id, occurrence.schedule.name, occurrence.key_name)


def label(occurrence: Occurrence) -> str:
    return f"{occurrence.tenant.tenant_id} / {occurrence.schedule.name} / {occurrence.name}"


def _reason_to_wait(tenant: TenantProfile, *, holds: set[str]) -> str:
    """Why a tenant's scheduled sends wait; empty when they do not."""
    if tenant.is_unreadable:
        return "the tenant's profile has no valid time zone"
    return "the tenant's figures and events contradict each other" if tenant.tenant_id in holds else ""


class DeliveryRun:
    """Delivers everything of one kind that is due by *as_of* (now, if None): one tenant's failure stops nobody else.

    Of all tenants, or with *tenant_ids* of those alone: then what is done is for the caller to record. Afterwards
    *due* counts the occurrences it found, *held* those of tenants whose scheduled sends wait, *failures* says by
    occurrence what went wrong, and *done* what `DoneOccurrences` is to remember.
    """

    def __init__(
        self,
        kind: DeliveryKind,
        *,
        services: Services,
        as_of: dt.datetime | None = None,
        tenant_ids: Sequence[str] | None = None,
    ) -> None:
        self.failures: dict[str, str] = {}
        self.done: dict[str, str] = {}
        self.due = self.held = 0
        self._tenant_ids = tenant_ids
        self._kind = kind
        self._services = services
        self._as_of = as_of
        self._pending: list[str] = []
        self._last_error: ServiceError | None = None
        self._consecutive_failures = 0

    def run(self, deliver: Deliver) -> None:
        """Call *deliver* for every due occurrence; it returns whether the occurrence is done now.

        After one that is not, the later ones of its schedule wait for the next run. Those of a tenant on hold wait
        too, and those of a tenant whose time zone is not known. Raises DeliveriesPendingError at the end, or as soon
        as services fail for everybody.
        """
        profiles = self._profiles()
        done = self._services.stores.done_occurrences(self._kind.name)
        try:
            due = find_due(profiles, self._kind, done=done, now=self._as_of or self._services.clock())
            for some in batched(due, _READ_AHEAD):
                self._deliver_some(some, deliver, done=done)
                if self._consecutive_failures >= _MAX_CONSECUTIVE_FAILURES:
                    break
        finally:
            self.done = done.added
            if self._tenant_ids is None:
                every = (
                    (tenant.tenant_id, schedule.name) for tenant in profiles.values() for schedule in tenant.schedules
                )
                done.save(every)
        if self._last_error is not None:
            raise DeliveriesPendingError(
                f"{len(self._pending)} due {self._kind.name} could not be delivered, such as {self._pending[0]}; "
                f"run it again. {self._last_error}"
            ) from self._last_error

    def _profiles(self) -> Mapping[str, TenantProfile]:
        tenants = self._services.stores.tenants
        if self._tenant_ids is None:
            return tenants.all()
        return {tenant_id: tenants.get(tenant_id) for tenant_id in self._tenant_ids}

    def _deliver_some(self, some: Sequence[DueSchedule], deliver: Deliver, *, done: DoneOccurrences) -> None:
        """The occurrences of some schedules, whose figures are read ahead."""
        holds = self._services.stores.holds.held({due.newest.tenant.tenant_id for due in some})
        going = []
        for due in some:
            if why := _reason_to_wait(due.newest.tenant, holds=holds):
                self._hold(due.outstanding, why)
            else:
                going.append(due)
        reading = self._read_ahead([each for due in going for each in due.outstanding])
        for due in going:
            if self._deliver_in_order(due.outstanding, deliver, reading):
                done.add(delivery_key(due.newest), calendar=due.newest.calendar)
            if self._consecutive_failures >= _MAX_CONSECUTIVE_FAILURES:
                return

    def _read_ahead(self, occurrences: Sequence[Occurrence]) -> Reading:
        """Where that fails, each reads its own figures: what one tenant has harms no other."""
        at = self._as_of or self._services.clock()
        wanted = [(each.tenant, each.period) for each in occurrences]
        try:
            return Reading(read_ahead(wanted, services=self._services, at=at) if wanted else self._services, at)
        except Exception:  # noqa: BLE001 -- logged; whatever it is, it comes again for the tenant that has it
            _log.warning("the figures of %d occurrences are read one by one", len(wanted), exc_info=True)
            return Reading(self._services, at)

    def _hold(self, occurrences: Collection[Occurrence], why: str) -> None:
        self.due += len(occurrences)
        self.held += len(occurrences)
        for each in occurrences:
            _log.warning("%s is on hold: %s", label(each), why)

    def _deliver_in_order(self, occurrences: Collection[Occurrence], deliver: Deliver, reading: Reading) -> bool:
        return all(self._attempt(occurrence, deliver, reading) for occurrence in occurrences)

    def _attempt(self, occurrence: Occurrence, deliver: Deliver, reading: Reading) -> bool:
        self.due += 1
        try:
            done = deliver(occurrence, reading)
        except ServiceError as error:
            _log.warning("%s: %s", label(occurrence), error)
            self._pending.append(label(occurrence))
            self._last_error = error
            self._consecutive_failures += 1
            return False
        except Exception as error:  # noqa: BLE001 -- logged; one tenant stops nobody else
            _log.exception("%s failed", label(occurrence))
            self.failures[label(occurrence)] = f"{type(error).__name__}: {error}"
            return False
        self._consecutive_failures = 0
        return done
