"""`/v1/report-groups`: reports that differ in their formats alone, as one row with one history."""

import itertools
from typing import Annotated

from fastapi import APIRouter, Path, Query

from signtally.api.auth import CurrentUser
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.cursors import cursor_after, position_of
from signtally.api.documents import EarlierFigures, Measures, ReportGroupDocument, ReportGroupPage, ReportPage
from signtally.api.periods import PeriodQuery, named_period
from signtally.api.problems import ProblemKind, problem_responses
from signtally.api.report_documents import Answers, ReportAnswers
from signtally.api.reports import ReportsQuery, UrlsQuery, documents_of
from signtally.domain.reports import ReportManifest
from signtally.stores.report_index import ENTRY
from signtally.stores.report_states import ReportMissingError
from signtally.use_cases.reporting import ReportGroup, group_versions, report_group, report_groups

router = APIRouter(prefix="/report-groups", tags=["reports"], dependencies=[limit_concurrency("others")])
GroupName = Annotated[str, Path(max_length=64, description="`group` of one of its reports")]


class GroupsQuery(ReportsQuery, PeriodQuery):
    """Which page, and of which period: of all when none is given."""


@router.get(
    "",
    summary="Reports by what they are about, the latest ordered first",
    responses=problem_responses(ProblemKind.BAD_CURSOR, ProblemKind.BAD_PERIOD, ProblemKind.INVALID),
)
def groups(
    query: Annotated[GroupsQuery, Query()],
    caller: CurrentUser,
    tenant: CurrentTenant,
    services: ServicesDep,
    answers: Answers,
) -> ReportGroupPage:
    """One row for all reports of the same period, filters and language, whatever their formats.

    With a `period`, or `from` and `to`, those that are about it. `GET /v1/reports` has a row for each of them instead.
    """
    period = named_period(query.period, first=query.first, last=query.last, tenant=tenant, services=services)
    listing = "report-groups" if period is None else f"report-groups/{period.name}"
    found = report_groups(
        caller.tenant_id,
        user_ids=caller.visible_user_ids,
        after=position_of(query.cursor, listing=listing, form=ENTRY),
        at_once=query.limit + 1,
        services=services,
        period=None if period is None else period.name,
    )
    some = list(itertools.islice(found, query.limit + 1))  # one more than asked for tells whether there is a next page
    page = some[: query.limit]
    return ReportGroupPage(
        rows=[_document(group, answers, urls=query.urls) for group in page],
        next_cursor=cursor_after(listing, page[-1].position) if len(some) > len(page) else None,
    )


@router.get("/{group}", summary="The reports of a group", responses=problem_responses(ProblemKind.NOT_FOUND))
def group(
    group: GroupName,
    query: Annotated[UrlsQuery, Query()],
    caller: CurrentUser,
    services: ServicesDep,
    answers: Answers,
) -> ReportGroupDocument:
    """Each in its newest version, and the figures that were reported before."""
    found = report_group(caller.tenant_id, group, user_ids=caller.visible_user_ids, services=services)
    return _document(found, answers, urls=query.urls)


@router.get(
    "/{group}/versions",
    summary="Versions of all reports of a group, the latest ordered first",
    responses=problem_responses(ProblemKind.NOT_FOUND, ProblemKind.BAD_CURSOR),
)
def group_history(
    group: GroupName,
    query: Annotated[ReportsQuery, Query()],
    caller: CurrentUser,
    services: ServicesDep,
    answers: Answers,
) -> ReportPage:
    """Whatever their formats; those of the same `content` have the same figures."""
    listing = f"group-versions/{group}"
    position = position_of(query.cursor, listing=listing, form=ENTRY)
    found = group_versions(caller.tenant_id, group, user_ids=caller.visible_user_ids, after=position, services=services)
    some = list(itertools.islice(found, query.limit + 1))
    if not some and position is None:
        raise ReportMissingError(f"no group {group} of reports")
    page = some[: query.limit]
    return ReportPage(
        rows=documents_of([state for _, state in page], answers, urls=query.urls),
        next_cursor=cursor_after(listing, page[-1][0]) if len(some) > len(page) else None,
    )


def _document(found: ReportGroup, answers: ReportAnswers, *, urls: bool) -> ReportGroupDocument:
    reports = documents_of(found.states, answers, urls=urls)
    return ReportGroupDocument(group=found.name, reports=reports, earlier=_earlier(found.earlier))


def _earlier(manifest: ReportManifest | None) -> EarlierFigures | None:
    if manifest is None:
        return None
    return EarlierFigures(
        report_id=manifest.key.report_id,
        version=manifest.key.version,
        made_at=manifest.made_at,
        totals=Measures.of(manifest.totals),
    )
