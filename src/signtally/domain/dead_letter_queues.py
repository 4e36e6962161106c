"""The queues that have dead letters, and the codes that the dead letters of each may bear."""

import enum
from collections.abc import Mapping

from signtally.domain.dead_letters import WITHOUT_REASON, DeadLetterReason
from signtally.errors import SigntallyError


class QueueName(enum.StrEnum):
    """As operators name a queue; what it is called in AWS is a setting."""

    EVENTS = "events"
    MAIL_EVENTS = "mail-events"
    REPORT_ORDERS = "report-orders"


_WITHOUT_REASON = {
    WITHOUT_REASON: "SQS itself gave up after 100 receives, or the body leaves no room for a reason.",
}
_EXPLANATIONS: Mapping[QueueName, Mapping[str, str]] = {
    QueueName.EVENTS: {reason.value: reason.explanation for reason in DeadLetterReason} | _WITHOUT_REASON,
    QueueName.MAIL_EVENTS: {
        "not-json": "The body, or the message that SNS wrapped, is not JSON.",
        "not-a-mail-event": "It is no event of SES that is known, or a part of it is missing.",
        "unknown-email": "No email of ours has the id that it names: another program sends by the same SES identity.",
    }
    | _WITHOUT_REASON,
    QueueName.REPORT_ORDERS: {
        "not-an-order": "The body is no order for a report: something else was sent to this queue.",
        "gave-up": "It was received again and again and never made; whoever asked was told to ask again.",
    }
    | _WITHOUT_REASON,
}


class UnknownReasonError(SigntallyError, ValueError):
    """A code that no dead letter of a queue is known to have; the text lists those there are."""


def known_code(text: str, *, queue: QueueName = QueueName.EVENTS) -> str:
    """Return *text* if dead letters of this queue may bear that code. Raises UnknownReasonError."""
    codes = _EXPLANATIONS[queue]
    if text not in codes:
        of = "" if queue is QueueName.EVENTS else f" of {queue}"
        raise UnknownReasonError(f"{text!r} is no reason of a dead letter{of}: there are {', '.join(codes)}")
    return text


def explanation_of(code: str, *, queue: QueueName = QueueName.EVENTS) -> str:
    """One sentence for a person; empty for a code that we never gave."""
    return _EXPLANATIONS[queue].get(code, "")
