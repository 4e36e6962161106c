"""`GET /v1/insights`: turnaround, open documents, busiest hours and the allowance of a period."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from signtally.api.auth import CurrentUser
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.insight_documents import InsightsDocument
from signtally.api.periods import PeriodQuery, period_or_month
from signtally.api.problems import ProblemKind, problem_responses
from signtally.domain.basis import Basis
from signtally.use_cases.figures import read_report

router = APIRouter(tags=["usage"], dependencies=[limit_concurrency("figures")])


class InsightsQuery(PeriodQuery):
    basis: Annotated[
        Basis,
        Field(
            description="`activity`: each event on its own date. `cohort`: the documents sent in the period, followed "
            "to their outcome up to now"
        ),
    ] = Basis.ACTIVITY


@router.get(
    "/insights",
    summary="What a period says beyond counts",
    responses=problem_responses(ProblemKind.BAD_PERIOD, ProblemKind.FUTURE_PERIOD, ProblemKind.INVALID),
)
def insights(
    query: Annotated[InsightsQuery, Query()], caller: CurrentUser, tenant: CurrentTenant, services: ServicesDep
) -> InsightsDocument:
    """The figures of a report's files, exactly, for a period named as in `/v1/usage`.

    To a member: the documents that they sent, and their own activity.
    """
    period = period_or_month(query, tenant=tenant, services=services)
    snapshot = read_report(tenant, period, services=services, user_ids=caller.visible_user_ids, basis=query.basis)
    return InsightsDocument.of(snapshot)
