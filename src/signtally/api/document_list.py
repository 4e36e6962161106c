"""`GET /v1/documents`: what became of each document of a period, the oldest open one first."""

import datetime as dt
import json
import re
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from signtally.api.audit_recording import Audit
from signtally.api.auth import Caller, CurrentUser
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.cursors import DEFAULT_LIMIT, Cursor, Limit, cursor_after, is_position, position_of
from signtally.api.document_export import DocumentExport
from signtally.api.documents import DataThrough, NextCursor
from signtally.api.periods import PeriodQuery, period_or_month
from signtally.api.problems import InvalidPart, ProblemError, ProblemKind, invalid, problem_responses
from signtally.domain.audit import AuditAction
from signtally.domain.document_pages import DocumentPosition, DocumentSelection
from signtally.domain.documents import DocumentStatus
from signtally.domain.highlights import STUCK_DAYS
from signtally.domain.ids import WITHOUT_NUL
from signtally.use_cases.figures import count_documents, read_document_page, stuck_ones

router = APIRouter(tags=["usage"], dependencies=[limit_concurrency("figures")])
# What a row is ordered by: 0 for an open one, microseconds (sent, or minus closed), its id.
_POSITION = re.compile(r'\[[01],-?\d{1,18},".*"\]', re.DOTALL | re.ASCII)


class DocumentRow(BaseModel):
    """One document that was open at any moment of the period, as it stood at its end or, if that is earlier, now."""

    document_id: str
    status: DocumentStatus
    user_id: str | None = Field(description="Who sent it; null when nobody is known to have")
    user_name: str | None = Field(description="The latest name seen; null when the portal never sent one")
    sent_at: dt.datetime | None = Field(description="First sent")
    first_viewed_at: dt.datetime | None
    last_signed_at: dt.datetime | None
    closed_at: dt.datetime | None = Field(description="Null while it is open")
    turnaround_hours: float | None = Field(description="First sent to completed; null unless it is completed")
    days_open: int | None = Field(description="Whole days from first sent until it closed, or until the period's end")


class DocumentPage(BaseModel):
    """One page of a period's documents."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    first: dt.date = Field(alias="from", description="First day, included")
    last: dt.date = Field(alias="to", description="Last day, included: today at the latest")
    data_through: DataThrough
    rows: list[DocumentRow] = Field(
        description="Open ones first, the oldest first; then closed ones, the latest closed first"
    )
    next_cursor: NextCursor


class DocumentCountDocument(BaseModel):
    """How many documents a period's list has."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    first: dt.date = Field(alias="from", description="First day, included")
    last: dt.date = Field(alias="to", description="Last day, included: today at the latest")
    data_through: DataThrough
    documents: int = Field(description="On all pages together")


class NarrowedQuery(PeriodQuery):
    """Which documents of a period are meant."""

    status: Annotated[DocumentStatus | None, Field(description="Only documents with this status")] = None
    user_id: Annotated[
        str | None,
        Field(min_length=1, max_length=256, pattern=WITHOUT_NUL, description="Only what this user sent"),
    ] = None
    stuck: Annotated[
        bool,
        Field(description=f"Only open ones that were sent more than {STUCK_DAYS} days before now or the period's end"),
    ] = False

    def selection(self, caller: Caller, *, limit: int = 1, after: DocumentPosition | None = None) -> DocumentSelection:
        """Raises ProblemError when a member asks for what others sent."""
        status = self.status or (DocumentStatus.OPEN if self.stuck else None)
        return DocumentSelection(limit, status, _senders(self, caller), after=after)


class DocumentsQuery(NarrowedQuery):
    form: Annotated[
        Literal["json", "csv"],
        Field(
            alias="format",
            description="`csv`: one file with every row, whatever `limit` is, as `documents.csv` in the ZIP",
        ),
    ] = "json"
    cursor: Cursor = None
    limit: Limit = DEFAULT_LIMIT


@router.get(
    "/documents",
    summary="The documents of a period",
    response_model=DocumentPage,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
        **problem_responses(
            ProblemKind.FORBIDDEN,
            ProblemKind.BAD_PERIOD,
            ProblemKind.FUTURE_PERIOD,
            ProblemKind.BAD_CURSOR,
            ProblemKind.INVALID,
        ),
    },
)
def documents(  # noqa: PLR0913, PLR0917 -- FastAPI hands each of them over
    query: Annotated[DocumentsQuery, Query()],
    http: Request,
    caller: CurrentUser,
    tenant: CurrentTenant,
    services: ServicesDep,
    audit: Audit,
) -> DocumentPage | StreamingResponse:
    """What a report lists: every document that was open at any moment of the period, named as in `/v1/usage`.

    A member gets the documents that they sent. A CSV file is streamed; the audit trail says who asked for it.
    """
    period = period_or_month(query, tenant=tenant, services=services)
    status = query.status or (DocumentStatus.OPEN if query.stuck else None)
    listing = f"documents/{period.name}/{status or ''}/{query.user_id or ''}{'/stuck' if query.stuck else ''}"
    position = position_of(query.cursor, listing=listing, form=_POSITION)
    after = None if position is None else _position(position)
    selection = query.selection(caller, limit=query.limit, after=after)
    if query.form == "csv":
        if query.cursor is not None:
            detail = "leave it out: a file has every row"
            raise invalid(InvalidPart(location="query.cursor", detail=detail, code="unknown", values={}))
        at_once = services.at(services.clock())
        export = DocumentExport(tenant, period, selection, stuck=query.stuck, services=at_once)
        first = export.first_page()
        if not getattr(http.state, "is_head", False):
            audit.record(caller, AuditAction.DOCUMENTS_EXPORTED, subject=period.name, **_narrowed(query))
        return export.answer(first, limit=http.app.state.bulkheads.figures)
    found = read_document_page(tenant, period, services=services, selection=selection)
    found = stuck_ones(found) if query.stuck else found
    return DocumentPage(
        first=found.period.first,
        last=found.period.last,
        data_through=found.data_through,
        rows=[DocumentRow.model_validate(row) for row in found.rows.iter_rows(named=True)],
        next_cursor=cursor_after(listing, _text(found.after)) if found.after else None,
    )


@router.get(
    "/documents/count",
    summary="How many documents a period has",
    responses=problem_responses(
        ProblemKind.FORBIDDEN, ProblemKind.BAD_PERIOD, ProblemKind.FUTURE_PERIOD, ProblemKind.INVALID
    ),
)
def document_count(
    query: Annotated[NarrowedQuery, Query()], caller: CurrentUser, tenant: CurrentTenant, services: ServicesDep
) -> DocumentCountDocument:
    """As many as `GET /v1/documents` lists page after page. A member is told of the documents that they sent."""
    period = period_or_month(query, tenant=tenant, services=services)
    found = count_documents(tenant, period, services=services, selection=query.selection(caller), stuck=query.stuck)
    return DocumentCountDocument(
        first=found.period.first, last=found.period.last, data_through=found.data_through, documents=found.documents
    )


def _narrowed(query: DocumentsQuery) -> dict[str, str]:
    """What the list is narrowed to, for the audit trail."""
    narrowed = {"status": "stuck" if query.stuck else query.status, "user": query.user_id}
    return {name: str(value) for name, value in narrowed.items() if value}


def _senders(query: NarrowedQuery, caller: Caller) -> tuple[str, ...] | None:
    own = caller.visible_user_ids
    if query.user_id is None:
        return own
    if own is not None and query.user_id not in own:
        raise ProblemError(ProblemKind.FORBIDDEN, "A member may only list the documents that they sent.")
    return (query.user_id,)


def _text(position: DocumentPosition) -> str:
    return json.dumps(position.numbers, separators=(",", ":"), ensure_ascii=False)


def _position(text: str) -> DocumentPosition:
    try:
        group, microseconds, document_id = json.loads(text)
        if is_position(str(document_id)):
            return DocumentPosition.from_numbers(int(group), int(microseconds), str(document_id))
    except (ValueError, OverflowError):
        pass
    raise ProblemError(ProblemKind.BAD_CURSOR, "This cursor was not given out by this listing.")
