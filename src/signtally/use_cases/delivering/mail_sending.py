"""One recipient is one delivery: an email is claimed in the ledger, handed over, and its outcome recorded.

A run that finds an entry leaves that recipient alone, so neither overlapping nor repeated runs send twice. Two gaps
remain, and both end with one email too few rather than one too many: a run dies between claim and record, or a mail
service takes a message and never answers. Both are recorded as *in doubt*, for a person to look into.

What a mail service does not take yet is *deferred* and tried again for a day, then given up; what it refuses is
recorded, once. Neither keeps anybody else waiting. Only when the service itself takes nothing, or is silent over one
message after another, is the claim released, and the error raised.
"""

import dataclasses
import datetime as dt
import logging
from email.message import EmailMessage

from signtally.domain.corrections import Told
from signtally.domain.counted import counted
from signtally.domain.deliveries import NEEDS_A_PERSON, NOT_RECEIVED, DeliveryKey, MailDelivery, MailState
from signtally.domain.destinations import address_digest
from signtally.domain.operator_events import digest_refused
from signtally.domain.redaction import without_secrets
from signtally.domain.schedules import shown_name
from signtally.measurements import MAILS
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.ports.mail import MailDeferredError, MailRefusedError, MailSilentError, MailUncertainError
from signtally.ports.webhooks import DestinationGoneError, WebhookMessage
from signtally.services import Services
from signtally.stores.mail_deliveries import DeferredMail
from signtally.stores.sent_mails import SentMail
from signtally.stores.suppressions import Suppression, SuppressionReason
from signtally.use_cases.delivering.withholding import Reason
from signtally.use_cases.pending_work import MOST_FAILURES_IN_A_ROW

_log = logging.getLogger(__name__)
_RETRY_AFTER = tuple(dt.timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 240))  # then every four hours
_GIVE_UP_AFTER = dt.timedelta(days=1)
Message = EmailMessage | WebhookMessage
_ANY = tuple(state for state in MailState if state is not MailState.CLAIMED)


class MailSending:
    """Sends through the ledger; *outcomes* has, by state, what became of each recipient of this run and why.

    *unchecked* has those who wait, because nobody can say who is a member now.
    """

    def __init__(self, *, services: Services) -> None:
        self.outcomes: dict[MailState, dict[str, str]] = {state: {} for state in MailState}
        self.unchecked: dict[str, str] = {}
        self._services = services
        self._ledger = services.stores.mail_deliveries
        self._silent_in_a_row = 0

    @property
    def troubles(self) -> dict[str, dict[str, str]]:
        """The outcomes that a person must see."""
        return {str(state): self.outcomes[state] for state in NEEDS_A_PERSON}

    def send(self, key: DeliveryKey, email: str, message: Message, *, told: Told) -> bool:
        """Send to one recipient unless somebody has tried that; return False while another run is sending to them.

        *told* is what it says. Raises a ServiceError when the mail service, or the ledger, takes nothing.
        """
        now = self._services.clock()
        earlier = self._ledger.claim(key, email, now=now)
        if earlier is not None:
            return self._is_dealt_with(key, earlier)
        self._hand_over(key, _claimed(email, told, at=now), message, before=None)
        return True

    def send_by_hand(  # noqa: PLR0913 -- what the ledger keeps
        self,
        key: DeliveryKey,
        email: str,
        message: Message,
        *,
        again: bool,
        told: Told,
        user_id: str | None = None,
    ) -> None:
        """Send to one recipient because somebody asks for it: who may have got it gets it once more only with *again*.

        Whatever an earlier attempt was refused for may be mended since. *user_id* is asked after where it is deferred.
        Raises as `send` does.
        """
        now = self._services.clock()
        is_claimed, before = self._claim_by_hand(key, email, now=now, again=again)
        if is_claimed:
            claimed = dataclasses.replace(_claimed(email, told, at=now), by_hand=True, user_id=user_id)
            self._hand_over(key, claimed, message, before=before)

    def put_off(self, key: DeliveryKey, email: str, *, why: str, again: bool, user_id: str | None) -> None:
        """Defer what somebody asks for, unless it was sent: nobody can say whether its recipient may read it."""
        now = self._services.clock()
        is_claimed, _ = self._claim_by_hand(key, email, now=now, again=again)
        if is_claimed:
            claimed = MailDelivery(email, MailState.CLAIMED, now, by_hand=True, user_id=user_id)
            self._record(key, self._deferred(claimed, MailDeferredError(why)))

    def _claim_by_hand(
        self, key: DeliveryKey, email: str, *, now: dt.datetime, again: bool
    ) -> tuple[bool, MailDelivery | None]:
        """Whether it is ours to send, and what became of it before."""
        states = _ANY if again else NOT_RECEIVED
        before = self._ledger.claim_again(key, email, now=now, states=states, by_hand=True)
        if before is not None:
            return True, before
        earlier = self._ledger.claim(key, email, now=now, by_hand=True)
        if earlier is not None:
            self._is_dealt_with(key, earlier)
        return earlier is None, None

    def retry(self, deferred: DeferredMail, message: Message, *, told: Told) -> None:
        """Try a deferred email once more, unless that has been done. Raises as `send` does; it is then still due."""
        key, now = deferred.key, self._services.clock()
        before = self._ledger.claim_again(key, deferred.email, now=now, states=(MailState.DEFERRED,), by_hand=False)
        if before is not None:
            self._hand_over(key, before.claimed_again(told=told), message, before=before)
        elif not self._has_outcome(deferred):
            return
        self._ledger.forget_reminder(deferred)

    def withhold(self, key: DeliveryKey, email: str, *, state: MailState, detail: str, by_hand: bool = False) -> None:
        """Record that nothing is sent to a recipient, and why, unless something was recorded before."""
        now = self._services.clock()
        if self._ledger.claim(key, email, now=now, by_hand=by_hand) is None:
            self._record(key, MailDelivery(email, state, now, detail, by_hand=by_hand))

    def give_up(self, deferred: DeferredMail, reason: Reason) -> None:
        """A deferred email is not wanted any more; *reason* is the state that it comes to, and the detail."""
        state, detail = reason
        before = self._ledger.claim_again(
            deferred.key, deferred.email, now=self._services.clock(), states=(MailState.DEFERRED,), by_hand=False
        )
        if before is not None:
            self._record(
                deferred.key,
                MailDelivery(deferred.email, state, self._services.clock(), detail, before.attempts),
            )
        elif not self._has_outcome(deferred):
            return
        self._ledger.forget_reminder(deferred)

    def _hand_over(
        self, key: DeliveryKey, claimed: MailDelivery, message: Message, *, before: MailDelivery | None
    ) -> None:
        try:
            state, detail = MailState.SENT, self._hand_to_service(message)
        except MailRefusedError as error:
            state, detail = MailState.REFUSED, str(error)
            if isinstance(error, DestinationGoneError) and isinstance(message, WebhookMessage):
                detail = self._disable(key.tenant_id, claimed.email, url=message.url, said=detail)
        except MailDeferredError as error:
            self._record(key, self._deferred(claimed, error))
            return
        except MailUncertainError as error:
            state, detail = MailState.IN_DOUBT, str(error)
        except ServiceError:
            if before is None:
                self._ledger.release(key, claimed.email)
            else:
                self._ledger.record(key, before)
            raise
        message_id = detail if state is MailState.SENT and isinstance(message, EmailMessage) else ""
        if message_id:
            self._remember(message_id, SentMail(key, claimed.email))
        self._record(key, claimed.came_to(state, at=self._services.clock(), detail=detail, message_id=message_id))

    def _remember(self, message_id: str, sent: SentMail) -> None:
        """Before its outcome is recorded: it may bounce at once. The email has gone out, whatever happens here."""
        try:
            self._services.stores.sent_mails.remember(message_id, sent)
        except ServiceError as error:
            _log.warning(
                "a bounce of an email of %s could not be recognised: %s", sent.key, without_secrets(str(error))
            )

    def _hand_to_service(self, message: Message) -> str:
        if isinstance(message, WebhookMessage):
            return self._services.webhooks.post(message)
        if self._silent_in_a_row >= MOST_FAILURES_IN_A_ROW:  # each costs as long as it is waited for
            silent = self._silent_in_a_row
            raise ServiceUnavailableError(f"the mail service was silent over {silent} messages in a row; try again")
        try:
            taken = self._services.mailer.send(message)
        except (MailSilentError, MailUncertainError):
            self._silent_in_a_row += 1
            raise
        except (MailDeferredError, MailRefusedError):
            self._silent_in_a_row = 0
            raise
        self._silent_in_a_row = 0
        return taken

    def _disable(self, tenant_id: str, label: str, *, url: str, said: str) -> str:
        """Call a destination's address no more, and say so; a schedule that names another is not touched by that."""
        gone = Suppression(label, SuppressionReason.GONE, self._services.clock(), said, about=address_digest(url))
        self._services.stores.suppressions.add(tenant_id, gone)
        return f"{said}; nothing more is posted to this address until somebody allows it again"

    def _deferred(self, claimed: MailDelivery, error: MailDeferredError) -> MailDelivery:
        now, first = self._services.clock(), claimed.first_tried_at or claimed.at
        if now - first >= _GIVE_UP_AFTER:
            return claimed.came_to(
                MailState.GAVE_UP, at=now, detail=f"after {counted(claimed.attempts, 'attempt')}: {error}"
            )
        asked_for = min(error.retry_after or dt.timedelta(), _GIVE_UP_AFTER)
        pause = max(_RETRY_AFTER[min(claimed.attempts, len(_RETRY_AFTER)) - 1], asked_for)
        last_chance = max(first + _GIVE_UP_AFTER, now + max(_RETRY_AFTER[0], asked_for))
        return claimed.came_to(MailState.DEFERRED, at=now, detail=str(error), next_try_at=min(now + pause, last_chance))

    def _has_outcome(self, deferred: DeferredMail) -> bool:
        """Whether another attempt at a deferred email has an outcome; while it has none, the reminder is to stay.

        It has none when that attempt found the mail service down: the email is deferred to the same time as before.
        """
        entry = self._ledger.get(deferred.key, deferred.email)
        return entry is None or (not entry.is_due(self._services.clock()) and self._is_dealt_with(deferred.key, entry))

    def _is_dealt_with(self, key: DeliveryKey, earlier: MailDelivery) -> bool:
        """Whether an earlier attempt has an outcome; a claim that has lapsed is recorded as in doubt."""
        now = self._services.clock()
        if earlier.is_under_way(now):
            return False
        if earlier.state is MailState.CLAIMED:
            self._record(key, earlier.without_dead_claim(now))
        return True

    def leave_unchecked(self, key: DeliveryKey, email: str, *, why: str) -> None:
        """Nobody can say now whether a recipient is still a member: the next run asks again."""
        self.unchecked[_about(key, email)] = why

    def _record(self, key: DeliveryKey, delivery: MailDelivery) -> None:
        self._ledger.record(key, delivery)
        MAILS.labels(str(delivery.state)).inc()
        self.outcomes[delivery.state][_about(key, delivery.email)] = delivery.detail
        if delivery.state in NEEDS_A_PERSON:
            self._services.tell(digest_refused(key, delivery.state, delivery.detail))


def _claimed(email: str, told: Told, *, at: dt.datetime) -> MailDelivery:
    return MailDelivery(email, MailState.CLAIMED, at, told_complete=told.is_complete, told_totals=told.totals)


def _about(key: DeliveryKey, email: str) -> str:
    return f"{key.tenant_id} / {key.schedule} / {shown_name(key.period)} / {email}"
