"""The JSON documents of digests by hand and of their deliveries."""

import datetime as dt
from email.message import EmailMessage
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from signtally.api.documents import NextCursor
from signtally.api.periods import PeriodName
from signtally.domain.deliveries import MailDelivery
from signtally.domain.schedules import shown_name
from signtally.domain.tenants import EmailAddress, Recipient
from signtally.use_cases.sending_by_hand import SentByHand

_MOST_RECIPIENTS = 50
State = Literal[
    "sent",
    "deferred",
    "refused",
    "bounced",
    "complained",
    "suppressed",
    "unsubscribed",
    "in_doubt",
    "gave_up",
]
_STATES = (
    "`sent`: the mail service took it. `deferred`: not taken yet, tried again for a day. `gave_up`: that day is over. "
    "`refused`: the address or the message is not accepted. `in_doubt`: it may have gone out. `bounced`, `complained`: "
    "what came back. `suppressed`, `unsubscribed`: not sent, see `GET /v1/suppressions`"
)


class DigestOrder(BaseModel):
    """Whom to send to, and what; by default all recipients, and the last whole period."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"recipients": ["ann@acme.example"]}]})

    recipients: Annotated[list[EmailAddress | Recipient] | None, Field(min_length=1, max_length=_MOST_RECIPIENTS)] = (
        Field(default=None, description="Only to these addresses, again if they have got it; null: to the schedule's")
    )
    period: PeriodName = Field(default=None, description="A whole period that is over; null: the last one")

    @property
    def named(self) -> list[Recipient]:
        """Whom the order names; nobody: the schedule's recipients."""
        return [each if isinstance(each, Recipient) else Recipient(email=each) for each in self.recipients or ()]


class DigestPreview(BaseModel):
    subject: str
    html: str
    text: str

    @classmethod
    def of(cls, message: EmailMessage) -> "DigestPreview":
        return cls(subject=str(message["Subject"]), html=_part(message, "html"), text=_part(message, "plain"))


class DeliveryDocument(BaseModel):
    """One recipient's email of one period."""

    period: str
    recipient: str
    state: State = Field(description=_STATES)
    at: dt.datetime
    detail: str = Field(description="The mail service's id of it, or its objection")

    @classmethod
    def of(cls, delivery: MailDelivery, *, period: str) -> "DeliveryDocument":
        state = cast("State", str(delivery.state))
        return cls(period=period, recipient=delivery.email, state=state, at=delivery.at, detail=delivery.detail)


class DeliveryPage(BaseModel):
    rows: list[DeliveryDocument]
    next_cursor: NextCursor


class SentDigest(BaseModel):
    """What was sent, and what has become of it so far."""

    period: str
    deliveries: list[DeliveryDocument] = Field(description="Also of those who had got it before")

    @classmethod
    def of(cls, sent: SentByHand) -> "SentDigest":
        period = shown_name(sent.key.period)
        rows = [DeliveryDocument.of(each, period=period) for each in sent.deliveries if each.state != "claimed"]
        return cls(period=period, deliveries=rows)


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return str(part.get_content()) if part is not None else ""
