"""Trying deferred emails again, once their pause is over, while their recipients still want them."""

import dataclasses
from collections.abc import MutableMapping

from signtally.domain.corrections import correction_number
from signtally.domain.schedules import Occurrence, delivered_period, occurrence_of, shown_name
from signtally.domain.tenants import Recipient, destination_labelled, schedule_named
from signtally.services import Services
from signtally.stores.mail_deliveries import DeferredMail
from signtally.use_cases.digest_messages import DigestMessages, made_digest
from signtally.use_cases.mail_sending import MailSending
from signtally.use_cases.pending_work import pending_if_it_fails
from signtally.use_cases.readiness import Readiness
from signtally.use_cases.told_figures import told_by
from signtally.use_cases.withholding import Withheld


def retry_deferred(mails: MailSending, *, services: Services, pending: MutableMapping[str, str]) -> None:
    """Try every email whose time has come; what a service fails for stays due, and is added to *pending*."""
    now = services.clock()
    digests: dict[tuple[str, str, str], DigestMessages | None] = {}
    for deferred in services.stores.mail_deliveries.deferred_until(now):
        key = deferred.key
        about = f"{key.tenant_id} / {key.schedule} / {shown_name(key.period)} / {deferred.email}"
        with pending_if_it_fails(about, pending):
            _retry(deferred, mails, services=services, digests=digests)


def _retry(
    deferred: DeferredMail,
    mails: MailSending,
    *,
    services: Services,
    digests: dict[tuple[str, str, str], DigestMessages | None],
) -> None:
    key = deferred.key
    where = (key.tenant_id, key.schedule, key.period)
    if where not in digests:
        digests[where] = _digest(deferred, services=services)
    digest = digests[where]
    if digest is None:
        mails.give_up(deferred, detail="the schedule is no more")
        return
    if (destination := destination_labelled(deferred.email, digest.occurrence.schedule)) is not None:
        if reason := Withheld(digest.occurrence.tenant, services=services).reason_at(destination):
            mails.give_up(deferred, detail=reason[1])
        else:
            mails.retry(deferred, digest.to_destination(destination))
        return
    delivery = services.stores.mail_deliveries.get(key, deferred.email)
    recipients = {each.email.casefold(): each for each in digest.occurrence.schedule.recipients}
    by_hand = delivery is not None and delivery.by_hand and "@" in deferred.email
    recipient = recipients.get(deferred.email.casefold()) or (Recipient(email=deferred.email) if by_hand else None)
    if recipient is None:
        mails.give_up(deferred, detail="no recipient of the schedule any more")
    elif reason := Withheld(digest.occurrence.tenant, services=services).reason(recipient):
        mails.give_up(deferred, detail=reason[1])
    else:
        mails.retry(deferred, digest.to(recipient, services=services))


def _digest(deferred: DeferredMail, *, services: Services) -> DigestMessages | None:
    """As it is now; a corrected one still says what has changed since the one that it replaces."""
    occurrence = _occurrence(deferred, services=services)
    if occurrence is None:
        return None
    is_complete = Readiness(services=services, as_of=services.clock()).unready(occurrence) is None
    digest = made_digest(occurrence, services=services, is_complete=is_complete)
    name, number = correction_number(deferred.key.period)
    if not number:
        return digest
    told = told_by(dataclasses.replace(deferred.key, period=name), number - 1, services=services)
    return None if told is None else digest.replacing(told, number=number)


def _occurrence(deferred: DeferredMail, *, services: Services) -> Occurrence | None:
    tenant = services.stores.tenants.get(deferred.key.tenant_id)
    schedule = schedule_named(deferred.key.schedule, tenant.schedules)
    period = delivered_period(deferred.key.period, week_starts_on=tenant.first_weekday)
    return None if schedule is None or period is None else occurrence_of(tenant, schedule, period)
