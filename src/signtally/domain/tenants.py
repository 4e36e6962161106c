"""A tenant's profile: its name, its calendar and time zone, its look, and the reports it has scheduled."""

import datetime as dt
import re
from collections.abc import Collection, Iterable
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

from signtally.domain.conditions import Condition
from signtally.domain.destinations import Destination, check_labels
from signtally.domain.given_names import GivenName, name_key
from signtally.domain.ids import ID_LIMIT_CHARACTERS
from signtally.domain.invalid_values import invalid_value
from signtally.domain.locale_names import LanguageTag, LocaleName
from signtally.domain.mail_addresses import ascii_domain, valid_address
from signtally.domain.periods import PeriodKind
from signtally.domain.profile_texts import TenantName, UserId
from signtally.domain.sending_days import WEEKDAYS, Weekday, check_sending_day, is_sending_day
from signtally.domain.zone_names import ZoneName

ALREADY_CHECKED = {"already_checked": True}  # context of a validation: addresses passed it before
_TIME_OF_DAY = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_START_YEARS = range(2, 9_991)
_LOGO = re.compile(r"data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=]+")

_IN_NO_FILE = ("schedules", "recipient_domains", "members", "status")
_LOOKS = ("branding", "csv")  # what shows in some files alone
ReportFormat = Literal["pdf", "xlsx", "csv", "zip", "json"]
MOST_DESTINATIONS = 10  # of a schedule


def _weekday(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= len(WEEKDAYS):
        return WEEKDAYS[value - 1]  # ISO 8601: Monday is 1
    return value.lower() if isinstance(value, str) else value


def _number(value: object) -> object:
    """To Python, true is 1."""
    if isinstance(value, bool):
        raise invalid_value("malformed", "write a whole number")
    return value


def _local_time(text: str) -> str:
    if not re.fullmatch(_TIME_OF_DAY, text):
        raise invalid_value("time", f"{text!r} is no time of day; write 07:00", time=text)
    return text


def _logo(text: str) -> str:
    if not _LOGO.fullmatch(text):
        raise invalid_value(
            "logo",
            "a logo is a data: URI of a PNG, JPEG or SVG in base64; it is never fetched, so an address is not one",
        )
    return text


def _address(text: str, info: ValidationInfo) -> str:
    """43,000 profiles are read at a time, from a catalogue of valid ones: there the check would cost seconds."""
    return text if info.context == ALREADY_CHECKED else valid_address(text)


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


def _mail_domain(text: str, info: ValidationInfo) -> str:
    return text if info.context == ALREADY_CHECKED else ascii_domain(text)


EmailAddress = Annotated[str, Field(max_length=254), AfterValidator(_address)]
MailDomain = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_mail_domain)]
WeekStart = Annotated[Weekday, BeforeValidator(_weekday)]
StartInstant = Annotated[AwareDatetime, AfterValidator(_start)]
CsvSeparator = Literal["comma", "semicolon"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Branding(_Part):
    """A logo for the page and the PDF, stored as a small PNG (`logos`), and the colour of links and charts."""

    logo: Annotated[str, AfterValidator(_logo), Field(max_length=200_000)] | None = None
    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None


class Allowance(_Part):
    documents_per_month: Annotated[int, Field(ge=0, le=1_000_000_000), BeforeValidator(_number)] | None = None


class Recipient(_Part):
    email: EmailAddress
    user_id: UserId | None = None


class Member(_Part):
    """A user of the tenant, as its portal knows them."""

    user_id: UserId
    role: Literal["tenant_admin", "member"] = "member"


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
    recipients: tuple[Recipient, ...] = ()
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
        description="Made and sent only for a period in which it holds, by complete figures; null: for each",
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


def _distinct_names(schedules: tuple[Schedule, ...]) -> tuple[Schedule, ...]:
    if len({name_key(schedule.name) for schedule in schedules}) < len(schedules):
        raise ValueError("two schedules have one name (names that differ in capitals alone are one)")
    return schedules


class TenantProfile(_Part):
    """What is known about a tenant. Only the id is required: an unknown tenant is `TenantProfile(tenant_id=…)`."""

    tenant_id: Annotated[str, Field(min_length=1, max_length=ID_LIMIT_CHARACTERS)]
    name: TenantName | None = None
    timezone: ZoneName = "UTC"
    locale: LocaleName = "en"  # one that is not supported falls back to `en` where it is used
    week_starts_on: WeekStart = "monday"
    branding: Branding = Branding()
    allowance: Allowance = Allowance()
    csv: CsvSeparator | None = None  # between cells; None: as Excel expects it in the locale's country
    status: Literal["active", "suspended"] = "active"  # suspended: it gets no figures, no reports and no emails
    members: tuple[Member, ...] | None = None  # who they are now; None: as SIGNTALLY_MEMBERS_URL says, if anything does
    recipient_domains: tuple[MailDomain, ...] = ()  # of recipients; empty: those of SIGNTALLY_RECIPIENT_DOMAINS
    schedules: Annotated[tuple[Schedule, ...], AfterValidator(_distinct_names)] = ()
    _is_unreadable: bool = PrivateAttr(default=False)
    _hides_recipients: bool = PrivateAttr(default=False)

    @property
    def is_unreadable(self) -> bool:
        """Whether the stored profile has no valid time zone or cannot be read: scheduled sends wait, files say so."""
        return self._is_unreadable

    @property
    def hides_recipients(self) -> bool:
        """Whether the stored profile does not say who may get reports: scheduled sends wait."""
        return self._hides_recipients

    @property
    def is_too_broken_to_send(self) -> bool:
        """Whether scheduled sends wait until the stored profile is mended."""
        return self._is_unreadable or self._hides_recipients

    @property
    def is_suspended(self) -> bool:
        return self.status == "suspended"

    def as_unreadable(self) -> "TenantProfile":
        copy = self.model_copy()
        copy._is_unreadable = True  # noqa: SLF001 -- its own class
        return copy

    def as_hiding_recipients(self) -> "TenantProfile":
        copy = self.model_copy()
        copy._hides_recipients = True  # noqa: SLF001 -- its own class
        return copy

    def in_language(self, locale: str | None) -> "TenantProfile":
        """The same tenant read in another language; None: in its own."""
        return self if locale is None else self.model_copy(update={"locale": locale})

    @property
    def shown(self) -> tuple[dict[str, object], str]:
        """What of the profile shows in every file of a report."""
        fields = self.model_dump(mode="json", exclude={*_IN_NO_FILE, *_LOOKS})
        return fields, "unreadable profile" if self.is_unreadable else ""

    def look_of(self, formats: Collection[str]) -> list[str | None]:
        """What of it shows in files of some of these formats, beside what shows in every file."""
        looks = (
            ({"pdf", "json"}, self.branding.logo),
            ({"pdf", "xlsx", "json"}, self.branding.accent),
            ({"csv", "zip"}, self.csv),
        )
        return [look if where & {*formats} else None for where, look in looks]

    @property
    def display_name(self) -> str:
        return self.name or self.tenant_id

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def first_weekday(self) -> int:
        """The day on which weeks start; Monday is 0."""
        return WEEKDAYS.index(self.week_starts_on)

    def today(self, now: dt.datetime) -> dt.date:
        return now.astimezone(self.zone).date()
