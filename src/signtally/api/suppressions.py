"""`/v1/suppressions`: the addresses that get no more reports of this tenant, and lifting that."""

import datetime as dt
import re
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from signtally.api.audit_recording import Audit
from signtally.api.auth import Administrator
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import ServicesDep
from signtally.api.cursors import Cursor, cursor_after, position_of
from signtally.api.documents import NextCursor
from signtally.api.problems import ProblemError, ProblemKind, problem_responses
from signtally.domain.audit import AuditAction
from signtally.domain.batches import batched

router = APIRouter(
    prefix="/suppressions",
    tags=["schedules"],
    responses=problem_responses(ProblemKind.FORBIDDEN),
    dependencies=[limit_concurrency("others")],
)
_LISTING = "suppressions"
_POSITION = re.compile(r"[^/]+")
_DEFAULT_ROWS, _MOST_ROWS = 100, 500


class SuppressionRow(BaseModel):
    email: str = Field(description="Of a destination, its label: `slack:board`")
    reason: Literal["unsubscribed", "bounced", "complained", "gone"]
    at: dt.datetime
    detail: str


class SuppressionPage(BaseModel):
    rows: list[SuppressionRow]
    next_cursor: NextCursor


class SuppressionsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cursor: Cursor = None
    limit: Annotated[int, Field(ge=1, le=_MOST_ROWS)] = _DEFAULT_ROWS


@router.get("", summary="Addresses that get nothing more", responses=problem_responses(ProblemKind.BAD_CURSOR))
def suppressions(
    query: Annotated[SuppressionsQuery, Query()], caller: Administrator, services: ServicesDep
) -> SuppressionPage:
    """Of all schedules: whose owner has unsubscribed or called a report spam, or from where mail came back.

    And destinations whose host said that nobody takes anything at that address any more (410).
    """
    after = position_of(query.cursor, listing=_LISTING, form=_POSITION) or ""
    found = next(batched(services.stores.suppressions.all(caller.tenant_id, after=after), query.limit + 1), [])
    page = found[: query.limit]
    return SuppressionPage(
        rows=[SuppressionRow.model_validate(each, from_attributes=True) for _, each in page],
        next_cursor=cursor_after(_LISTING, page[-1][0]) if len(found) > len(page) else None,
    )


@router.delete(
    "/{email}",
    status_code=204,
    response_class=Response,  # an answer without a body has no type
    summary="Send to an address again",
    responses=problem_responses(ProblemKind.NOT_FOUND),
)
def lift_suppression(
    email: Annotated[str, Path(max_length=254)], caller: Administrator, services: ServicesDep, audit: Audit
) -> None:
    """From the next period on. Ask its owner first."""
    if not services.stores.suppressions.lift(caller.tenant_id, email):
        raise ProblemError(ProblemKind.NOT_FOUND, f"{email!r} is not suppressed.")
    audit.record(caller, AuditAction.SUPPRESSION_LIFTED, subject=email)
