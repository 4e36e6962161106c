"""`GET /v1/audit`: who did what, when, and from where; for the tenant's administrators."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from signtally.api.auth import Administrator
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import ServicesDep
from signtally.api.cursors import Cursor, cursor_after, position_of
from signtally.api.documents import NextCursor
from signtally.api.problems import ProblemKind, problem_responses
from signtally.domain.audit import AuditAction, AuditEntry
from signtally.stores.audit import POSITION

router = APIRouter(tags=["audit"], dependencies=[limit_concurrency("others")])
_DEFAULT_ENTRIES, _MOST_ENTRIES = 50, 200


class AuditRow(BaseModel):
    """One thing that somebody did."""

    at: dt.datetime
    user_id: str
    role: str
    action: AuditAction
    subject: str = Field(description="What it was done to: a report's id, a schedule's name, the tenant's id")
    detail: dict[str, str] = Field(description="What else there is to say, such as the format of a download")
    address: str | None = Field(description="The IP address of who asked; null when a command did it")
    user_agent: str | None = Field(description="What their program calls itself")
    request_id: str | None = Field(description="`X-Request-ID` of that answer; the log has the request under it")

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditRow":
        return cls.model_validate(entry, from_attributes=True)


class AuditDocument(BaseModel):
    rows: list[AuditRow] = Field(description="The newest first; a page may be short, or empty, and not be the last")
    next_cursor: NextCursor


class AuditQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    action: Annotated[AuditAction | None, Field(description="Only entries of this kind")] = None
    subject: Annotated[
        str | None, Field(max_length=256, description="Only what was done to this report, schedule or tenant")
    ] = None
    cursor: Cursor = None
    limit: Annotated[int, Field(ge=1, le=_MOST_ENTRIES)] = _DEFAULT_ENTRIES


@router.get(
    "/audit",
    summary="Who did what, when, and from where",
    responses=problem_responses(ProblemKind.FORBIDDEN, ProblemKind.BAD_CURSOR, ProblemKind.INVALID),
)
def audit(query: Annotated[AuditQuery, Query()], caller: Administrator, services: ServicesDep) -> AuditDocument:
    """Orders, downloads, and changes by this API, kept for good.

    A download counts when `GET /v1/reports/{report_id}/files/{format}` leads to it. `report.linked` says who was given
    signed URLs in an answer about a report, once while they are valid; what is done with a signed URL afterwards,
    nobody can see. While the bucket is away an entry may be missing here; the operator's log has it then.
    """
    listing = f"audit/{query.action or ''}/{query.subject or ''}"
    page = services.stores.audit.page(
        caller.tenant_id,
        limit=query.limit,
        after=position_of(query.cursor, listing=listing, form=POSITION),
        action=query.action,
        subject=query.subject,
    )
    rows = [AuditRow.of(entry) for entry in page.entries]
    return AuditDocument(rows=rows, next_cursor=None if page.after is None else cursor_after(listing, page.after))
