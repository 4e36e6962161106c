"""`GET /v1/me`: the authenticated user, their tenant, and the calendar periods to choose from today."""

import datetime as dt
from typing import Literal, cast

from fastapi import APIRouter

from signtally.api.auth import CurrentUser
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.documents import CalendarPeriod, Myself
from signtally.domain.periods import Period, PeriodKind, period_between, period_of
from signtally.domain.tenants import TenantProfile
from signtally.render.formats import Formats
from signtally.render.theme import Theme
from signtally.render.visible_text import one_line

router = APIRouter(tags=["account"], dependencies=[limit_concurrency("others")])
# The period that today lies in, and the one before it.
_KINDS = {
    ("today", "yesterday"): PeriodKind.DAY,
    ("this_week", "last_week"): PeriodKind.WEEK,
    ("this_month", "last_month"): PeriodKind.MONTH,
    ("this_quarter", "last_quarter"): PeriodKind.QUARTER,
    ("this_year", "last_year"): PeriodKind.YEAR,
}
_LAST_DAYS = (7, 30, 90)  # up to and including today


@router.get("/me", summary="The user of the token")
def myself(caller: CurrentUser, tenant: CurrentTenant, services: ServicesDep) -> Myself:
    """The user, their tenant, and the calendar periods of today in the tenant's zone."""
    today = tenant.today(services.clock())
    formats = Formats.of(tenant)
    return Myself(
        tenant_id=tenant.tenant_id,
        tenant_name=one_line(tenant.display_name) or tenant.tenant_id,
        user_id=caller.user_id,
        role=cast("Literal['tenant_admin', 'member']", str(caller.role)),
        timezone=tenant.timezone,
        locale=str(formats.locale).replace("_", "-"),
        language=formats.language_tag,
        logo=tenant.branding.logo,
        accent=Theme().with_accent(tenant.branding.accent).accent,
        week_starts_on=tenant.week_starts_on,
        today=today,
        recipient_domains=sorted(services.schedule_limits.allowed_domains(tenant)),
        webhook_hosts=sorted(services.schedule_limits.webhook_hosts),
        periods=_periods(today, tenant),
    )


def _periods(today: dt.date, tenant: TenantProfile) -> list[CalendarPeriod]:
    offered: dict[str, Period] = {}
    for (this, last), kind in _KINDS.items():
        offered[this] = period_of(kind, today, week_starts_on=tenant.first_weekday)
        offered[last] = offered[this].previous
    for days in _LAST_DAYS:
        offered[f"last_{days}_days"] = period_between(today - dt.timedelta(days=days - 1), today)
    return [_offer(key, period, today=today) for key, period in offered.items()]


def _offer(key: str, period: Period, *, today: dt.date) -> CalendarPeriod:
    previous = period.clip(today).compared_with(today=today)
    return CalendarPeriod.model_validate(
        {
            "key": key,
            "period": period.name,
            "from": period.first,
            "to": period.last,
            "previous_from": previous.first,
            "previous_to": previous.last,
        }
    )
