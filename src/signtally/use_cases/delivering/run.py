"""One run over everything that tenants' schedules have due: it goes on after whatever fails."""

import dataclasses
import datetime as dt
import logging
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from signtally.domain.batches import batched
from signtally.domain.counted import counted
from signtally.domain.operator_events import delivery_failed, delivery_late, store_unavailable
from signtally.domain.outstanding import MOST_CAUGHT_UP, Outstanding, TooOld
from signtally.domain.redaction import without_secrets
from signtally.domain.schedules import Occurrence
from signtally.domain.tenants import TenantProfile
from signtally.errors import SigntallyError
from signtally.log_fields import log_fields
from signtally.measurements import DELIVERY_SECONDS, timed
from signtally.ports.errors import ServiceError
from signtally.services import Services
from signtally.stores.deliveries import DoneOccurrences, PassedOver
from signtally.use_cases.delivering.due import (
    DeliveryKind,
    DueSchedule,
    delivery_key,
    every_schedule,
    find_due,
    label,
    rotated,
)
from signtally.use_cases.delivering.readiness import Readiness
from signtally.use_cases.figures import read_ahead
from signtally.use_cases.pending_work import MOST_FAILURES_IN_A_ROW

_log = logging.getLogger(__name__)
_READ_AHEAD = 25  # schedules: more would save little, and hold more rows in memory


class DeliveriesFailedError(SigntallyError):
    """Something due was not delivered as it should; the ledger has all of it, and what may still be done is tried."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """*services* that have figures at hand, as they were at the instant *at*, and whether those are complete."""

    services: Services
    at: dt.datetime
    readiness: Readiness


Deliver = Callable[[Occurrence, Reading, bool], bool]  # the last: whether its figures are complete


def _reason_to_hold(tenant: TenantProfile, *, holds: set[str]) -> str:
    """Why a tenant's scheduled sends wait; empty when they do not.

    What is passed over, because the tenant is suspended, takes neither figures nor recipients.
    """
    if tenant.is_unreadable:
        return "the tenant's profile has no valid time zone"
    if tenant.is_suspended:
        return ""
    if tenant.hides_recipients:
        return "the tenant's profile does not say who may get reports: see `signtally tenants show`"
    return "the tenant's figures and events contradict each other" if tenant.tenant_id in holds else ""


class DeliveryRun:
    """Delivers everything of one kind that is due by *as_of* (now, if None): one tenant's failure stops nobody else.

    Of all tenants, or with *tenant_ids* of those alone: then what is done is for the caller to record. Afterwards
    *due* counts the occurrences it found, *held* those of tenants whose scheduled sends wait, *missed* those that it
    passed over as their schedules say, *suspended* those of suspended tenants; *passed_over* names those of both that
    stand on one record. By occurrence, *incomplete* says what it waits for, *overdue* the same of what has waited too
    long, *pending* which service failed, *failures* what else went wrong. *done* is what `DoneOccurrences` is to
    remember, *profiles* are all tenants', where it has read them.
    """

    def __init__(
        self,
        kind: DeliveryKind,
        *,
        services: Services,
        as_of: dt.datetime | None = None,
        tenant_ids: Sequence[str] | None = None,
    ) -> None:
        self.profiles: Mapping[str, TenantProfile] | None = None
        self.passed_over: dict[str, str] = {}
        self.incomplete: dict[str, str] = {}
        self.overdue: dict[str, str] = {}
        self.pending: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self.done: dict[str, str] = {}
        self.due = self.held = self.missed = self.suspended = 0
        self._tenant_ids = tenant_ids
        self._kind = kind
        self._services = services
        self._as_of = as_of
        self._ledger = services.stores.deliveries
        self._consecutive_failures = 0

    def run(self, deliver: Deliver) -> None:
        """Call *deliver* for every due occurrence; it returns whether the occurrence is done now.

        After one that is not, the later ones of its schedule wait for the next run. Those of a tenant on hold wait
        too, and those of a tenant whose time zone is not known. Ends early when services fail for everybody.
        """
        profiles, now = self._read_profiles(), self._as_of or self._services.clock()
        self.profiles = profiles if self._tenant_ids is None else None
        done = self._services.stores.done_occurrences(self._kind.name)
        order = rotated([*profiles.values()], now=self._services.clock())
        try:
            due = find_due(order, self._kind, stores=self._services.stores, done=done, now=now)
            for some in batched(due, _READ_AHEAD):
                self._deliver_some(some, deliver, done=done)
                if self._consecutive_failures >= MOST_FAILURES_IN_A_ROW:
                    break
        finally:
            self.done = done.added
            if self._tenant_ids is None:
                done.save(every_schedule(profiles.values()))

    def _read_profiles(self) -> Mapping[str, TenantProfile]:
        tenants = self._services.stores.tenants
        if self._tenant_ids is None:
            return tenants.all()
        return {tenant_id: tenants.get(tenant_id) for tenant_id in self._tenant_ids}

    def _deliver_some(self, some: Sequence[DueSchedule], deliver: Deliver, *, done: DoneOccurrences) -> None:
        """The occurrences of some schedules, whose figures are read ahead."""
        holds = self._services.stores.holds.held({due.newest.tenant.tenant_id for due in some})
        going = []
        for due in some:
            if due.is_first and not due.newest.tenant.is_unreadable and not self._attempt(due.newest, self._note_first):
                continue
            if why := _reason_to_hold(due.newest.tenant, holds=holds):
                self._hold(due.outstanding.due, why)
            else:
                going.append(due)
        reading = self._read_ahead([each for due in going for each in due.outstanding.due])
        for due in going:
            if self._deliver_in_order(due.outstanding, deliver, reading):
                done.add(delivery_key(due.newest), calendar=due.newest.calendar)
            if self._consecutive_failures >= MOST_FAILURES_IN_A_ROW:
                return

    def _read_ahead(self, occurrences: Sequence[Occurrence]) -> Reading:
        """Where that fails, each reads its own figures: what one tenant has harms no other."""
        at = self._as_of or self._services.clock()
        wanted = [(each.tenant, each.period) for each in occurrences]
        services = self._services
        try:
            services = read_ahead(wanted, services=services, at=at) if wanted else services
        except Exception:  # noqa: BLE001 -- logged; whatever it is, it comes again for the tenant that has it
            _log.warning("the figures of %s are read one by one", counted(len(wanted), "occurrence"), exc_info=True)
        # What was known before any row was read: as complete as the figures at hand are.
        return Reading(services, at, Readiness(services=services, as_of=at))

    def _hold(self, occurrences: Collection[Occurrence], why: str) -> None:
        self.due += len(occurrences)
        self.held += len(occurrences)
        for each in occurrences:
            _log.warning("%s is on hold: %s", label(each), why)

    def _note_first(self, occurrence: Occurrence) -> bool:
        """Before it is tried: if that fails until the next one is due, it is still known that this one was."""
        sends = occurrence.schedule.sends_digests
        is_report = self._kind.name == "reports"
        self._ledger.note_first(
            delivery_key(occurrence), now=self._services.clock(), is_report=is_report, is_digest=sends
        )
        return True

    def _deliver_in_order(self, outstanding: Outstanding, deliver: Deliver, reading: Reading) -> bool:
        return self._pass_over_all(outstanding) and all(
            self._attempt(occurrence, lambda due: self._deliver(due, deliver, reading))
            for occurrence in outstanding.due
        )

    def _pass_over_all(self, outstanding: Outstanding) -> bool:
        """The oldest first: where it breaks off, the next run finds the rest."""
        old = outstanding.too_old
        passed = old is None or self._attempt(old.days, lambda _: self._pass_over_old(old))
        return passed and all(self._attempt(occurrence, self._pass_over) for occurrence in outstanding.missed)

    def _pass_over_old(self, old: TooOld) -> bool:
        """On one record, however many they are."""
        days, why = old.days, _why_missed(old.days.tenant)
        catches_up = why is PassedOver.MISSED and days.schedule.missed == "all"
        reason = PassedOver.TOO_OLD if catches_up else why
        self._ledger.pass_over(delivery_key(days), now=self._services.clock(), why=reason, occurrences=old.count)
        bound = f", older than the {MOST_CAUGHT_UP} that are caught up" if catches_up else ""
        occurrences = counted(old.count, "occurrence")
        self.passed_over[label(days)] = f"{occurrences} from {days.period.first} to {days.period.last}{bound}"
        _log.warning("%s: passed over: %s", label(days), self.passed_over[label(days)])
        self._count(why, old.count)
        return True

    def _pass_over(self, occurrence: Occurrence) -> bool:
        why = _why_missed(occurrence.tenant)
        if why is PassedOver.MISSED:
            _log.warning("%s was missed, and is not caught up", label(occurrence))
        self._ledger.pass_over(delivery_key(occurrence), now=self._services.clock(), why=why)
        self._count(why, 1)
        return True

    def _count(self, why: PassedOver, occurrences: int) -> None:
        if why is PassedOver.SUSPENDED:
            self.suspended += occurrences
        else:
            self.missed += occurrences

    def _deliver(self, occurrence: Occurrence, deliver: Deliver, reading: Reading) -> bool:
        self.due += 1
        is_complete = self._is_complete(occurrence, reading)
        return is_complete is not None and deliver(occurrence, reading, is_complete)

    def _attempt(self, occurrence: Occurrence, step: Callable[[Occurrence], bool]) -> bool:
        with log_fields(tenant=occurrence.tenant.tenant_id):
            return self._tried(occurrence, step)

    def _tried(self, occurrence: Occurrence, step: Callable[[Occurrence], bool]) -> bool:
        try:
            with timed(DELIVERY_SECONDS, self._kind.name):
                done = step(occurrence)
        except ServiceError as error:
            _log.warning("%s: %s", label(occurrence), without_secrets(str(error)))
            self.pending[label(occurrence)] = str(error)
            self._services.tell(store_unavailable(f"sending {self._kind.name}", str(error)))
            self._consecutive_failures += 1
            return False
        except Exception as error:  # noqa: BLE001 -- logged; one tenant stops nobody else
            _log.error("%s failed\n%s", label(occurrence), without_secrets(traceback.format_exc()))
            self.failures[label(occurrence)] = why = f"{type(error).__name__}: {error}"
            self._services.tell(delivery_failed(self._kind.name, delivery_key(occurrence), why))
            return False
        self._consecutive_failures = 0
        return done

    def _is_complete(self, occurrence: Occurrence, reading: Reading) -> bool | None:
        """Whether its figures are complete; None while it waits for that."""
        unready = reading.readiness.unready(occurrence)
        if unready is None:
            return True
        if not unready.is_overdue:
            self.incomplete[label(occurrence)] = unready.reason
            self._ledger.note_waiting(delivery_key(occurrence), now=self._services.clock(), reason=unready.reason)
            return None
        _log.error("%s has waited too long: %s", label(occurrence), unready.reason)
        self.overdue[label(occurrence)] = unready.reason
        self._services.tell(delivery_late(self._kind.name, delivery_key(occurrence), unready.reason))
        if occurrence.schedule.goes_out_incomplete:
            return False
        self._ledger.note_waiting(delivery_key(occurrence), now=self._services.clock(), reason=unready.reason)
        return None


def _why_missed(tenant: TenantProfile) -> PassedOver:
    return PassedOver.SUSPENDED if tenant.is_suspended else PassedOver.MISSED


def require_all_well(name: str, troubles: Mapping[str, Mapping[str, str]]) -> None:
    """Raises DeliveriesFailedError when a run of this name has any trouble, by kind and by what it is about."""
    found = {kind: about for kind, about in troubles.items() if about}
    if found:
        counts = ", ".join(f"{len(about)} {kind.replace('_', ' ')}" for kind, about in found.items())
        first, why = next(iter(next(iter(found.values())).items()))
        raise DeliveriesFailedError(without_secrets(f"{name}: {counts}; such as {first}: {why}"))


def merged(kind: type, outcomes: Iterable[object]) -> dict[str, Any]:
    """The fields of several outcomes of one *kind* (a dataclass of counts and of dicts), added up."""
    each = [*outcomes]
    return {
        field.name: _added_up([getattr(outcome, field.name) for outcome in each], empty=field.type)
        for field in dataclasses.fields(kind)
    }


def _added_up(values: list[Any], *, empty: object) -> object:
    if empty is int or empty == "int":
        return sum(values)
    return {name: why for value in values for name, why in value.items()}
