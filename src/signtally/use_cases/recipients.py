"""Sending a digest to everybody who gets it: a schedule's recipients, and then its destinations."""

from collections.abc import Callable, Collection
from functools import partial

from signtally.ports.errors import ServiceError
from signtally.services import Services
from signtally.use_cases.digest_messages import DigestMessages, distinct
from signtally.use_cases.mail_sending import MailSending, Message
from signtally.use_cases.withholding import Reason, Withheld


def send_to_each(
    digest: DigestMessages,
    mails: MailSending,
    *,
    services: Services,
    only: Collection[str] | None = None,
) -> bool:
    """Whether each is dealt with; all messages are rendered before any is claimed.

    *only* narrows it to these addresses and labels, in small letters.
    """
    key, withheld = digest.key, Withheld(digest.occurrence.tenant, services=services)
    schedule = digest.occurrence.schedule
    messages: list[tuple[str, Message, Callable[[], Reason | None]]] = [
        (each.email, digest.to(each, services=services), partial(withheld.reason, each))
        for each in distinct(schedule.recipients)
    ]
    messages += [
        (each.label, digest.to_destination(each), partial(withheld.reason_at, each)) for each in schedule.destinations
    ]
    dealt_with = []
    for recipient, message, why_withheld in messages:
        if only is not None and recipient.casefold() not in only:
            continue
        try:
            reason = why_withheld()
        except ServiceError as error:  # nobody can say whether they may read it: the others get theirs
            mails.leave_unchecked(key, recipient, why=str(error))
            dealt_with.append(False)
            continue
        if reason is not None:
            mails.withhold(key, recipient, state=reason[0], detail=reason[1])
            dealt_with.append(True)
        else:
            is_complete = digest.context.is_complete
            dealt_with.append(mails.send(key, recipient, message, is_complete=is_complete))
    return all(dealt_with)
