"""Digests by hand, through the same ledger as those that are due: preview, send now, send again."""

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterable
from email.message import EmailMessage

from signtally.domain.deliveries import DeliveryKey, MailDelivery
from signtally.domain.periods import FuturePeriodError, Period, end_of_day
from signtally.domain.schedules import Occurrence, newest_over, occurrence_of
from signtally.domain.tenants import Recipient, Schedule, TenantProfile
from signtally.services import Services
from signtally.use_cases.digest_messages import digest_at_once, distinct, made_digest
from signtally.use_cases.due_deliveries import delivery_key
from signtally.use_cases.mail_sending import MailSending, Withheld
from signtally.use_cases.ordering import request_report
from signtally.use_cases.readiness import Readiness
from signtally.use_cases.scheduling import scheduled_request


@dataclasses.dataclass(frozen=True, slots=True)
class SentByHand:
    """The occurrence that was sent, and what became of each recipient's email."""

    key: DeliveryKey
    deliveries: list[MailDelivery]


def occurrence_by_hand(
    tenant: TenantProfile, schedule: Schedule, *, period: Period | None, now: dt.datetime
) -> Occurrence:
    """The occurrence of *period*; of the last one that is over, if None. Raises FuturePeriodError."""
    chosen = period or newest_over(tenant, schedule, now=now)
    if end_of_day(chosen.last, tenant.zone) > now:
        raise FuturePeriodError(f"{chosen.name} is not over yet: a digest is of a whole period")
    return occurrence_of(tenant, schedule, chosen)


def preview(occurrence: Occurrence, *, services: Services, recipient: Recipient | None = None) -> EmailMessage:
    """The email as *recipient* would get it (the schedule's first, if None). Sends nothing and stores nothing.

    Raises what `read_report` raises.
    """
    reader = recipient or next(iter(occurrence.schedule.recipients), Recipient(email="recipient@example.com"))
    is_complete = _is_complete(occurrence, services=services)
    digest = digest_at_once(occurrence, services=services, is_complete=is_complete)
    return digest.preview(reader)


def send_now(  # noqa: PLR0913 -- one a choice of who asks
    occurrence: Occurrence,
    *,
    services: Services,
    requested_by: str,
    recipients: Collection[Recipient] = (),
    again: bool = False,
    makes_report: bool = False,
) -> SentByHand:
    """Email an occurrence to *recipients* (the schedule's, if there are none), whether or not it is due.

    Who has got it already gets it once more only with *again*. The report is ordered, not waited for; it is made in
    this process when it *makes_report*. Raises what that raises, before anything is sent; a ServiceError when the mail
    service takes nothing.
    """
    key, mails = delivery_key(occurrence), MailSending(services=services)
    is_complete = _is_complete(occurrence, services=services)
    if makes_report:
        digest = made_digest(occurrence, services=services, is_complete=is_complete)
    else:
        digest = digest_at_once(occurrence, services=services, is_complete=is_complete)
        request_report(scheduled_request(occurrence), requested_by=requested_by, services=services)
    messages = [
        (recipient.email, digest.to(recipient, services=services))
        for recipient in distinct(recipients or occurrence.schedule.recipients)
    ]
    return SentByHand(key, _send_each(occurrence, messages, mails=mails, again=again, services=services))


def _send_each(
    occurrence: Occurrence,
    messages: Iterable[tuple[str, EmailMessage]],
    *,
    mails: MailSending,
    again: bool,
    services: Services,
) -> list[MailDelivery]:
    """What has become of each address's email; who is withheld from is told so, whatever an earlier one came to."""
    key, withheld = delivery_key(occurrence), Withheld(occurrence.tenant, services=services)
    deliveries = []
    for email, message in messages:
        if reason := withheld.reason(email):
            mails.withhold(key, email, state=reason[0], detail=reason[1], by_hand=True)
            deliveries.append(MailDelivery(email, reason[0], services.clock(), reason[1], by_hand=True))
            continue
        if again:
            mails.send_again(key, email, message)
        else:
            mails.send(key, email, message, by_hand=True)
        if (delivery := services.stores.mail_deliveries.get(key, email)) is not None:
            deliveries.append(delivery)
    return deliveries


def _is_complete(occurrence: Occurrence, *, services: Services) -> bool:
    return Readiness(services=services, as_of=services.clock()).unready(occurrence) is None
