"""The JSON documents of digests by hand and of their deliveries."""

import dataclasses
import datetime as dt
from email.message import EmailMessage
from typing import Annotated, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.config import JsonDict

from signtally.api.documents import NextCursor
from signtally.api.periods import PeriodName
from signtally.domain.conditions import ConditionOutcome
from signtally.domain.corrections import correction_number
from signtally.domain.deliveries import DeliveryKey, MailDelivery
from signtally.domain.destinations import DestinationReference
from signtally.domain.given_names import name_key
from signtally.domain.mail_addresses import in_small_letters
from signtally.domain.outstanding import MOST_CAUGHT_UP
from signtally.domain.schedule_terms import MOST_DESTINATIONS, Recipient
from signtally.domain.schedules import shown_name
from signtally.render.email_picture import standing_alone
from signtally.use_cases.delivering import PassedOccurrence, SentByHand

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
WhyPassedOver = Literal["missed", "too_old", "empty", "not_needed", "suspended"]
_STATES = (
    "`sent`: the mail service took it. `deferred`: not taken yet, tried again for a day. `gave_up`: that day is over. "
    "`refused`: the address or the message is not accepted. `in_doubt`: it may have gone out. `bounced`, `complained`: "
    "what came back. `suppressed`, `unsubscribed`: not sent, see `GET /v1/suppressions`"
)


def _recipient(value: object) -> object:
    return {"email": value} if isinstance(value, str) else value


# Not a union of the two: an address that is none would be told to be no `Recipient` either, by names that nobody sent.
_ADDRESS_OR_RECIPIENT: JsonDict = {
    "anyOf": [{"type": "string", "maxLength": 254}, {"$ref": "#/components/schemas/Recipient"}]
}
_Addressee = Annotated[Recipient, BeforeValidator(_recipient), WithJsonSchema(_ADDRESS_OR_RECIPIENT)]


class DigestOrder(BaseModel):
    """Whom to send to, and what; by default all recipients and destinations, and the last whole period."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"recipients": ["ann@acme.example"]}]})

    recipients: Annotated[list[_Addressee] | None, Field(min_length=1, max_length=_MOST_RECIPIENTS)] = Field(
        default=None, description="Only to these addresses, again if they have got it; null: to the schedule's"
    )
    period: PeriodName = Field(default=None, description="A whole period that is over; null: the last one")
    destinations: Annotated[list[DestinationReference], Field(max_length=MOST_DESTINATIONS)] = Field(
        default=[],
        description="Only to these of the schedule's destinations, again if they have got it: `slack:board`, or "
        "`board` for every one of that name",
    )

    def canonical(self) -> "DigestOrder":
        """The same order in one form, whatever order, repetition or capitals it was written with."""
        named = {(in_small_letters(each.email), each.user_id or "") for each in self.named}
        recipients = [Recipient.model_construct(email=email, user_id=user or None) for email, user in sorted(named)]
        destinations = sorted({name_key(each) for each in self.destinations})
        return self.model_copy(update={"recipients": recipients or None, "destinations": destinations})

    @property
    def named(self) -> list[Recipient]:
        """Whom the order names; nobody: the schedule's recipients."""
        return [*(self.recipients or ())]


class ConditionDocument(BaseModel):
    """What becomes of a schedule's condition in a period."""

    holds: bool = Field(description="Whether the schedule would send it by itself")
    found: float | None = Field(
        description="What it is judged by: percent of the allowance, documents sent, points that the rate fell. Null "
        "where there is no such figure; then it does not hold"
    )
    detail: str


class DigestPreview(BaseModel):
    subject: str
    html: str
    text: str
    attachments: list[str] = Field(description="Names of attached files; those that are ready, and not too large")
    condition: ConditionDocument | None = Field(description="Null when the schedule has no condition")

    @classmethod
    def of(cls, message: EmailMessage, *, condition: ConditionOutcome | None) -> "DigestPreview":
        return cls(
            subject=str(message["Subject"]),
            html=standing_alone(message),
            text=_text(message),
            attachments=[part.get_filename() or "" for part in message.iter_attachments()],
            condition=ConditionDocument.model_validate(dataclasses.asdict(condition)) if condition else None,
        )


class DeliveryDocument(BaseModel):
    """One recipient's email of one period."""

    period: str
    recipient: str = Field(description="An address, or a destination as `slack:board`")
    correction: int = Field(description="0: the digest itself; from 1 on, the corrected ones that replace it")
    state: State = Field(description=_STATES)
    at: dt.datetime
    detail: str = Field(description="The mail service's id of it, or its objection")

    @classmethod
    def of(cls, delivery: MailDelivery, *, key: DeliveryKey) -> "DeliveryDocument":
        return cls(
            period=shown_name(key.period),
            recipient=delivery.email,
            correction=correction_number(key.period)[1],
            state=cast("State", str(delivery.state)),
            at=delivery.at,
            detail=delivery.detail,
        )


class PassedOverDocument(BaseModel):
    """A period for which nothing was made or sent; or a range of days with several of them."""

    period: str
    occurrences: int = Field(description="How many there are; more than 1 where the period is a range of days")
    why: WhyPassedOver = Field(
        description="`missed`: nobody ran when it was due. `too_old`: missed, and older than the "
        f"{MOST_CAUGHT_UP} newest ones, which `missed: all` catches up. `empty`: nothing happened, and the schedule "
        "skips that. `not_needed`: the schedule's condition did not hold. `suspended`: it fell due while the "
        "tenant was suspended, and is not sent afterwards"
    )
    at: dt.datetime

    @classmethod
    def of(cls, passed: PassedOccurrence) -> "PassedOverDocument":
        record = passed.record
        why = cast("WhyPassedOver", str(record.why))
        return cls(period=passed.period, occurrences=record.occurrences, why=why, at=record.at)


class DeliveryPage(BaseModel):
    rows: list[DeliveryDocument]
    passed_over: list[PassedOverDocument] = Field(
        description="The newest periods that were passed over, as many as `limit`; on the first page alone"
    )
    next_cursor: NextCursor


class SentDigest(BaseModel):
    """What was sent, and what has become of it so far."""

    period: str
    deliveries: list[DeliveryDocument] = Field(
        description="Also of those who had got it before, without those who are being sent to"
    )

    @classmethod
    def of(cls, sent: SentByHand) -> "SentDigest":
        period = shown_name(sent.key.period)
        rows = [DeliveryDocument.of(each, key=sent.key) for each in sent.deliveries if each.state != "claimed"]
        return cls(period=period, deliveries=rows)


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""
