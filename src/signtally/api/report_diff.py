"""`/v1/reports/{id}/diff`: what changed between two versions of a report."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from signtally.api.auth import CurrentUser
from signtally.api.change_documents import ReportDiffDocument, Version
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import ServicesDep
from signtally.api.cursors import LARGEST_LIMIT, Cursor, Limit, cursor_after, position_of
from signtally.api.problems import ProblemKind, problem_responses
from signtally.api.reports import ReportId, only_visible
from signtally.domain.report_changes import UserChange
from signtally.domain.reports import ReportKey
from signtally.use_cases.reporting import diff_versions

router = APIRouter(prefix="/reports", tags=["reports"], dependencies=[limit_concurrency("others")])


class DiffQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    before: Annotated[Version, Field(alias="from", description="The version to compare with", examples=[1])]
    after: Annotated[Version, Field(alias="to", description="The version to explain", examples=[2])]
    from_report: Annotated[
        str | None, Field(max_length=64, description="The report whose version `from` is; another of its `group`")
    ] = None
    cursor: Cursor = None
    limit: Limit = LARGEST_LIMIT


@router.get(
    "/{report_id}/diff",
    summary="What changed between two versions",
    responses=problem_responses(
        ProblemKind.NOT_FOUND, ProblemKind.NOT_READY, ProblemKind.BAD_CURSOR, ProblemKind.INVALID
    ),
)
def report_diff(
    report_id: ReportId, query: Annotated[DiffQuery, Query()], caller: CurrentUser, services: ServicesDep
) -> ReportDiffDocument:
    """By measure, by day and by user; only what differs. Users come in pages, by `user_id`.

    The two may be versions of different reports, made in other formats, as long as they are of one `group`.

    Each version keeps its figures by day and user, whatever its formats. Of versions made before they were kept, the
    totals are compared, and `notice` says what could not be.
    """
    other_id = query.from_report or report_id
    for each in {report_id, other_id}:
        only_visible(services.stores.reports.latest(caller.tenant_id, each, now=services.clock()), caller)
    listing = f"diff/{report_id}/{other_id}/{query.before}/{query.after}"
    position = position_of(query.cursor, listing=listing)
    before = ReportKey(caller.tenant_id, other_id, query.before)
    diff = diff_versions(before, ReportKey(caller.tenant_id, report_id, query.after), services=services)
    users, next_cursor = _page(diff.users, listing=listing, position=position, limit=query.limit)
    return ReportDiffDocument.of(diff, users=users, next_cursor=next_cursor)


def _page(
    users: tuple[UserChange, ...] | None, *, listing: str, position: str | None, limit: int
) -> tuple[list[UserChange] | None, str | None]:
    if users is None:
        return None, None
    behind = [user for user in users if position is None or user.user_id > position]
    page = behind[:limit]
    return page, cursor_after(listing, page[-1].user_id) if len(behind) > len(page) else None
