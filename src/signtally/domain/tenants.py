"""A tenant's profile: its name, its calendar and time zone, its look, and the reports it has scheduled."""

import datetime as dt
import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from signtally.domain.ids import ID_LIMIT_CHARACTERS
from signtally.domain.periods import PeriodKind
from signtally.domain.zone_names import ZoneName

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LOGO = re.compile(r"data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=]+")
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+", re.ASCII)

ReportFormat = Literal["pdf", "xlsx", "csv", "zip", "json"]
LOCALE_LIMIT_CHARACTERS = 35  # the longest that any standard tag takes
ScheduleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")]


def _weekday(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= len(_WEEKDAYS):
        return _WEEKDAYS[value - 1]  # ISO 8601: Monday is 1
    return value.lower() if isinstance(value, str) else value


def _local_time(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text, re.ASCII):
        raise ValueError(f"{text!r} is no time of day; write 07:00")
    return text


def _logo(text: str) -> str:
    if not _LOGO.fullmatch(text):
        raise ValueError(
            "a logo is a data: URI of a PNG, JPEG or SVG in base64; it is never fetched, so an address is not one"
        )
    return text


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is no email address; write ann@acme.example")
    return text


TenantName = Annotated[str, Field(min_length=1, max_length=200)]
LocaleName = Annotated[str, Field(max_length=LOCALE_LIMIT_CHARACTERS)]
WeekStart = Annotated[
    Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], BeforeValidator(_weekday)
]
CsvSeparator = Literal["comma", "semicolon"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Branding(_Part):
    """A logo for the page and the PDF, stored as a small PNG (`logos`), and the colour of links and charts."""

    logo: Annotated[str, AfterValidator(_logo), Field(max_length=200_000)] | None = None
    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None


class Allowance(_Part):
    documents_per_month: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None


class Recipient(_Part):
    email: Annotated[str, AfterValidator(_address), Field(max_length=254)]
    user_id: Annotated[str, Field(min_length=1, max_length=ID_LIMIT_CHARACTERS)] | None = None


class ScheduleTerms(_Part):
    """When a report is made, in which formats, and who gets it by email."""

    every: Literal["day", "week", "month", "quarter"]
    at: Annotated[str, AfterValidator(_local_time)] = "07:00"
    formats: Annotated[tuple[ReportFormat, ...], Field(min_length=1)] = ("pdf",)
    recipients: tuple[Recipient, ...] = ()
    digest: bool = True
    missed: Literal["latest", "all", "skip"] = "latest"

    @property
    def kind(self) -> PeriodKind:
        return PeriodKind(self.every)

    @property
    def local_time(self) -> dt.time:
        return dt.time.fromisoformat(self.at)


class Schedule(ScheduleTerms):
    """A scheduled report: made on the day after each period ends, at a local time in the tenant's zone."""

    name: ScheduleName


def _distinct_names(schedules: tuple[Schedule, ...]) -> tuple[Schedule, ...]:
    if len({schedule.name for schedule in schedules}) < len(schedules):
        raise ValueError("two schedules have one name")
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
    schedules: Annotated[tuple[Schedule, ...], AfterValidator(_distinct_names)] = ()
    _is_unreadable: bool = PrivateAttr(default=False)

    @property
    def is_unreadable(self) -> bool:
        """Whether the stored profile has no valid time zone or cannot be read: scheduled sends wait, files say so."""
        return self._is_unreadable

    def as_unreadable(self) -> "TenantProfile":
        copy = self.model_copy()
        copy._is_unreadable = True  # noqa: SLF001 -- its own class
        return copy

    @property
    def display_name(self) -> str:
        return self.name or self.tenant_id

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def first_weekday(self) -> int:
        """The day on which weeks start; Monday is 0."""
        return _WEEKDAYS.index(self.week_starts_on)

    def today(self, now: dt.datetime) -> dt.date:
        return now.astimezone(self.zone).date()
