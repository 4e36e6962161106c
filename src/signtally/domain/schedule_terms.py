"""A scheduled report as a tenant's profile has it: how often, when, in which formats and language, and for whom."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from signtally.domain.address_fields import EmailAddress
from signtally.domain.conditions import Condition
from signtally.domain.destinations import Destination, check_labels
from signtally.domain.given_names import GivenName, name_key
from signtally.domain.invalid_values import invalid_value
from signtally.domain.locale_names import LanguageTag
from signtally.domain.mail_addresses import in_small_letters
from signtally.domain.periods import PeriodKind
from signtally.domain.profile_texts import UserId
from signtally.domain.reports import ReportFormat
from signtally.domain.sending_days import WEEKDAYS, Weekday, check_sending_day, is_sending_day

_TIME_OF_DAY = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_START_YEARS = range(2, 9_991)
MOST_DESTINATIONS = 10  # of a schedule


def _local_time(text: str) -> str:
    if not re.fullmatch(_TIME_OF_DAY, text):
        raise invalid_value("time", f"{text!r} is no time of day; write 07:00", time=text)
    return text


def _sending_day(value: object) -> object:
    """Weekdays in any letters, and `"15"` as 15. Raises ValueError for what is no day of any schedule."""
    day = value
    if isinstance(value, str):
        day = int(value) if value.isascii() and value.isdecimal() else value.lower()
    if day is None or is_sending_day(day):
        return day
    raise invalid_value("not-a-choice", f"write {', '.join(WEEKDAYS)}, first, last or a day of the month (1 to 31)")


def _start(instant: dt.datetime) -> dt.datetime:
    """Its first period, in any zone, must be in the calendar."""
    if instant.year not in _START_YEARS:
        raise invalid_value("malformed", f"it lies too far off: write one of the years up to {_START_YEARS[-1]}")
    return instant


def _once_each(formats: tuple[ReportFormat, ...]) -> tuple[ReportFormat, ...]:
    return tuple(dict.fromkeys(formats))


def _distinct_labels(destinations: tuple[Destination, ...]) -> tuple[Destination, ...]:
    check_labels(destinations)
    return destinations


StartInstant = Annotated[AwareDatetime, AfterValidator(_start)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Recipient(_Part):
    email: EmailAddress
    user_id: UserId | None = None


def distinct_recipients(recipients: Iterable[Recipient]) -> tuple[Recipient, ...]:
    """Each address once, whatever its capitals; of several the last, and of which user it is if any of them says so."""
    found: dict[str, Recipient] = {}
    for recipient in recipients:
        address = in_small_letters(recipient.email)
        named = found.get(address)
        is_of_one = named is not None and recipient.user_id is None
        found[address] = recipient.model_copy(update={"user_id": named.user_id}) if named and is_of_one else recipient
    return tuple(found.values())


class ScheduleTiming(_Part):
    """How often a report is made, on which day and at what time."""

    every: Literal["day", "week", "month", "quarter", "year"]
    on: Annotated[
        Weekday | Literal["first", "last"] | Annotated[int, Field(ge=1, le=31, strict=True)] | None,
        BeforeValidator(_sending_day),
    ] = Field(
        default=None,
        description="On which day it is sent: a weekday for weeks; `first`, `last` or a day of the month for months, "
        "quarters and years (29 to 31 are the last day where there is none). Null: on the day after the period ended",
    )
    at: Annotated[str, AfterValidator(_local_time)] = Field(
        default="07:00", description="Local time, such as `07:00`", json_schema_extra={"pattern": _TIME_OF_DAY}
    )

    @model_validator(mode="after")
    def _can_be_sent_on_that_day(self) -> Self:
        check_sending_day(self.kind, self.on)
        return self

    @property
    def kind(self) -> PeriodKind:
        return PeriodKind(self.every)

    @property
    def local_time(self) -> dt.time:
        return dt.time.fromisoformat(self.at)


class ScheduleTerms(ScheduleTiming):
    """When a report is made, in which formats, and who gets it by email."""

    formats: Annotated[tuple[ReportFormat, ...], Field(min_length=1), AfterValidator(_once_each)] = ("pdf",)
    locale: LanguageTag | None = Field(
        default=None, description="BCP 47: the language of its emails and files; null: the tenant's"
    )
    recipients: Annotated[tuple[Recipient, ...], AfterValidator(distinct_recipients)] = Field(
        default=(), description="Each address once: those that differ in capitals alone are one, the one given last"
    )
    digest: bool = True
    attach: bool = Field(
        default=False,
        description="Attach the files to its emails, as far as they stay below 5 MB together; a larger one is linked, "
        "as all are without this",
    )
    paused: bool = Field(default=False, description="Nothing is made or sent; what falls due meanwhile is left out")
    skip_if_empty: bool = Field(default=False, description="Nothing is made or sent for a period without any activity")
    condition: Condition | None = Field(
        default=None,
        description="Made and sent only for a period in which it holds, judged once, as soon as figures are complete: "
        "what changes later sends nothing; null: for each",
    )
    missed: Literal["latest", "all", "skip"] = Field(
        default="latest",
        description="What is still sent after an outage: the latest period, all of them (the newest 31 at most), or "
        "nothing over an hour late. What is not sent stands in `passed_over` of the deliveries; what falls due while "
        "the tenant is suspended does too, and is never sent",
    )
    incomplete: Literal["wait", "send"] = Field(
        default="wait",
        description="When a period's figures are not complete six hours after it was due: wait on, or send it marked "
        "as incomplete. With `skip_if_empty` or a condition it always waits: both are judged by complete figures",
    )
    correct_from_percent: Annotated[int, Field(ge=0, le=100, strict=True)] | None = Field(
        default=None,
        description="Send a corrected one when a figure of a period that was sent has changed by at least so many "
        "percent; null: never. One that was sent as incomplete is always followed by a corrected one",
    )
    starts_at: StartInstant | None = Field(
        default=None,
        description="What was due before this instant is not sent. A new schedule starts when it is made, thus with "
        "its next period, unless you send an earlier instant",
    )

    @property
    def goes_out_incomplete(self) -> bool:
        """Whether it is sent with figures that are not complete; what may be passed over is judged by complete ones."""
        return self.incomplete == "send" and not self.skip_if_empty and self.condition is None


class Schedule(ScheduleTerms):
    """A scheduled report: made once each period is over, at a local time in the tenant's zone."""

    name: GivenName
    destinations: Annotated[
        tuple[Destination, ...], Field(max_length=MOST_DESTINATIONS), AfterValidator(_distinct_labels)
    ] = ()

    @property
    def sends_digests(self) -> bool:
        return self.digest and bool(self.recipients or self.destinations)


def schedule_named(name: str, schedules: Iterable[Schedule]) -> Schedule | None:
    """The schedule of this name; names that differ in capitals alone, or not to the eye, are one name."""
    return next((each for each in schedules if name_key(each.name) == name_key(name)), None)


def destination_labelled(label: str, schedule: Schedule) -> Destination | None:
    """The schedule's destination with this `Destination.label`."""
    return next((each for each in schedule.destinations if name_key(each.label) == name_key(label)), None)
