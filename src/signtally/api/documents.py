"""The JSON documents of the API, as its OpenAPI describes them."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from signtally.api.change_documents import VersionChangesDocument
from signtally.domain.actions import Counts
from signtally.domain.basis import Basis
from signtally.domain.ids import WITHOUT_NUL
from signtally.domain.reports import ReportFormat, ReportStatus
from signtally.domain.snapshot import UsageSnapshot

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
NextCursor = Annotated[str | None, Field(description="Pass as `cursor` for the next page; null at the end")]
DataThrough = Annotated[
    dt.datetime | None,
    Field(description="Everything queued before this instant (UTC) is in the figures; null when nothing was counted"),
]


class _Document(BaseModel):
    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Measures(_Document):
    """Counts of events by action, each event on its own date."""

    sent: int
    received: int
    viewed: int
    signed: int
    completed: int
    declined: int
    cancelled: int
    expired: int

    @classmethod
    def of(cls, counts: Counts) -> "Measures":
        return cls(**counts.as_dict())


class UserIdentity(_Document):
    user_id: str
    user_name: str | None = Field(description="The latest name seen; null when the portal never sent one")
    user_email: str | None = Field(description="The latest address seen; null when the portal never sent one")


class CalendarDay(_Document):
    day: dt.date = Field(description="A calendar day in the tenant's zone")


# Pydantic orders fields from the last base to the first: who or when stands before the figures.
class UserRow(Measures, UserIdentity):
    """One user's figures in the period."""


class DayRow(Measures, CalendarDay):
    """One day's figures."""


class ProvisionalDays(_Document):
    first: dt.date = Field(alias="from")
    last: dt.date = Field(alias="to", description="Included")


class ComparedDays(_Document):
    """What a period is compared with: the one before, of the same kind or as long; to date, up to the same day."""

    first: dt.date = Field(alias="from")
    last: dt.date = Field(alias="to", description="Included")
    until: dt.datetime | None = Field(
        description="Of today: the same time yesterday, where yesterday's figures end; null: all of `to` is in them"
    )
    figures_from: dt.date | None = Field(
        description="The tenant's first day with any figures, where that is after `from`; null otherwise"
    )
    comparable: bool = Field(description="Whether there are figures of nine tenths of these days or more")

    @classmethod
    def of(cls, snapshot: UsageSnapshot) -> "ComparedDays":
        return cls(
            first=snapshot.previous.first,
            last=snapshot.previous.last,
            until=snapshot.previous_until,
            figures_from=snapshot.previous_data_from,
            comparable=snapshot.is_comparable,
        )


class Usage(_Document):
    """The figures of one period; with `group_by`, one page of rows beside the totals of all."""

    tenant_id: str
    timezone: str = Field(description="The tenant's zone: where its days begin and end")
    first: dt.date = Field(alias="from", description="First day, included")
    last: dt.date = Field(alias="to", description="Last day, included: today at the latest")
    data_through: DataThrough
    totals: Measures
    previous_totals: Measures = Field(description="Of the days in `previous`")
    previous: ComparedDays
    rows: list[UserRow] | list[DayRow] = Field(description="Users by user_id, or days in order; empty for `none`")
    next_cursor: NextCursor
    provisional: ProvisionalDays | None = Field(
        default=None,
        description="Days of this period or the one before whose figures do not hold everything that is stored yet; "
        "left out while there are none",
    )
    notice: str | None = Field(
        default=None,
        description="What a reader must know about all figures, as a sentence: the tenant's profile could not be read, "
        "so days are counted in UTC; left out otherwise",
    )

    @model_serializer(mode="wrap")
    def _without_nothing(self, serialized: SerializerFunctionWrapHandler) -> dict[str, object]:
        fields: dict[str, object] = serialized(self)
        for name in ("provisional", "notice"):
            if getattr(self, name) is None:
                del fields[name]
        return fields


class ReportLinks(_Document):
    this: str = Field(alias="self", description="The address of its status")
    versions: str
    events: str = Field(description="An address that tells how it goes on, as server-sent events")
    files: dict[ReportFormat, str] = Field(description="By format: an address that redirects to a fresh signed URL")


class ReportFileLink(_Document):
    format: ReportFormat
    url: str | None = Field(description="Signed: anyone who holds it can download until it expires; null: not wanted")
    expires_at: dt.datetime | None
    bytes: int
    sha256: str


class ReportFilters(BaseModel):
    """Which users a report covers, and how events are dated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user_ids: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=256, pattern=WITHOUT_NUL)]] | None,
        Field(min_length=1, max_length=1000),
    ] = Field(default=None, description="Only what these users did or sent; null: all users")
    basis: Basis = Field(
        default=Basis.ACTIVITY,
        description="`activity`: each event on its own date. `cohort`: the documents sent in the period, followed to "
        "their outcome up to now",
    )
    all_users: bool = Field(
        default=False,
        description="Print every user in the PDF, however many there are; else the most active ones, and how many more "
        "there are. The other formats always have every user",
    )


class FailureReasonDocument(_Document):
    """Why a report has failed, in a stable word."""

    code: str = Field(description="See `/docs#failures`")
    values: dict[str, str | int] = Field(description="What the code speaks of, such as `limit`")


class Report(_Document):
    """One version of a report; figures and files are there once it is ready."""

    report_id: str
    group: str = Field(description="The same for reports that differ in their formats alone: `/v1/report-groups`")
    version: int
    status: ReportStatus
    period: str = Field(description="As it was ordered: `2026-10`; a range as `2026-10-03_2026-10-17`")
    first: dt.date = Field(alias="from", description="First day, included")
    last: dt.date = Field(alias="to", description="Last day, included; of a ready report the last day in its figures")
    formats: list[ReportFormat]
    filters: ReportFilters | None
    locale: str | None = Field(description="BCP 47: the language that was ordered; null: the tenant's")
    requested_at: dt.datetime
    requested_by: str | None = Field(
        description="The id of the user who ordered it, `schedule NAME` or `operator`; null where it is not known"
    )
    made_at: dt.datetime | None
    data_through: DataThrough
    totals: Measures | None
    content: str | None = Field(description="The same for versions of a group that have the same figures")
    files: list[ReportFileLink]
    gone: list[ReportFormat] = Field(
        description="Formats whose file is no longer stored; ordering the same report again makes its next version"
    )
    changes: VersionChangesDocument | None = Field(description="Since the version before; null when there is none")
    failure: str | None = Field(description="Why it failed, and what to do")
    failure_reason: FailureReasonDocument | None = Field(
        description="The same for a program; null unless it has failed, and for one that failed before there were codes"
    )
    orders_ahead: int | None = Field(
        description="While it is pending: about how many orders will be made before this one; null otherwise, and "
        "while nobody knows"
    )
    links: ReportLinks


class OrderedReport(_Document):
    """A report that is being made: read `links.events`, or poll `links.self`, until its status is ready or failed."""

    report_id: str
    status: Literal["pending", "running"]
    links: ReportLinks


class ReportPage(_Document):
    rows: list[Report]
    next_cursor: NextCursor


class EarlierFigures(_Document):
    """What was reported before the newest figures of a group."""

    report_id: str
    version: int
    made_at: dt.datetime
    totals: Measures


class ReportGroupDocument(_Document):
    """Reports that differ in their formats alone."""

    group: str
    reports: list[Report] = Field(description="Each in its newest version, the latest ordered first; never empty")
    earlier: EarlierFigures | None = Field(
        description="What was made last with other figures than the newest, whatever its formats: compare the two by "
        "`GET /v1/reports/{report_id}/diff`. Null when there is none"
    )


class ReportGroupPage(_Document):
    rows: list[ReportGroupDocument]
    next_cursor: NextCursor


class CalendarPeriod(_Document):
    """A calendar period to choose from, and what it is compared with: while it runs, up to the same day."""

    key: Literal[
        "today",
        "yesterday",
        "this_week",
        "last_week",
        "this_month",
        "last_month",
        "this_quarter",
        "last_quarter",
        "this_year",
        "last_year",
        "last_7_days",
        "last_30_days",
        "last_90_days",
    ]
    period: str = Field(description="As `period` takes it; of the last days, which end today, `from` and `to` are sent")
    first: dt.date = Field(alias="from")
    last: dt.date = Field(alias="to")
    previous_first: dt.date = Field(alias="previous_from")
    previous_last: dt.date = Field(alias="previous_to")


class Myself(_Document):
    """The user of the token, their tenant and its calendar."""

    tenant_id: str
    tenant_name: str
    user_id: str
    role: Literal["tenant_admin", "member"]
    timezone: str
    locale: str = Field(description="BCP 47: the language in which figures are written")
    language: str = Field(description="BCP 47: the language of dates and words")
    logo: str | None
    accent: str = Field(description="The tenant's colour, darkened where needed to be readable on white")
    week_starts_on: Weekday
    today: dt.date
    recipient_domains: list[str] = Field(description="Reports are mailed to addresses at these alone; none: to any")
    webhook_hosts: list[str] = Field(description="Reports are posted to these and the hosts below them; none: to any")
    periods: list[CalendarPeriod]


class Alive(_Document):
    status: Literal["ok"] = "ok"


class Ready(_Document):
    status: Literal["ready"] = "ready"
    checks: dict[str, str] = Field(description="Each service that the API needs: `ok`, or what is wrong")
