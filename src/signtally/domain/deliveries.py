"""What became of the emails of an occurrence: a state for each recipient."""

import dataclasses
import datetime as dt
import enum

from signtally.domain.actions import Counts
from signtally.domain.corrections import Told


class MailState(enum.StrEnum):
    """How far one recipient's email has come."""

    CLAIMED = "claimed"  # about to be sent; if it stays so, its run died and nobody knows whether it went out
    SENT = "sent"
    DEFERRED = "deferred"  # not taken yet: it is tried again
    GAVE_UP = "gave_up"  # deferred for too long, or its recipient has gone meanwhile
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"  # it may have gone out
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"  # not sent: the address bounced or complained before
    UNSUBSCRIBED = "unsubscribed"  # not sent: its owner wants no more

    @classmethod
    def _missing_(cls, value: object) -> "MailState | None":
        return cls.IN_DOUBT if value == "uncertain" else None  # as older ledgers call it


# A claim older than this belongs to a run that has died. Longer than a mail server may take to answer.
_SENDING_LEASE = dt.timedelta(minutes=15)
NEEDS_A_PERSON = (MailState.REFUSED, MailState.IN_DOUBT, MailState.GAVE_UP)  # a run that ends with one is not green
NOT_RECEIVED = (  # certainly
    MailState.DEFERRED,
    MailState.GAVE_UP,
    MailState.REFUSED,
    MailState.BOUNCED,
    MailState.SUPPRESSED,
    MailState.UNSUBSCRIBED,
)


@dataclasses.dataclass(frozen=True, slots=True)
class DeliveryKey:
    """One occurrence: *period* is `signtally.domain.schedules.Occurrence.key_name`."""

    tenant_id: str
    schedule: str
    period: str


@dataclasses.dataclass(frozen=True, slots=True)
class MailDelivery:
    """What became of one recipient's email; *detail* is the mail service's id for it, or what it or others object."""

    email: str  # of a destination, its label
    state: MailState
    at: dt.datetime
    detail: str = ""
    attempts: int = 1
    first_tried_at: dt.datetime | None = None  # None: at *at*
    next_try_at: dt.datetime | None = None  # of a deferred one
    by_hand: bool = False  # sent because somebody asked, not because it was due
    told_complete: bool | None = None  # whether its figures were; None in older ledgers
    told_totals: Counts | None = None  # what it says was done in its period; None in older ledgers
    message_id: str = ""  # the mail service's own, by which it says later what became of the email
    user_id: str | None = None  # of whom it was sent to by hand: asked after, should it be tried again

    def claimed_again(self, *, told: Told) -> "MailDelivery":
        """Its next attempt, which begins now and says what is to be *told*."""
        return dataclasses.replace(
            self,
            state=MailState.CLAIMED,
            at=told.at,
            detail="",
            attempts=self.attempts + 1,
            first_tried_at=self.first_tried_at or self.at,
            next_try_at=None,
            told_complete=told.is_complete,
            told_totals=told.totals,
            message_id="",
        )

    def came_to(
        self,
        state: MailState,
        *,
        at: dt.datetime,
        detail: str,
        next_try_at: dt.datetime | None = None,
        message_id: str = "",
    ) -> "MailDelivery":
        """What an attempt has come to at *at*."""
        return dataclasses.replace(
            self,
            state=state,
            at=at,
            detail=detail,
            first_tried_at=self.first_tried_at or self.at,
            next_try_at=next_try_at,
            message_id=message_id,
        )

    def is_under_way(self, now: dt.datetime) -> bool:
        """Whether somebody is sending it."""
        return self.state is MailState.CLAIMED and now - self.at < _SENDING_LEASE

    def is_due(self, now: dt.datetime) -> bool:
        """Whether it is deferred, and the time of its next attempt has come."""
        return self.state is MailState.DEFERRED and self.next_try_at is not None and self.next_try_at <= now

    def without_dead_claim(self, now: dt.datetime) -> "MailDelivery":
        """In doubt, where it was claimed by a run that has died; else as it is."""
        if self.state is not MailState.CLAIMED or self.is_under_way(now):
            return self
        detail = f"a run that began to send at {self.at.isoformat(timespec='seconds')} never said how it ended"
        return dataclasses.replace(self, state=MailState.IN_DOUBT, at=now, detail=detail)
