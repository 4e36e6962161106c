"""`GET /v1/usage`: the figures of a period, whole, by day or by user."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from signtally.api.auth import CurrentUser
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.cursors import DEFAULT_LIMIT, Cursor, Limit, cursor_after, position_of
from signtally.api.documents import ComparedDays, DayRow, Measures, ProvisionalDays, Usage, UserRow
from signtally.api.periods import PeriodQuery, period_or_month
from signtally.api.problems import ProblemKind, problem_responses
from signtally.api.recent_totals import RecentTotals
from signtally.domain.periods import Period
from signtally.domain.snapshot import UsageSnapshot, UserUsage
from signtally.domain.tenants import TenantProfile
from signtally.render.caveats import UNREADABLE_PROFILE_NOTICE
from signtally.render.formats import Formats
from signtally.services import Services
from signtally.threads import ContextThreads
from signtally.use_cases.figures import read_totals, read_user_page

router = APIRouter(tags=["usage"], dependencies=[limit_concurrency("figures")])

# The figures, and the rows of one page with the cursor of the next.
_Page = tuple[UsageSnapshot, list[DayRow] | list[UserRow], str | None]


class UsageQuery(PeriodQuery):
    group_by: Annotated[
        Literal["none", "day", "user"], Field(description="What a row stands for; `none`: totals alone")
    ] = "none"
    cursor: Cursor = None
    limit: Limit = DEFAULT_LIMIT


@router.get(
    "/usage",
    summary="The figures of a period",
    responses=problem_responses(
        ProblemKind.BAD_PERIOD, ProblemKind.FUTURE_PERIOD, ProblemKind.BAD_CURSOR, ProblemKind.INVALID
    ),
)
def usage(
    http: Request,
    query: Annotated[UsageQuery, Query()],
    caller: CurrentUser,
    tenant: CurrentTenant,
    services: ServicesDep,
) -> Usage:
    """Name the `period`, or its days by `from` and `to`; without either it is the current month.

    A period that reaches into the future ends today, and `to` says so; one that has not begun is a 422. Rows come in
    pages in a fixed order (users by `user_id`), so that following `next_cursor` meets every row exactly once, even
    while new figures arrive. Pages of users that follow the first within half a minute repeat its totals, with its
    `data_through`. A member gets their own activity only.
    """
    period = period_or_month(query, tenant=tenant, services=services)
    services = services.at(services.clock())  # one "today" throughout, even across midnight
    if query.group_by == "user":
        recent: RecentTotals = http.app.state.recent_totals
        read = _read_users(query, period, tenant, visible=caller.visible_user_ids, recent=recent, services=services)
    else:
        read = _read_days(query, period, tenant, visible=caller.visible_user_ids, services=services)
    snapshot, rows, next_cursor = read
    provisional = snapshot.provisional_days
    return Usage(
        tenant_id=tenant.tenant_id,
        timezone=tenant.timezone,
        first=snapshot.period.first,
        last=snapshot.period.last,
        data_through=snapshot.data_through,
        totals=Measures.of(snapshot.totals),
        previous_totals=Measures.of(snapshot.previous_totals),
        previous=ComparedDays.of(snapshot),
        rows=rows,
        next_cursor=next_cursor,
        provisional=ProvisionalDays(first=provisional[0], last=provisional[-1]) if provisional else None,
        notice=Formats.of(tenant).words.gettext(UNREADABLE_PROFILE_NOTICE) if tenant.is_unreadable else None,
    )


def _read_users(  # noqa: PLR0913 -- by name
    query: UsageQuery,
    period: Period,
    tenant: TenantProfile,
    *,
    visible: tuple[str, ...] | None,
    recent: RecentTotals,
    services: Services,
) -> _Page:
    listing = f"usage/user/{period.name}"
    position = position_of(query.cursor, listing=listing)
    with ContextThreads(1) as beside:
        totals = beside.submit(
            recent.read, tenant, period, services=services, user_ids=visible, follows=position is not None
        )
        page = read_user_page(tenant, period, services=services, after=position, limit=query.limit, user_ids=visible)
    next_cursor = cursor_after(listing, page.after) if page.after is not None else None
    return totals.result(), [_user_row(user) for user in page.users], next_cursor


def _read_days(
    query: UsageQuery, period: Period, tenant: TenantProfile, *, visible: tuple[str, ...] | None, services: Services
) -> _Page:
    listing = f"usage/{query.group_by}/{period.name}"
    position = position_of(query.cursor, listing=listing)
    snapshot = read_totals(tenant, period, services=services, user_ids=visible)
    if query.group_by == "none":
        return snapshot, [], None
    days = [DayRow(day=day.day, **day.counts.as_dict()) for day in snapshot.days]
    return snapshot, *_cut(days, listing=listing, position=position, limit=query.limit)


def _user_row(user: UserUsage) -> UserRow:
    names = {"user_id": user.user_id, "user_name": user.user_name, "user_email": user.user_email}
    return UserRow.model_validate(names | user.counts.as_dict())


def _cut(days: Sequence[DayRow], *, listing: str, position: str | None, limit: int) -> tuple[list[DayRow], str | None]:
    """The days behind *position*, and the cursor of the next page."""
    behind = [row for row in days if position is None or str(row.day) > position]
    page = behind[:limit]
    more = len(behind) > len(page)
    return page, cursor_after(listing, str(page[-1].day)) if more else None
