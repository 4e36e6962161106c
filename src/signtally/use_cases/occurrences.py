"""Going through what tenants' schedules owe by now: finding it, and outliving what fails on the way."""

import dataclasses
import datetime as dt
import functools
import logging
from collections.abc import Callable, Collection, Iterator, Mapping

from signtally.domain.schedules import Occurrence, newest_due, outstanding
from signtally.domain.tenants import Schedule, TenantProfile
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.services import Services
from signtally.stores.deliveries import DeliveryKey, DoneOccurrences

log = logging.getLogger(__name__)
_HOPELESS_AFTER = 5  # failures of services in a row: the rest would fare no better


class OwedOccurrencesError(ServiceUnavailableError):
    """Something is still owed because a service failed. What was delivered is recorded: running again does the rest."""


@dataclasses.dataclass(frozen=True, slots=True)
class Owing:
    """Which schedules owe something of a kind (`reports`, `digests`), and which of their periods are *settled*."""

    what: str
    concerns: Callable[[Schedule], bool]
    settled: Callable[[str, str], set[str]]  # tenant id, schedule's name → names of periods


def owed(
    profiles: Mapping[str, TenantProfile], owing: Owing, *, done: DoneOccurrences, now: dt.datetime
) -> Iterator[list[Occurrence]]:
    """What each schedule owes, oldest first; one whose newest is known to be done costs no request."""
    for tenant in profiles.values():
        for schedule in tenant.schedules:
            newest = newest_due(tenant, schedule, now=now) if owing.concerns(schedule) else None
            if newest is None or delivery_key(newest) in done:
                continue
            occurrences = outstanding(newest, settled=owing.settled(tenant.tenant_id, schedule.name))
            if occurrences:
                yield occurrences
            else:
                done.add(delivery_key(newest))


def delivery_key(occurrence: Occurrence) -> DeliveryKey:
    return DeliveryKey(occurrence.tenant.tenant_id, occurrence.schedule.name, occurrence.name)


def label(occurrence: Occurrence) -> str:
    return f"{occurrence.tenant.tenant_id} / {occurrence.schedule.name} / {occurrence.name}"


def as_of(services: Services, now: dt.datetime | None) -> Services:
    """The services with their clock set to *now*; running on, if it is None."""
    return services if now is None else dataclasses.replace(services, clock=lambda: now)


class Round:
    """One run over everything that is owed: one tenant's failure is noted and stops nobody else."""

    def __init__(self, owing: Owing, *, services: Services) -> None:
        self.failures: dict[str, str] = {}
        self.due = self.held = 0
        self._owing = owing
        self._services = services
        self._unserved: list[str] = []
        self._last_error: ServiceError | None = None
        self._failing_in_a_row = 0

    def go(self, profiles: Mapping[str, TenantProfile], deliver: Callable[[Occurrence], bool]) -> None:
        """Call *deliver* for everything owed; it returns whether the occurrence is done now.

        After one that is not, the later ones of its schedule wait for the next run. What is owed to tenants whose
        figures do not match their events waits too. Raise OwedOccurrencesError in the end, or as soon as services fail
        for everybody.
        """
        done = self._services.stores.done_occurrences(self._owing.what)
        held = functools.cache(lambda: self._services.stores.holds.held(profiles))  # asked when anything is owed
        try:
            for occurrences in owed(profiles, self._owing, done=done, now=self._services.clock()):
                if occurrences[0].tenant.tenant_id in held():
                    self._hold(occurrences)
                elif self._settle(occurrences, deliver):
                    done.add(delivery_key(occurrences[-1]))
                if self._failing_in_a_row >= _HOPELESS_AFTER:
                    break
        finally:
            every = ((tenant.tenant_id, schedule.name) for tenant in profiles.values() for schedule in tenant.schedules)
            done.save(every)
        if self._last_error is not None:
            raise OwedOccurrencesError(
                f"{len(self._unserved)} due {self._owing.what} could not be served, such as {self._unserved[0]}; "
                f"run it again. {self._last_error}"
            ) from self._last_error

    def _hold(self, occurrences: Collection[Occurrence]) -> None:
        self.due += len(occurrences)
        self.held += len(occurrences)
        for each in occurrences:
            log.warning("%s is held: the tenant's figures and events contradict each other", label(each))

    def _settle(self, occurrences: Collection[Occurrence], deliver: Callable[[Occurrence], bool]) -> bool:
        return all(self._attempt(occurrence, deliver) for occurrence in occurrences)

    def _attempt(self, occurrence: Occurrence, deliver: Callable[[Occurrence], bool]) -> bool:
        self.due += 1
        try:
            done = deliver(occurrence)
        except ServiceError as error:
            log.warning("%s: %s", label(occurrence), error)
            self._unserved.append(label(occurrence))
            self._last_error = error
            self._failing_in_a_row += 1
            return False
        except Exception as error:
            log.exception("%s failed", label(occurrence))
            self.failures[label(occurrence)] = f"{type(error).__name__}: {error}"
            return False
        self._failing_in_a_row = 0
        return done
