"""`GET /v1/next-occurrence`: what a schedule would send first, before it is stored."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from signtally.api.auth import Administrator
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.problems import ProblemKind, problem_responses
from signtally.domain.schedule_terms import Schedule, ScheduleTiming, StartInstant
from signtally.domain.schedules import Occurrence, next_due

router = APIRouter(
    tags=["schedules"],
    responses=problem_responses(ProblemKind.FORBIDDEN),
    dependencies=[limit_concurrency("others")],
)


class TimingQuery(ScheduleTiming):
    """The terms of a schedule that say when it is due."""

    starts_at: StartInstant | None = Field(default=None, description="What is due before this instant is left out")


class NextOccurrence(BaseModel):
    """One period of a schedule, and when its report is due."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    period: str = Field(description="As `period` takes it", examples=["2026-Q4"])
    first: dt.date = Field(alias="from", description="First day, included")
    last: dt.date = Field(alias="to", description="Last day, included")
    due_at: AwareDatetime = Field(description="By UTC")

    @classmethod
    def of(cls, occurrence: Occurrence) -> "NextOccurrence":
        period = occurrence.period
        return cls(period=period.name, first=period.first, last=period.last, due_at=occurrence.due_at)


@router.get(
    "/next-occurrence", summary="What a schedule would send first", responses=problem_responses(ProblemKind.INVALID)
)
def next_occurrence(
    query: Annotated[TimingQuery, Query()], caller: Administrator, tenant: CurrentTenant, services: ServicesDep
) -> NextOccurrence:
    """The first period that falls due from now on, in the tenant's calendar and zone. Nothing is stored."""
    del caller
    draft = Schedule.model_validate(query.model_dump() | {"name": "draft"})
    return NextOccurrence.of(next_due(tenant, draft, after=services.clock()))
