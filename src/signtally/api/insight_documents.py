"""The JSON document of `GET /v1/insights`."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from signtally.api.documents import ComparedDays, DataThrough, Measures
from signtally.domain.activity import PeriodActivity
from signtally.domain.allowance import AllowanceUse, Outlook
from signtally.domain.basis import Basis
from signtally.domain.documents import Cohort
from signtally.domain.insights import Turnaround
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.contents import Contents
from signtally.render.highlights import allowance_sentence, highlight_sentences, stuck_sentence

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Hour = Annotated[int, Field(ge=0, le=23)]
Hours = Annotated[
    list[int], Field(min_length=24, max_length=24, description="Events by hour of the day, from midnight")
]


class _Document(BaseModel):
    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class TurnaroundDocument(_Document):
    """First sent to completed, exactly; p90 lies on the line between two documents, as Excel's PERCENTILE.INC."""

    documents: int = Field(description="How many completed documents it rests on: those whose send is known")
    mean_seconds: float
    median_seconds: float
    p90_seconds: float

    @classmethod
    def of(cls, turnaround: Turnaround) -> "TurnaroundDocument":
        return cls(
            documents=turnaround.documents,
            mean_seconds=turnaround.mean.total_seconds(),
            median_seconds=turnaround.median.total_seconds(),
            p90_seconds=turnaround.p90.total_seconds(),
        )


class CohortDocument(_Document):
    """How far they have come: each stage counts the documents that reached it or a later one."""

    sent: int
    viewed: int
    signed: int
    completed: int
    open: int = Field(description="In no final state")

    @classmethod
    def of(cls, cohort: Cohort) -> "CohortDocument":
        return cls(
            sent=cohort.sent,
            viewed=cohort.viewed,
            signed=cohort.signed,
            completed=cohort.completed,
            open=cohort.open,
        )


class WeekHour(_Document):
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    hour: Hour


class ActivityDocument(_Document):
    """When it was busy, on the tenant's clocks; an hour that they show twice in one night is one hour."""

    first_at: dt.datetime | None
    last_at: dt.datetime | None
    hours: Hours
    week: dict[str, Hours] = Field(description="The same by weekday")
    busiest_hour: Hour | None = Field(description="The earliest of those with most events")
    busiest_of_week: WeekHour | None

    @classmethod
    def of(cls, activity: PeriodActivity) -> "ActivityDocument":
        busiest = activity.busiest_of_week
        return cls(
            first_at=activity.first_at,
            last_at=activity.last_at,
            hours=list(activity.hours),
            week={day: list(hours) for day, hours in zip(WEEKDAYS, activity.week, strict=True)},
            busiest_hour=activity.busiest_hour,
            busiest_of_week=WeekHour(weekday=WEEKDAYS[busiest[0]], hour=busiest[1]) if busiest else None,
        )


class AllowanceDocument(_Document):
    """Documents sent from the month's first day to `as_of`, against what is allowed for the month."""

    month: str = Field(description="The month that holds the period's last day", examples=["2026-10"])
    as_of: dt.date = Field(description="Included")
    documents_per_month: int
    used: int
    share: float | None = Field(description="Used ÷ allowed, above 1 when exceeded; null when nothing is allowed")
    outlook: Outlook = Field(description="At the mean of the month's days that are over")
    expected: int | None = Field(
        description="Used by the month's end at that pace; null before a day of the month is over"
    )
    used_up_on: dt.date | None = Field(description="The day on which it was, or will be, used up; null: not this month")

    @classmethod
    def of(cls, use: AllowanceUse) -> "AllowanceDocument":
        return cls(
            month=use.month.name,
            as_of=use.as_of,
            documents_per_month=use.allowed,
            used=use.used,
            share=use.share,
            outlook=use.outlook,
            expected=use.expected,
            used_up_on=use.on,
        )


class InsightsDocument(_Document):
    """What a period says beyond counts."""

    tenant_id: str
    timezone: str = Field(description="The tenant's zone: where its days and hours begin and end")
    first: dt.date = Field(alias="from", description="First day, included")
    last: dt.date = Field(alias="to", description="Last day, included: today at the latest")
    data_through: DataThrough
    basis: Basis
    totals: Measures
    previous_totals: Measures = Field(description="Of the days in `previous`")
    previous: ComparedDays
    cohort: CohortDocument = Field(description="The documents sent in the period, as they stand by now")
    completion_rate: float | None = Field(
        description="Of the documents sent in the period, the share that is completed by now; null when none was sent"
    )
    previous_completion_rate: float | None
    success_rate_of_closed: float | None = Field(description="Completed ÷ all that ended; null when nothing did")
    active_senders: int
    completed_documents: int
    turnaround: TurnaroundDocument | None = Field(description="Null when no completed document's send is known")
    open_documents: int = Field(description="Sent and in no final state: at the period's end, or of the cohort so far")
    distinct_documents: int = Field(description="With any event in the period; of a cohort, those sent in it")
    activity: ActivityDocument | None = Field(description="Null on cohort basis")
    allowance: AllowanceDocument | None = Field(description="Null without one, and for a member")
    highlights: list[str] = Field(
        description="What a report says first, as at most three sentences in the tenant's language"
    )
    stuck: str | None = Field(
        description="The one of `highlights` that is about stuck documents: `GET /v1/documents?stuck=true` lists them"
    )
    allowance_highlight: str | None = Field(description="The one of `highlights` that is about the allowance")

    @classmethod
    def of(cls, snapshot: UsageSnapshot) -> "InsightsDocument":
        """Of a snapshot that was read with its insights."""
        insights, totals = snapshot.insights, snapshot.totals
        cohort = snapshot.cohort
        if insights is None or cohort is None:
            raise ValueError("the snapshot was read without insights")
        documents = insights.documents
        return cls(
            tenant_id=snapshot.tenant.tenant_id,
            timezone=snapshot.tenant.timezone,
            first=snapshot.period.first,
            last=snapshot.period.last,
            data_through=snapshot.data_through,
            basis=snapshot.basis,
            totals=Measures.of(totals),
            previous_totals=Measures.of(snapshot.previous_totals),
            previous=ComparedDays.of(snapshot),
            cohort=CohortDocument.of(cohort),
            completion_rate=cohort.completion_rate,
            previous_completion_rate=snapshot.previous_completion_rate,
            success_rate_of_closed=totals.success_rate_of_closed,
            active_senders=snapshot.active_senders,
            completed_documents=documents.completed,
            turnaround=TurnaroundDocument.of(documents.turnaround) if documents.turnaround else None,
            open_documents=documents.open,
            distinct_documents=insights.distinct_documents,
            activity=ActivityDocument.of(insights.activity) if insights.activity else None,
            allowance=AllowanceDocument.of(snapshot.allowance) if snapshot.allowance else None,
            highlights=list(highlight_sentences(Contents(snapshot))),
            stuck=stuck_sentence(Contents(snapshot)),
            allowance_highlight=allowance_sentence(Contents(snapshot)),
        )
