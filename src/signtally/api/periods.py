"""The period of a request: `period=2026-10`, or `from` and `to`."""

import datetime as dt
import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from signtally.api.problems import ProblemError, ProblemKind
from signtally.domain.invalid_values import invalid_value
from signtally.domain.periods import Period, PeriodKind, parse_period, period_between, period_of
from signtally.domain.tenants import TenantProfile
from signtally.services import Services


def _calendar_date(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise invalid_value("date", "write a date such as 2026-10-03")
    return dt.date.fromisoformat(value)


CalendarDate = Annotated[dt.date, BeforeValidator(_calendar_date), WithJsonSchema({"type": "string", "format": "date"})]
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FORM = f"^([0-9]{{4}}(-[0-9]{{2}}|-W[0-9]{{2}}|-Q[1-4])?|{_DAY}(_{_DAY})?)$"
# Described, not enforced, by a pattern: the message of `parse_period` says what to write.
_PeriodName = Annotated[str, Field(json_schema_extra={"pattern": _FORM})]
PeriodName = Annotated[
    _PeriodName | None,
    Field(
        description="A day `2026-10-03`, week `2026-W41`, month `2026-10`, quarter `2026-Q4` or year `2026`, "
        "in the tenant's calendar and zone; or days from–to `2026-10-03_2026-10-09`, as a delivery names them",
        examples=["2026-10"],
    ),
]
FirstDay = Annotated[CalendarDate | None, Field(description="First day, included, in the tenant's zone")]
LastDay = Annotated[CalendarDate | None, Field(description="Last day, included, in the tenant's zone")]


class PeriodQuery(BaseModel):
    """A period by its name, or by its first and last day."""

    model_config = ConfigDict(extra="forbid")

    period: PeriodName = None
    first: FirstDay = Field(default=None, alias="from")
    last: LastDay = Field(default=None, alias="to")


def period_or_month(query: PeriodQuery, *, tenant: TenantProfile, services: Services) -> Period:
    """What `named_period` finds for the query; when it names no period, the tenant's current month."""
    named = named_period(query.period, first=query.first, last=query.last, tenant=tenant, services=services)
    return named or period_of(PeriodKind.MONTH, tenant.today(services.clock()))


def named_period(
    name: str | None, *, first: dt.date | None, last: dt.date | None, tenant: TenantProfile, services: Services
) -> Period | None:
    """The whole period that a request names, not clipped to today; None when it names none.

    Raises ProblemError, also when more days of it have begun than a request may cover, or PeriodError.
    """
    period = _named(name, first=first, last=last, tenant=tenant)
    most = services.settings.longest_period_days
    if period is not None:
        days = (min(period.last, tenant.today(services.clock())) - period.first).days + 1
        if days > most:
            raise ProblemError(
                ProblemKind.BAD_PERIOD,
                f"This period has {days:,} days, more than the {most:,} that one may. Ask in parts.",
            )
    return period


def _named(name: str | None, *, first: dt.date | None, last: dt.date | None, tenant: TenantProfile) -> Period | None:
    if name is not None and (first is not None or last is not None):
        raise ProblemError(ProblemKind.BAD_PERIOD, "Write either `period`, or `from` and `to`, not both.")
    if name is not None:
        return parse_period(name, week_starts_on=tenant.first_weekday)
    if first is not None and last is not None:
        return period_between(first, last)
    if first is not None or last is not None:
        raise ProblemError(ProblemKind.BAD_PERIOD, "Write both `from` and `to`, such as from=2026-10-01&to=2026-10-17.")
    return None
