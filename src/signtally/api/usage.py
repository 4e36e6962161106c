"""`GET /v1/usage`: the figures of a period, whole, by day or by user."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from signtally.api.auth import CurrentUser
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.cursors import DEFAULT_LIMIT, Cursor, Limit, cursor_after, position_of
from signtally.api.documents import ComparedDays, DayRow, Measures, ProvisionalDays, Usage, UserRow
from signtally.api.periods import FirstDay, LastDay, PeriodName, named_period
from signtally.api.problems import ProblemKind, problem_responses
from signtally.domain.periods import PeriodKind, period_of
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.contents import UNREADABLE_PROFILE
from signtally.render.formats import Formats
from signtally.use_cases.reading import read_usage

router = APIRouter(tags=["usage"], dependencies=[limit_concurrency("figures")])
Row = TypeVar("Row", DayRow, UserRow)


class UsageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    period: PeriodName = None
    first: FirstDay = Field(default=None, alias="from")
    last: LastDay = Field(default=None, alias="to")
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
    query: Annotated[UsageQuery, Query()], caller: CurrentUser, tenant: CurrentTenant, services: ServicesDep
) -> Usage:
    """Name the `period`, or its days by `from` and `to`; without either it is the current month.

    A period that reaches into the future ends today, and `to` says so; one that has not begun is a 422. Rows come in
    pages in a fixed order (users by `user_id`), so that following `next_cursor` meets every row exactly once, even
    while new figures arrive. A member gets their own activity only.
    """
    period = named_period(query.period, first=query.first, last=query.last, tenant=tenant)
    period = period or period_of(PeriodKind.MONTH, tenant.today(services.clock()))
    snapshot = read_usage(tenant, period, services=services, user_ids=caller.visible_user_ids)
    rows, next_cursor = _page(query, snapshot)
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
        notice=Formats.of(tenant).words.gettext(UNREADABLE_PROFILE) if tenant.is_unreadable else None,
    )


def _page(query: UsageQuery, snapshot: UsageSnapshot) -> tuple[list[DayRow] | list[UserRow], str | None]:
    position = position_of(query.cursor, listing=f"usage/{query.group_by}")
    match query.group_by:
        case "none":
            return [], None
        case "day":
            days = [DayRow(day=day.day, **day.counts.as_dict()) for day in snapshot.days]
            return _cut([(str(row.day), row) for row in days], position=position, query=query)
        case "user":
            users = [
                UserRow(user_id=u.user_id, user_name=u.user_name, user_email=u.user_email, **u.counts.as_dict())
                for u in snapshot.users
            ]
            users.sort(key=lambda row: row.user_id)
            return _cut([(row.user_id, row) for row in users], position=position, query=query)


def _cut(keyed: Sequence[tuple[str, Row]], *, position: str | None, query: UsageQuery) -> tuple[list[Row], str | None]:
    """The rows behind *position*, of those keyed in order, and the cursor of the next page."""
    behind = [(key, row) for key, row in keyed if position is None or key > position]
    page = behind[: query.limit]
    more = len(behind) > len(page)
    return [row for _, row in page], cursor_after(f"usage/{query.group_by}", page[-1][0]) if more else None
