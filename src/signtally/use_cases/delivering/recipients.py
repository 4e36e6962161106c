"""Sending a digest to everybody who gets it: a schedule's recipients, and then its destinations."""

import dataclasses
from collections.abc import Callable, Collection, Iterable
from functools import partial

from signtally.domain.destinations import Destination
from signtally.domain.mail_addresses import in_small_letters
from signtally.domain.schedule_terms import Recipient, distinct_recipients
from signtally.ports.errors import ServiceError
from signtally.services import Services
from signtally.use_cases.delivering.digest_messages import DigestMessages
from signtally.use_cases.delivering.mail_sending import MailSending, Message
from signtally.use_cases.delivering.withholding import Reason, Withheld


@dataclasses.dataclass(frozen=True, slots=True)
class Addressed:
    """A message for somebody, and how to find out why it is withheld from them; that raises a ServiceError."""

    name: str  # an address, or a destination's label
    message: Message
    why_withheld: Callable[[], Reason | None]
    user_id: str | None = None


def addressed(
    digest: DigestMessages,
    recipients: Iterable[Recipient],
    destinations: Iterable[Destination],
    *,
    services: Services,
) -> list[Addressed]:
    """All messages are rendered before any is claimed."""
    withheld = Withheld(digest.occurrence.tenant, services=services)
    mails = [
        Addressed(each.email, digest.to(each, services=services), partial(withheld.reason, each), each.user_id)
        for each in distinct_recipients(recipients)
    ]
    posts = [
        Addressed(each.label, digest.to_destination(each), partial(withheld.reason_at, each)) for each in destinations
    ]
    return [*mails, *posts]


def send_to_each(
    digest: DigestMessages,
    mails: MailSending,
    *,
    services: Services,
    only: Collection[str] | None = None,
) -> bool:
    """Whether each is dealt with. *only* narrows it to these addresses and labels, in small letters."""
    key, schedule, told = digest.key, digest.occurrence.schedule, digest.told(at=services.clock())
    dealt_with = []
    for each in addressed(digest, schedule.recipients, schedule.destinations, services=services):
        if only is not None and in_small_letters(each.name) not in only:
            continue
        try:
            reason = each.why_withheld()
        except ServiceError as error:  # nobody can say whether they may read it: the others get theirs
            mails.leave_unchecked(key, each.name, why=str(error))
            dealt_with.append(False)
            continue
        if reason is not None:
            mails.withhold(key, each.name, state=reason[0], detail=reason[1])
            dealt_with.append(True)
        else:
            dealt_with.append(mails.send(key, each.name, each.message, told=told))
    return all(dealt_with)
