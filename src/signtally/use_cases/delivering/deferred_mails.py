"""Trying deferred emails again, once their pause is over, while their recipients still want them."""

import dataclasses
from collections.abc import MutableMapping

from signtally.domain.corrections import correction_number
from signtally.domain.deliveries import DeliveryKey, MailDelivery, MailState
from signtally.domain.mail_addresses import in_small_letters
from signtally.domain.schedule_terms import Recipient, destination_labelled, schedule_named
from signtally.domain.schedules import Occurrence, delivered_period, occurrence_of, shown_name
from signtally.domain.tenants import TenantProfile
from signtally.errors import SigntallyError
from signtally.ports.errors import ServiceError
from signtally.services import Services
from signtally.stores.mail_deliveries import DeferredMail
from signtally.use_cases.delivering.digest_messages import DigestMessages, made_digest
from signtally.use_cases.delivering.due import rotated
from signtally.use_cases.delivering.mail_sending import MailSending, Message
from signtally.use_cases.delivering.readiness import Readiness
from signtally.use_cases.delivering.told_figures import told_by, told_to_each
from signtally.use_cases.delivering.withholding import Reason, Withheld, sends_wait
from signtally.use_cases.pending_work import PendingWork


def retry_deferred(mails: MailSending, *, services: Services, pending: MutableMapping[str, str]) -> None:
    """Try every email whose time has come; what a service fails for stays due, and is added to *pending*.

    Those of a tenant whose sends wait stay due too. Ends early when services fail for everybody.
    """
    now, work, retries = services.clock(), PendingWork(pending), _Retries(mails, services)
    for deferred in rotated([*services.stores.mail_deliveries.deferred_until(now)], now=now):
        if work.is_hopeless:
            return
        key = deferred.key
        with work.attempt(f"{key.tenant_id} / {key.schedule} / {shown_name(key.period)} / {deferred.email}"):
            retries.retry(deferred)


@dataclasses.dataclass(frozen=True, slots=True)
class _Tenant:
    profile: TenantProfile
    is_broken: bool
    waits: bool  # nothing scheduled goes out to it now


class _UncheckedError(SigntallyError):
    """Nobody can say now whether the recipient may read it."""


class _Retries:
    """Of one run: profiles are read, and digests made, once for all recipients."""

    def __init__(self, mails: MailSending, services: Services) -> None:
        self._mails = mails
        self._services = services
        self._tenants: dict[str, _Tenant] = {}
        self._digests: dict[tuple[str, str, str], DigestMessages | None] = {}

    def retry(self, deferred: DeferredMail) -> None:
        """Raises a ServiceError when services fail; the email is then still due."""
        key = deferred.key
        if key.tenant_id not in self._tenants:
            self._tenants[key.tenant_id] = self._read(key.tenant_id)
        tenant = self._tenants[key.tenant_id]
        if tenant.waits:
            return
        where = (key.tenant_id, key.schedule, key.period)
        if where not in self._digests:
            self._digests[where] = self._digest(deferred, tenant.profile)
        digest = self._digests[where]
        if digest is None:
            if not tenant.is_broken:  # else nobody knows before it is mended
                self._mails.give_up(deferred, (MailState.GAVE_UP, "the schedule is no more"))
            return
        digest = self._replacing(deferred, digest)
        try:
            found = self._message(deferred, digest)
        except _UncheckedError as error:  # of this tenant alone: the others go on
            self._mails.leave_unchecked(key, deferred.email, why=str(error))
            return
        if isinstance(found, tuple):
            self._mails.give_up(deferred, found)
        else:
            self._mails.retry(deferred, found, told=digest.told(at=self._services.clock()))

    def _read(self, tenant_id: str) -> _Tenant:
        profile, problems = self._services.stores.tenants.with_problems(tenant_id)
        return _Tenant(profile, bool(problems), waits=sends_wait(profile, services=self._services))

    def _message(self, deferred: DeferredMail, digest: DigestMessages) -> Message | Reason:
        """The message, or why nobody is to get one any more."""
        services, tenant, schedule = self._services, digest.occurrence.tenant, digest.occurrence.schedule
        if (schedule.paused or not schedule.digest) and self._by_hand(deferred) is None:
            return MailState.GAVE_UP, "the schedule is paused" if schedule.paused else "the schedule sends no digests"
        withheld = Withheld(tenant, services=services)
        if (destination := destination_labelled(deferred.email, schedule)) is not None:
            return withheld.reason_at(destination) or digest.to_destination(destination)
        recipients = {in_small_letters(each.email): each for each in schedule.recipients}
        recipient = recipients.get(in_small_letters(deferred.email)) or self._recipient_by_hand(deferred)
        if recipient is None:
            return MailState.GAVE_UP, "no recipient of the schedule any more"
        try:
            return withheld.reason(recipient) or digest.to(recipient, services=services)
        except ServiceError as error:
            raise _UncheckedError(str(error)) from error

    def _recipient_by_hand(self, deferred: DeferredMail) -> Recipient | None:
        """Who got it because somebody asked need not be in the schedule."""
        delivery = self._by_hand(deferred)
        if delivery is None or "@" not in deferred.email:
            return None
        return Recipient(email=deferred.email, user_id=delivery.user_id)

    def _by_hand(self, deferred: DeferredMail) -> MailDelivery | None:
        """Its entry, if somebody asked for it."""
        delivery = self._services.stores.mail_deliveries.get(deferred.key, deferred.email)
        return delivery if delivery is not None and delivery.by_hand else None

    def _digest(self, deferred: DeferredMail, tenant: TenantProfile) -> DigestMessages | None:
        """As it is now; None where nobody knows any more what it was."""
        services = self._services
        occurrence = _occurrence(deferred, tenant)
        if occurrence is None:
            return None
        is_complete = Readiness(services=services, as_of=services.clock()).unready(occurrence) is None
        digest = made_digest(occurrence, services=services, is_complete=is_complete)
        own, number = _own_key(deferred)
        told = told_by(own, number - 1, services=services) if number else None
        if told is None:
            return None if number else digest
        return digest.replacing(told, number=number)

    def _replacing(self, deferred: DeferredMail, digest: DigestMessages) -> DigestMessages:
        """A corrected one says what has changed since what its recipient read last."""
        own, number = _own_key(deferred)
        told_to = told_to_each(own, number - 1, services=self._services) if number else {}
        told = told_to.get(in_small_letters(deferred.email))
        return digest if told is None else digest.replacing(told, number=number)


def _own_key(deferred: DeferredMail) -> tuple[DeliveryKey, int]:
    """Of the digest itself, and the number of the corrected one; 0 for the digest."""
    name, number = correction_number(deferred.key.period)
    return dataclasses.replace(deferred.key, period=name), number


def _occurrence(deferred: DeferredMail, tenant: TenantProfile) -> Occurrence | None:
    schedule = schedule_named(deferred.key.schedule, tenant.schedules)
    period = delivered_period(deferred.key.period, week_starts_on=tenant.first_weekday)
    return None if schedule is None or period is None else occurrence_of(tenant, schedule, period)
