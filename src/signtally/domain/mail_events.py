"""What a mail service says later of an email that it took: it bounced, its reader complained, it is not there yet."""

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Iterable, Mapping
from typing import Any

from signtally.domain.deliveries import MailDelivery, MailState
from signtally.domain.mail_addresses import in_small_letters, spellings
from signtally.errors import SigntallyError

_PERMANENT = "Permanent"
_DETAIL_LIMIT_CHARACTERS = 300
_NO_COMPLAINT = "not-spam"  # the reader took the email out of the spam folder
_BY_THE_SERVICE = {"Suppressed", "OnAccountSuppressionList"}
# What SES also writes to a topic: that it may, and, of every email, that it was sent, arrived, was opened.
_GREETING = "Successfully validated SNS topic"
_OF_NO_INTEREST = {"AmazonSnsSubscriptionSucceeded", "Click", "Delivery", "Open", "Send", "Subscription"}


class MailEventKind(enum.StrEnum):
    BOUNCED = "bounced"  # for good: there is no such mailbox
    COMPLAINED = "complained"  # its owner called the email spam
    DELAYED = "delayed"  # for now, or for one of several: a full mailbox, a server that is away, a dead forwarding
    REFUSED = "refused"  # the mail service took it and will not send it after all


class BadMailEventError(SigntallyError, ValueError):
    """What lies on the queue of mail events is none; *reason* is a short code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True)
class MailEvent:
    """*message_id* is the one that the mail service gave when it took the email.

    *addresses* are those that it did not reach, as mail servers name them: behind a forwarding address, others.
    """

    kind: MailEventKind
    message_id: str
    at: dt.datetime  # aware, UTC
    detail: str  # in words: the mail server's reply, where there is one
    addresses: tuple[str, ...] = ()


def read_mail_event(body: str) -> MailEvent | None:
    """Read an event of SES, as it is or wrapped by SNS; None for one that changes nothing, such as a delivery.

    Raises BadMailEventError.
    """
    document = _object(body)
    if str(document.get("Type")) in {"Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        message = document.get("Message")
        if document["Type"] != "Notification" or (isinstance(message, str) and message.startswith(_GREETING)):
            return None
        document = _object(message)
    kind = str(document.get("eventType", document.get("notificationType")))
    if kind in _OF_NO_INTEREST:
        return None
    try:
        return _EVENTS[kind](document, document["mail"]["messageId"])
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        text = f"no event of SES that is known: {type(error).__name__}: {error}"
        raise BadMailEventError("not-a-mail-event", text) from None


def after_event(delivery: MailDelivery, event: MailEvent) -> MailDelivery:
    """What became of an email by *event*; again, or after a weightier one, or of an earlier email: nothing new.

    A complaint counts whichever of the emails to this recipient it is about: they want no more of them.
    """
    is_this_email = delivery.message_id == event.message_id or (
        not delivery.message_id and delivery.state in {MailState.CLAIMED, MailState.IN_DOUBT}  # its run died
    )
    is_complaint = event.kind is MailEventKind.COMPLAINED
    if delivery.state is MailState.COMPLAINED or not (is_this_email or is_complaint):
        return delivery
    if event.kind is MailEventKind.DELAYED:
        if delivery.state is MailState.BOUNCED:
            return delivery
        return dataclasses.replace(delivery, detail=event.detail, message_id=event.message_id)
    state = MailState(str(event.kind))
    if delivery.state is state:
        return delivery
    return dataclasses.replace(delivery, state=state, at=event.at, detail=event.detail, message_id=event.message_id)


def as_seen_from(event: MailEvent, email: str) -> MailEvent:
    """What *event* says of *email*: one that it forwards to has no mailbox, which says nothing of the others there."""
    is_elsewhere = event.addresses and not any(in_small_letters(each) in spellings(email) for each in event.addresses)
    if event.kind is not MailEventKind.BOUNCED or not is_elsewhere:
        return event
    detail = f"an address that it is forwarded to has no mailbox: {event.detail}"
    return dataclasses.replace(event, kind=MailEventKind.DELAYED, detail=detail[:_DETAIL_LIMIT_CHARACTERS])


def _object(text: object) -> Mapping[str, Any]:
    try:
        document = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError) as error:
        raise BadMailEventError("not-json", f"no JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadMailEventError("not-a-mail-event", "no JSON object")
    return document


def _bounce(document: Mapping[str, Any], message_id: str) -> MailEvent:
    bounce = document["bounce"]
    is_permanent = bounce["bounceType"] == _PERMANENT
    said = _said(_server_reply(each) for each in bounce["bouncedRecipients"])
    words = [said, bounce.get("bounceSubType")]
    if bounce.get("bounceSubType") in _BY_THE_SERVICE:
        words.append("the mail service keeps this address on a suppression list of its own: remove it there too")
    if not is_permanent:
        words.insert(0, "came back for now")
    kind = MailEventKind.BOUNCED if is_permanent else MailEventKind.DELAYED
    addresses = tuple(str(each.get("emailAddress", "")) for each in bounce["bouncedRecipients"])
    return dataclasses.replace(_event(kind, message_id, bounce["timestamp"], words), addresses=addresses)


def _complaint(document: Mapping[str, Any], message_id: str) -> MailEvent | None:
    complaint = document["complaint"]
    if complaint.get("complaintFeedbackType") == _NO_COMPLAINT:
        return None
    words = ["called spam by its reader", complaint.get("complaintFeedbackType"), complaint.get("complaintSubType")]
    return _event(MailEventKind.COMPLAINED, message_id, complaint["timestamp"], words)


def _delay(document: Mapping[str, Any], message_id: str) -> MailEvent:
    delay = document["deliveryDelay"]
    said = _said(_server_reply(each) for each in delay["delayedRecipients"])
    return _event(MailEventKind.DELAYED, message_id, delay["timestamp"], ["on its way", delay.get("delayType"), said])


def _rejection(document: Mapping[str, Any], message_id: str) -> MailEvent:
    words = ["the mail service took it and does not send it", document["reject"].get("reason")]
    return _event(MailEventKind.REFUSED, message_id, document["mail"]["timestamp"], words)


_EVENTS = {"Bounce": _bounce, "Complaint": _complaint, "DeliveryDelay": _delay, "Reject": _rejection}


def _event(kind: MailEventKind, message_id: object, at: str, words: Iterable[object]) -> MailEvent:
    if not isinstance(message_id, str) or not message_id:
        raise ValueError("mail.messageId is missing")
    text = ": ".join(str(each) for each in words if each)
    return MailEvent(kind, message_id, _instant(at), text[:_DETAIL_LIMIT_CHARACTERS])


def _instant(text: str) -> dt.datetime:
    instant = dt.datetime.fromisoformat(text)
    return instant.replace(tzinfo=instant.tzinfo or dt.UTC).astimezone(dt.UTC)


def _server_reply(recipient: Mapping[str, Any]) -> str:
    return str(recipient.get("diagnosticCode") or recipient.get("status") or "")


def _said(replies: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(reply for reply in replies if reply))
