"""`GET /v1/me`: whom a token stands for, and the periods that their calendar offers today."""

import datetime as dt
from typing import Literal, cast

from fastapi import APIRouter

from signtally.api.auth import SignedIn
from signtally.api.context import OwnTenant, WithServices
from signtally.api.documents import CalendarPeriod, Myself
from signtally.api.places import seated
from signtally.domain.periods import Period, PeriodKind, period_of
from signtally.domain.tenants import TenantProfile
from signtally.render.formats import Formats, one_line
from signtally.render.theme import Theme

router = APIRouter(tags=["account"], dependencies=[seated("others")])
_KINDS = {
    "today": PeriodKind.DAY,
    "this_week": PeriodKind.WEEK,
    "this_month": PeriodKind.MONTH,
    "this_quarter": PeriodKind.QUARTER,
    "this_year": PeriodKind.YEAR,
}


@router.get("/me", summary="Whom the token stands for")
def myself(caller: SignedIn, tenant: OwnTenant, services: WithServices) -> Myself:
    """The caller, their tenant, and the calendar periods that it is in today."""
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
        today=today,
        periods=_periods(today, tenant),
    )


def _periods(today: dt.date, tenant: TenantProfile) -> list[CalendarPeriod]:
    current = {key: period_of(kind, today, week_starts_on=tenant.first_weekday) for key, kind in _KINDS.items()}
    offered = {**current, "last_month": current["this_month"].previous}
    return [_offer(key, period) for key, period in offered.items()]


def _offer(key: str, period: Period) -> CalendarPeriod:
    return CalendarPeriod.model_validate(
        {
            "key": key,
            "period": period.name,
            "from": period.first,
            "to": period.last,
            "previous_from": period.previous.first,
            "previous_to": period.previous.last,
        }
    )
