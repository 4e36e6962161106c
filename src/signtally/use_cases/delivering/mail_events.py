"""What the mail service says later of emails: their deliveries say it too, and who cannot or will not read is spared.

A message is acknowledged when its delivery and, where need be, a suppression are recorded; a crash before leads to a
redelivery. One that comes again changes nothing, also where an administrator has lifted the suppression meanwhile.
"""

import dataclasses
import logging
import time
from collections import Counter
from collections.abc import Collection
from typing import Any

from signtally.domain.dead_letter_queues import QueueName
from signtally.domain.deliveries import MailDelivery
from signtally.domain.mail_events import (
    BadMailEventError,
    MailEvent,
    MailEventKind,
    after_event,
    as_seen_from,
    read_mail_event,
)
from signtally.domain.operator_events import BOUNCES_HIGH, FEWEST_SENT, bounces_high, dead_letters_grown
from signtally.domain.redaction import without_secrets
from signtally.domain.schedules import shown_name
from signtally.mail_event_queue import MailEventQueue
from signtally.ports.queue import QueuedMessage
from signtally.services import Services
from signtally.stores.mail_rates import MailCount
from signtally.stores.sent_mails import SentMail
from signtally.stores.suppressions import Suppression, SuppressionReason

_log = logging.getLogger(__name__)
_REASONS = {
    MailEventKind.BOUNCED: SuppressionReason.BOUNCED,
    MailEventKind.COMPLAINED: SuppressionReason.COMPLAINED,
}
_WAIT_SECONDS = 1  # an event that follows its email at once
# An event may come before its email's outcome is recorded, a few seconds at most, or its run has died.
_COME_AGAIN_SECONDS = 30
_MOST_RECEIVES = 40  # of an event whose email nobody knows: 20 minutes, longer than a sending lease


@dataclasses.dataclass(frozen=True, slots=True)
class MailEventsOutcome:
    """By delivery, what was said of it; *suppressed* are the addresses that get nothing more of a tenant."""

    received: int = 0
    bounced: dict[str, str] = dataclasses.field(default_factory=dict)
    complained: dict[str, str] = dataclasses.field(default_factory=dict)
    delayed: dict[str, str] = dataclasses.field(default_factory=dict)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    suppressed: dict[str, str] = dataclasses.field(default_factory=dict)
    ignored: int = 0  # deliveries, repetitions, and other events that change nothing
    waiting: int = 0  # for the record of their email: they come again
    dead_letters: dict[str, str] = dataclasses.field(default_factory=dict)  # by message id, why

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def handle_mail_events(*, services: Services, budget_seconds: float | None = None) -> MailEventsOutcome:
    """Drain the queue of mail events. Raises a ServiceError; what was not acknowledged comes again.

    Any number of runs may overlap. Without such a queue (the mail service is an SMTP server) there is nothing to do.
    """
    handler = _Handler(services)
    queue, began = services.mail_events, time.monotonic()
    while queue is not None and (budget_seconds is None or time.monotonic() - began < budget_seconds):
        messages = queue.receive(wait_seconds=_WAIT_SECONDS)
        if not messages:
            break
        for message in messages:
            handler.handle(message, queue=queue)
    outcome = handler.outcome()
    _tell_of_too_many(len(outcome.bounced) + len(outcome.complained), services=services)
    _tell_of_dead_letters(outcome.dead_letters.values(), services=services)
    return outcome


def _tell_of_too_many(returned: int, *, services: Services) -> None:
    if not returned:
        return
    count = services.stores.mail_rates.add(MailCount(returned=returned), now=services.clock())
    if count.sent >= FEWEST_SENT and count.share > BOUNCES_HIGH:
        services.tell(bounces_high(count.returned, count.sent))


def _tell_of_dead_letters(said: Collection[str], *, services: Services) -> None:
    if said:
        reasons = Counter(each.partition(":")[0] for each in said)
        queue = services.settings.mail_events_dead_letter_queue
        services.tell(dead_letters_grown(reasons, queue=queue, of=QueueName.MAIL_EVENTS))


def record_mail_event(event: MailEvent, *, services: Services) -> MailDelivery | None:
    """Record what one event says; None when no email of ours has that id. Raises a ServiceError."""
    sent = services.stores.sent_mails.find(event.message_id)
    return None if sent is None else _Handler(services).record(event, sent)


class _Handler:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._counts = {"received": 0, "ignored": 0, "waiting": 0}
        self._said: dict[MailEventKind, dict[str, str]] = {kind: {} for kind in MailEventKind}
        self._suppressed: dict[str, str] = {}
        self._dead_letters: dict[str, str] = {}

    def outcome(self) -> MailEventsOutcome:
        said = {str(kind): about for kind, about in self._said.items()}
        found: dict[str, Any] = {**self._counts, **said}
        return MailEventsOutcome(**found, suppressed=self._suppressed, dead_letters=self._dead_letters)

    def handle(self, message: QueuedMessage, *, queue: MailEventQueue) -> None:
        """Record one message and acknowledge it, let it come again, or move it to the dead letters."""
        self._counts["received"] += 1
        try:
            event = read_mail_event(message.body)
        except BadMailEventError as error:
            self._bury(message, reason=error.reason, detail=str(error), queue=queue)
            return
        if event is not None:
            sent = self._services.stores.sent_mails.find(event.message_id)
            if sent is None or self._is_under_way(sent):
                self._wait(message, event, queue=queue)
                return
            self.record(event, sent)
        else:
            self._counts["ignored"] += 1
        queue.acknowledge([message])

    def record(self, event: MailEvent, sent: SentMail) -> MailDelivery | None:
        """Suppress the address where need be, then change its delivery: in this order, for a crash between the two."""
        event = as_seen_from(event, sent.email)
        ledger, key = self._services.stores.mail_deliveries, sent.key
        before = ledger.get(key, sent.email)
        if before is None or after_event(before, event) == before:
            self._counts["ignored"] += 1
            return before
        if reason := _REASONS.get(event.kind):
            suppression = Suppression(sent.email, reason, event.at, event.detail)
            self._services.stores.suppressions.add(key.tenant_id, suppression)
            self._suppressed[f"{key.tenant_id} / {sent.email}"] = event.detail
        about = f"{key.tenant_id} / {key.schedule} / {shown_name(key.period)} / {sent.email}"
        _log.warning("%s %s: %s", without_secrets(about), event.kind, without_secrets(event.detail))
        self._said[event.kind][about] = event.detail
        return ledger.change(key, sent.email, lambda delivery: after_event(delivery, event))

    def _is_under_way(self, sent: SentMail) -> bool:
        """Whether a run has handed the email over and has not said so yet: its record would hide ours."""
        delivery = self._services.stores.mail_deliveries.get(sent.key, sent.email)
        return delivery is not None and delivery.is_under_way(self._services.clock())

    def _wait(self, message: QueuedMessage, event: MailEvent, *, queue: MailEventQueue) -> None:
        if message.receive_count >= _MOST_RECEIVES:
            detail = f"no email of ours has the id {event.message_id} ({event.kind}: {event.detail})"
            self._bury(message, reason="unknown-email", detail=detail, queue=queue)
            return
        self._counts["waiting"] += 1
        queue.release(message, delay_seconds=_COME_AGAIN_SECONDS)

    def _bury(self, message: QueuedMessage, *, reason: str, detail: str, queue: MailEventQueue) -> None:
        queue.bury(message, reason=reason, detail=detail)
        self._dead_letters[message.message_id] = f"{reason}: {detail}"
