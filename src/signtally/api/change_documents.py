"""The JSON documents of what changed between two versions of a report."""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from signtally.domain.report_changes import DayChange, MeasureChange, UserChange, VersionChanges
from signtally.domain.reports import ReportManifest
from signtally.use_cases.reporting import VersionDiff

Version = Annotated[int, Field(ge=1, le=10**9)]


class _Document(BaseModel):
    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class MeasureChangeDocument(_Document):
    """One measure that is not what it was."""

    measure: Literal["sent", "received", "viewed", "signed", "completed", "declined", "cancelled", "expired"]
    before: int
    after: int

    @classmethod
    def all(cls, changes: Iterable[MeasureChange]) -> list["MeasureChangeDocument"]:
        return [cls.model_validate(change, from_attributes=True) for change in changes]


class DayChangeDocument(_Document):
    day: dt.date
    measures: list[MeasureChangeDocument]
    reasons: list[Literal["not-over", "late-events", "import", "time-zone", "repeated-id", "recount"]] = Field(
        description="Why, in order of time; empty when that is not on record. `not-over`: the day still ran when the "
        "earlier version was made"
    )

    @classmethod
    def of(cls, change: DayChange, *, reasons: Iterable[str]) -> "DayChangeDocument":
        measures = [measure.model_dump() for measure in MeasureChangeDocument.all(change.measures)]
        return cls.model_validate({"day": change.day, "measures": measures, "reasons": list(reasons)})


class UserChangeDocument(_Document):
    user_id: str
    user_name: str | None
    user_email: str | None
    measures: list[MeasureChangeDocument]

    @classmethod
    def of(cls, change: UserChange) -> "UserChangeDocument":
        return cls(
            user_id=change.user_id,
            user_name=change.user_name,
            user_email=change.user_email,
            measures=MeasureChangeDocument.all(change.measures),
        )


class VersionChangesDocument(_Document):
    """What a version says otherwise than the version before it."""

    since_version: Version
    since_made_at: dt.datetime
    measures: list[MeasureChangeDocument] = Field(description="Of the totals, those that changed")
    changed_days: int | None = Field(description="Null when the earlier version's figures by day were not kept")
    changed_users: int | None = Field(description="Null when the earlier version's figures by user were not kept")

    @classmethod
    def of(cls, changes: VersionChanges) -> "VersionChangesDocument":
        return cls(
            since_version=changes.since_version,
            since_made_at=changes.since_made_at,
            measures=MeasureChangeDocument.all(changes.measures),
            changed_days=changes.changed_days,
            changed_users=changes.changed_users,
        )


class ComparedVersion(_Document):
    report_id: str
    version: Version
    made_at: dt.datetime
    data_through: dt.datetime | None
    last: dt.date = Field(alias="to", description="The last day in its figures")

    @classmethod
    def of(cls, manifest: ReportManifest) -> "ComparedVersion":
        return cls(
            report_id=manifest.key.report_id,
            version=manifest.key.version,
            made_at=manifest.made_at,
            data_through=manifest.data_through,
            last=manifest.period.last,
        )


class ReportDiffDocument(_Document):
    """What the version `to` says otherwise than the version `from`; what is equal in both is left out."""

    report_id: str
    before: ComparedVersion = Field(alias="from")
    after: ComparedVersion = Field(alias="to")
    measures: list[MeasureChangeDocument] = Field(description="Of the totals")
    days: list[DayChangeDocument] | None = Field(
        description="In order; null when they cannot be compared: see `notice`"
    )
    users: list[UserChangeDocument] | None = Field(
        description="By user_id, in pages; null when they cannot be compared: see `notice`"
    )
    next_cursor: str | None = Field(description="Pass as `cursor` for the next page of users; null at the end")
    notice: str | None = Field(description="What could not be compared, and why, as sentences; null otherwise")

    @classmethod
    def of(
        cls, diff: VersionDiff, *, users: Iterable[UserChange] | None, next_cursor: str | None
    ) -> "ReportDiffDocument":
        """One page: of the users, only these."""
        return cls(
            report_id=diff.after.key.report_id,
            before=ComparedVersion.of(diff.before),
            after=ComparedVersion.of(diff.after),
            measures=MeasureChangeDocument.all(diff.measures),
            days=None
            if diff.days is None
            else [DayChangeDocument.of(change, reasons=diff.reasons.get(change.day, ())) for change in diff.days],
            users=None if users is None else [UserChangeDocument.of(change) for change in users],
            next_cursor=next_cursor,
            notice=diff.notice,
        )
