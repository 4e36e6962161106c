"""What comes back by email: a mail server's delivery status notification (RFC 3464), a complaint (RFC 5965)."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime

from signtally.domain.mail_events import BadMailEventError, MailEvent, MailEventKind

_NO_SUCH_MAILBOX = re.compile(r"5\.(1\.\d+|0\.0|2\.1)")  # RFC 3463; other 5.x.x are about the message, or pass
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_FAILED, _DELAYED = "failed", "delayed"


def read_returned_mail(raw: bytes, *, now: dt.datetime) -> MailEvent | None:
    """The event that a returned email tells of; None for one that says that all is well, or only waits.

    Raises BadMailEventError when it is neither of the two, or does not say which email came back.
    """
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 -- as the policy says
    parts = {part.get_content_type(): part for part in message.walk()}
    at = _date_of(message) or now
    if "message/feedback-report" in parts:
        return _complaint(_fields(parts["message/feedback-report"]), _message_id(parts, envelope_id=""), at=at)
    if "message/delivery-status" not in parts:
        raise BadMailEventError("not-a-notification", "the email is no delivery status notification and no complaint")
    of_message, *recipients = _fields(parts["message/delivery-status"]) or [{}]
    message_id = _message_id(parts, envelope_id=of_message.get("original-envelope-id", ""))
    return next((event for each in recipients if (event := _event(each, message_id, at=at))), None)


def _event(recipient: dict[str, str], message_id: str, *, at: dt.datetime) -> MailEvent | None:
    action, status = recipient.get("action", "").lower(), recipient.get("status", "")
    reply = recipient.get("diagnostic-code") or status
    if action == _DELAYED or (action == _FAILED and not status.startswith("5")):
        words = "on its way" if action == _DELAYED else "came back for now"
        return MailEvent(MailEventKind.DELAYED, message_id, at, f"{words}: {reply}")
    if action != _FAILED:
        return None
    kind = MailEventKind.BOUNCED if _NO_SUCH_MAILBOX.match(status) else MailEventKind.REFUSED
    address = recipient.get("final-recipient", "").partition(";")[2].strip()
    return MailEvent(kind, message_id, at, reply, addresses=(address,) if "@" in address else ())


def _complaint(fields: list[dict[str, str]], message_id: str, *, at: dt.datetime) -> MailEvent | None:
    kind = (fields or [{}])[0].get("feedback-type", "")
    if kind == "not-spam":
        return None
    return MailEvent(MailEventKind.COMPLAINED, message_id, at, f"called spam by its reader: {kind}")


def _message_id(parts: Mapping[str, Message], *, envelope_id: str) -> str:
    """As we sent it: from the returned headers, else from the envelope."""
    for returned in _returned(parts):
        if found := str(returned.get("Message-ID", "")).strip():
            return found
    if envelope_id:
        return f"<{_XTEXT.sub(lambda match: chr(int(match[1], 16)), envelope_id)}>"
    raise BadMailEventError("no-message-id", "the email does not say which one came back")


def _returned(parts: Mapping[str, Message]) -> Iterator[Message]:
    if "message/rfc822" in parts:
        yield from parts["message/rfc822"].iter_parts()  # type: ignore[attr-defined] # of an EmailMessage
    if "text/rfc822-headers" in parts:
        body = parts["text/rfc822-headers"].get_payload(decode=True)
        yield message_from_bytes(body if isinstance(body, bytes) else b"", policy=policy.default)


def _fields(part: Message) -> list[dict[str, str]]:
    """The groups of fields, their names in small letters."""
    payload = part.get_payload()
    groups = [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []
    found = [{name.lower(): str(value).strip() for name, value in group.items()} for group in groups]
    if len(found) == 1 and not found[0]:  # Python reads a feedback report as a message with that text
        text = groups[0].get_payload()
        inner = message_from_bytes(str(text).encode(), policy=policy.default)
        found = [{name.lower(): str(value).strip() for name, value in inner.items()}]
    return [group for group in found if group]


def _date_of(message: EmailMessage) -> dt.datetime | None:
    try:
        date = parsedate_to_datetime(str(message["Date"]))
        return (date if date.tzinfo else date.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
