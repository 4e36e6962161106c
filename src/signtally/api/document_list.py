"""`GET /v1/documents`: what became of each document of a period, the oldest open one first."""

import datetime as dt
import json
import re
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from signtally.api.auth import Caller, CurrentUser
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.cursors import DEFAULT_LIMIT, Cursor, Limit, cursor_after, position_of
from signtally.api.documents import DataThrough, NextCursor
from signtally.api.periods import FirstDay, LastDay, PeriodName, named_period
from signtally.api.problems import ProblemError, ProblemKind, problem_responses
from signtally.domain.documents import DocumentStatus
from signtally.domain.periods import PeriodKind, period_of
from signtally.use_cases.document_list import read_documents

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


class DocumentsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    period: PeriodName = None
    first: FirstDay = Field(default=None, alias="from")
    last: LastDay = Field(default=None, alias="to")
    status: Annotated[DocumentStatus | None, Field(description="Only documents with this status")] = None
    user_id: Annotated[str | None, Field(min_length=1, max_length=256, description="Only what this user sent")] = None
    cursor: Cursor = None
    limit: Limit = DEFAULT_LIMIT


@router.get(
    "/documents",
    summary="The documents of a period",
    responses=problem_responses(
        ProblemKind.FORBIDDEN,
        ProblemKind.BAD_PERIOD,
        ProblemKind.FUTURE_PERIOD,
        ProblemKind.BAD_CURSOR,
        ProblemKind.INVALID,
    ),
)
def documents(
    query: Annotated[DocumentsQuery, Query()], caller: CurrentUser, tenant: CurrentTenant, services: ServicesDep
) -> DocumentPage:
    """What a report lists: every document that was open at any moment of the period, named as in `/v1/usage`.

    A member gets the documents that they sent.
    """
    period = named_period(query.period, first=query.first, last=query.last, tenant=tenant)
    period = period or period_of(PeriodKind.MONTH, tenant.today(services.clock()))
    listing = f"documents/{period.name}/{query.status or ''}/{query.user_id or ''}"
    position = position_of(query.cursor, listing=listing, form=_POSITION)
    found = read_documents(tenant, period, services=services, user_ids=_senders(query, caller))
    rows = found.rows if query.status is None else found.rows.filter(status=str(query.status))
    page, after = _page(rows, position=position, limit=query.limit)
    return DocumentPage(
        first=found.period.first,
        last=found.period.last,
        data_through=found.data_through,
        rows=[DocumentRow.model_validate(row) for row in page],
        next_cursor=cursor_after(listing, after) if after else None,
    )


def _senders(query: DocumentsQuery, caller: Caller) -> tuple[str, ...] | None:
    own = caller.visible_user_ids
    if query.user_id is None:
        return own
    if own is not None and query.user_id not in own:
        raise ProblemError(ProblemKind.FORBIDDEN, "A member may only list the documents that they sent.")
    return (query.user_id,)


def _page(rows: pl.DataFrame, *, position: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """The rows behind *position*, and the position of the last of them if there are more."""
    is_closed = pl.col("status") != str(DocumentStatus.OPEN)
    instant = pl.when(is_closed).then(-pl.col("closed_at").dt.epoch("us")).otherwise(pl.col("sent_at").dt.epoch("us"))
    placed = rows.with_columns(group=is_closed.cast(pl.Int64), instant=instant.fill_null(0))
    if position is not None:
        placed = placed.filter(_is_behind(*_parts(position)))
    page = placed.head(limit).to_dicts()
    if placed.height <= limit:
        return page, None
    last = page[-1]
    parts = [last["group"], last["instant"], last["document_id"]]
    return page, json.dumps(parts, separators=(",", ":"), ensure_ascii=False)


def _is_behind(group: int, instant: int, document_id: str) -> pl.Expr:
    in_group, at_instant = pl.col("group") == group, pl.col("instant") == instant
    later = in_group & ((pl.col("instant") > instant) | (at_instant & (pl.col("document_id") > document_id)))
    return (pl.col("group") > group) | later


def _parts(position: str) -> tuple[int, int, str]:
    try:
        group, instant, document_id = json.loads(position)
        return int(group), int(instant), str(document_id).encode().decode()
    except ValueError:
        raise ProblemError(ProblemKind.BAD_CURSOR, "This cursor was not given out by this listing.") from None
