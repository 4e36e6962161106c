"""A tenant's profile as the API shows it, and what may be changed of it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from signtally.api.examples import PROFILE_CHANGE
from signtally.domain.invalid_values import invalid_value
from signtally.domain.locale_names import LanguageTag
from signtally.domain.profile_texts import TenantName
from signtally.domain.tenants import Allowance, Branding, CsvSeparator, TenantProfile, WeekStart
from signtally.domain.zone_names import ZoneName

_READ_ONLY = ("tenant_id", "allowance")


class ProfileDocument(BaseModel):
    """The profile as it applies: a field that was never set has its default."""

    tenant_id: str
    name: str | None
    timezone: str = Field(description="IANA; where the tenant's days begin and end")
    locale: str = Field(description="BCP 47; of reports, emails and figures. One that is not supported counts as `en`")
    week_starts_on: WeekStart
    branding: Branding
    csv: CsvSeparator | None = Field(
        description="Between the cells of CSV files; null: as Excel expects in the country"
    )
    allowance: Allowance = Field(description="Read-only")
    invalid: list[str] = Field(
        description="What is wrong with the profile as it is stored, a sentence a field; such a field has its default "
        "until it is set"
    )

    @classmethod
    def of(cls, profile: TenantProfile, *, invalid: tuple[str, ...] = ()) -> "ProfileDocument":
        shown = {name: getattr(profile, name) for name in cls.model_fields if name != "invalid"}
        return cls(**shown, invalid=list(invalid))


class Recount(BaseModel):
    """What a new time zone sets off."""

    from_timezone: str
    to_timezone: str
    days: Literal["all"] = "all"
    detail: str = Field(description="What is counted again, and what holds until then")

    @classmethod
    def between(cls, before: TenantProfile, after: TenantProfile) -> "Recount | None":
        """None when the zone stays."""
        if before.timezone == after.timezone:
            return None
        return cls(
            from_timezone=before.timezone,
            to_timezone=after.timezone,
            detail=f"Every day since the first event is counted again, from midnight to midnight in {after.timezone}. "
            "That begins within minutes; until it is finished, figures are provisional and say so. Reports that "
            "were made already stay as they are; ordered again, they get a new version. Schedules follow the new zone.",
        )


class ChangedProfile(ProfileDocument):
    recount: Recount | None = Field(description="Null unless the time zone has changed")


class ProfileChange(BaseModel):
    """What is to change: a field that is left out stays, null brings back the default."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [PROFILE_CHANGE]})

    name: TenantName | None = None
    timezone: ZoneName | None = Field(default=None, max_length=64, examples=["Europe/Berlin"])
    locale: LanguageTag | None = Field(default=None, examples=["de-CH"])
    week_starts_on: WeekStart | None = None
    branding: Branding | None = Field(default=None, description="`logo` and `accent`, each changed by itself")
    csv: CsvSeparator | None = None

    @model_validator(mode="before")
    @classmethod
    def _refuse_read_only(cls, fields: Any) -> Any:  # noqa: ANN401 -- whatever was sent
        for name in _READ_ONLY:
            if isinstance(fields, dict) and name in fields:
                raise invalid_value(
                    "read-only", f"{name} is read-only: leave it out; the operator of this service sets it", field=name
                )
        return fields

    @property
    def named(self) -> set[str]:
        """The fields that are set, one of an object by its path: `branding.logo`."""
        names = set(self.model_fields_set)
        if self.branding is not None:
            names = (names - {"branding"}) | {f"branding.{name}" for name in self.branding.model_fields_set}
        return names

    def applied_to(self, profile: TenantProfile) -> TenantProfile:
        fields = profile.model_dump(exclude_unset=True)
        changes = self.model_dump(exclude_unset=True)
        if self.branding is not None:
            changes["branding"] = _without_nulls(fields.get("branding", {}) | changes["branding"])
        return TenantProfile.model_validate(_without_nulls(fields | changes))


def _without_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
