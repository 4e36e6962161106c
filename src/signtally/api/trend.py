"""`GET /v1/trend`: how the measures moved over the periods before, and in the period itself."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from signtally.api.auth import CurrentUser
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.documents import DataThrough, Measures
from signtally.api.periods import PeriodQuery, period_or_month
from signtally.api.problems import ProblemKind, problem_responses
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.trend import TREND_PERIODS, TrendPoint
from signtally.use_cases.figures import read_report

router = APIRouter(tags=["usage"], dependencies=[limit_concurrency("figures")])


class _Span(BaseModel):
    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    period: str = Field(description="As `period` takes it", examples=["2026-10"])
    first: dt.date = Field(alias="from", description="First day, included")
    last: dt.date = Field(alias="to", description="Last day, included: today at the latest")


# Pydantic orders fields from the last base to the first: the period stands before the figures.
class TrendRow(Measures, _Span):
    """One period's figures."""

    completion_rate: float | None = Field(
        description="Of the documents sent in that period, the share that is completed by now; null when none was sent"
    )
    figures_from: dt.date | None = Field(
        description="The tenant’s first day with any figures, where that is after `from`; null otherwise"
    )
    is_over: bool = Field(description="Whether all of `to` is over; else these are the figures to date")

    @classmethod
    def at(cls, point: TrendPoint, snapshot: UsageSnapshot) -> "TrendRow":
        return cls(
            period=point.period.name,
            first=point.period.first,
            last=point.period.last,
            completion_rate=point.cohort.completion_rate,
            figures_from=snapshot.figures_from(point.period),
            is_over=snapshot.is_over(point.period),
            **point.totals.as_dict(),
        )


class Trend(BaseModel):
    data_through: DataThrough
    rows: list[TrendRow] = Field(description="Oldest first; the last row is the period that was asked for")


class TrendQuery(PeriodQuery):
    periods: Annotated[
        int, Field(ge=1, le=TREND_PERIODS, description="How many periods before it, as far back as there are figures")
    ] = TREND_PERIODS


@router.get(
    "/trend",
    summary="The measures over several periods",
    responses=problem_responses(ProblemKind.BAD_PERIOD, ProblemKind.FUTURE_PERIOD, ProblemKind.INVALID),
)
def trend(
    query: Annotated[TrendQuery, Query()], caller: CurrentUser, tenant: CurrentTenant, services: ServicesDep
) -> Trend:
    """The trend of a report: periods of the same kind (months for a month, weeks for a week …), and the period itself.

    The first row may be counted in part (`figures_from`), and so may the last (`is_over` is false). Named as in
    `/v1/usage`. To a member: their own activity, and the documents that they sent.
    """
    period = period_or_month(query, tenant=tenant, services=services)
    snapshot = read_report(tenant, period, services=services, user_ids=caller.visible_user_ids)
    points = snapshot.trend[-(query.periods + 1) :]
    return Trend(data_through=snapshot.data_through, rows=[TrendRow.at(point, snapshot) for point in points])
