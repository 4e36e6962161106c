"""A tenant's profile: its name, its calendar and time zone, its look, and the reports it has scheduled."""

import datetime as dt
import re
from collections.abc import Collection
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from signtally.domain.address_fields import MailDomain
from signtally.domain.given_names import name_key
from signtally.domain.ids import ID_LIMIT_CHARACTERS
from signtally.domain.invalid_values import invalid_value
from signtally.domain.locale_names import LocaleName
from signtally.domain.profile_texts import TenantName, UserId
from signtally.domain.schedule_terms import Schedule
from signtally.domain.sending_days import WEEKDAYS, Weekday
from signtally.domain.zone_names import ZoneName

_LOGO = re.compile(r"data:image/(png|jpeg|svg\+xml);base64,[A-Za-z0-9+/=]+")

_IN_NO_FILE = ("schedules", "recipient_domains", "members", "status")
_LOOKS = ("branding", "csv")  # what shows in some files alone


def _weekday(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= len(WEEKDAYS):
        return WEEKDAYS[value - 1]  # ISO 8601: Monday is 1
    return value.lower() if isinstance(value, str) else value


def _number(value: object) -> object:
    """To Python, true is 1."""
    if isinstance(value, bool):
        raise invalid_value("malformed", "write a whole number")
    return value


def _logo(text: str) -> str:
    if not _LOGO.fullmatch(text):
        raise invalid_value(
            "logo",
            "a logo is a data: URI of a PNG, JPEG or SVG in base64; it is never fetched, so an address is not one",
        )
    return text


WeekStart = Annotated[Weekday, BeforeValidator(_weekday)]
CsvSeparator = Literal["comma", "semicolon"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Branding(_Part):
    """A logo for the page and the PDF, stored as a small PNG (`logos`), and the colour of links and charts."""

    logo: Annotated[str, AfterValidator(_logo), Field(max_length=200_000)] | None = None
    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None


class Allowance(_Part):
    documents_per_month: Annotated[int, Field(ge=0, le=1_000_000_000), BeforeValidator(_number)] | None = None


class Member(_Part):
    """A user of the tenant, as its portal knows them."""

    user_id: UserId
    role: Literal["tenant_admin", "member"] = "member"


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
