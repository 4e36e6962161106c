"""Sending a digest to everybody who gets it: a schedule's recipients, and then its destinations."""

from collections.abc import Collection

from signtally.services import Services
from signtally.use_cases.digest_messages import DigestMessages, distinct
from signtally.use_cases.mail_sending import MailSending, Message, Reason, Withheld


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
    messages: list[tuple[str, Message, Reason | None]] = [
        (each.email, digest.to(each, services=services), withheld.reason(each.email))
        for each in distinct(schedule.recipients)
    ]
    messages += [(each.label, digest.to_destination(each), withheld.reason_at(each)) for each in schedule.destinations]
    dealt_with = []
    for recipient, message, reason in messages:
        if only is not None and recipient.casefold() not in only:
            continue
        if reason is not None:
            mails.withhold(key, recipient, state=reason[0], detail=reason[1])
            dealt_with.append(True)
        else:
            dealt_with.append(mails.send(key, recipient, message))
    return all(dealt_with)
