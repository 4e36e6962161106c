"""Whether an occurrence is passed over: its period is empty and that is skipped, or its condition does not hold."""

import datetime as dt

from signtally.domain.conditions import (
    AllowanceUsed,
    CompletionRateFell,
    Condition,
    ConditionOutcome,
    NothingSent,
    judge_allowance,
    judge_fall,
    judge_silence,
)
from signtally.domain.periods import EARLIEST_DAY, period_between
from signtally.domain.schedules import Occurrence
from signtally.services import Services
from signtally.stores.deliveries import PassedOver
from signtally.use_cases.figures import read_report, read_usage


def why_passed_over(occurrence: Occurrence, *, services: Services) -> PassedOver | None:
    """None when it is to be made and sent. Only for complete figures: it is decided once. Raises a ServiceError."""
    if _is_empty(occurrence, services=services):
        return PassedOver.EMPTY
    outcome = condition_outcome(occurrence, services=services)
    return PassedOver.NOT_NEEDED if outcome is not None and not outcome.holds else None


def condition_outcome(occurrence: Occurrence, *, services: Services) -> ConditionOutcome | None:
    """What becomes of the schedule's condition in this period; None without one. Raises a ServiceError."""
    condition = occurrence.schedule.condition
    return None if condition is None else _judged(condition, occurrence, services=services)


def _judged(condition: Condition, occurrence: Occurrence, *, services: Services) -> ConditionOutcome:
    tenant, period = occurrence.tenant, occurrence.period
    match condition:
        case AllowanceUsed():
            return judge_allowance(condition, read_usage(tenant, period, services=services).allowance)
        case NothingSent(days=days):
            first = max(period.last - dt.timedelta(days=days - 1), EARLIEST_DAY)  # before it there is nothing
            last_days = period_between(first, period.last)
            return judge_silence(condition, sent=read_usage(tenant, last_days, services=services).totals.sent)
        case CompletionRateFell():
            snapshot = read_report(tenant, period, services=services)
            return judge_fall(condition, now=snapshot.cohort, before=snapshot.previous_cohort)


def _is_empty(occurrence: Occurrence, *, services: Services) -> bool:
    if not occurrence.schedule.skip_if_empty:
        return False
    return not any(read_usage(occurrence.tenant, occurrence.period, services=services).totals.as_tuple())
