"""Conditions under which a schedule sends: a small closed set, judged by the figures of the period that is due."""

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from signtally.domain.counted import counted

if TYPE_CHECKING:  # many programs read profiles and need no Polars, which is slow to import
    from signtally.domain.allowance import AllowanceUse
    from signtally.domain.documents import Cohort


class _Condition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AllowanceUsed(_Condition):
    """By the period's end, so much of its month's allowance was used."""

    when: Literal["allowance_used"]
    percent: int = Field(ge=1, le=1000, strict=True, description="At least so much of the month's allowance")


class NothingSent(_Condition):
    """No document was sent in the last days of the period, nor, if it is shorter, before it."""

    when: Literal["nothing_sent"]
    days: int = Field(ge=1, le=366, strict=True, description="Up to the period's last day; they may begin before it")


class CompletionRateFell(_Condition):
    """The completion rate is lower than that of the previous period, as the report shows both."""

    when: Literal["completion_rate_fell"]
    points: int = Field(ge=1, le=100, strict=True, description="At least so many percentage points")


Condition = Annotated[AllowanceUsed | NothingSent | CompletionRateFell, Field(discriminator="when")]


@dataclasses.dataclass(frozen=True, slots=True)
class ConditionOutcome:
    """Whether a condition holds, and by which figure: percent used, documents sent, points fallen.

    *found* is None where there is no such figure; *detail* says it to a person.
    """

    holds: bool
    found: float | None
    detail: str


def judge_allowance(condition: AllowanceUsed, use: "AllowanceUse | None") -> ConditionOutcome:
    """By what was used; an allowance of nothing is exceeded by anything. Without an allowance it never holds."""
    if use is None:
        return ConditionOutcome(holds=False, found=None, detail="the tenant has no allowance")
    holds = use.used > 0 and use.used * 100 >= condition.percent * use.allowed
    found = None if use.share is None else float(Fraction(use.used * 100, use.allowed))
    return ConditionOutcome(holds, found, f"documents used in {use.month.name}: {use.used} of {use.allowed}")


def judge_silence(condition: NothingSent, *, sent: int) -> ConditionOutcome:
    """By how many documents were *sent* in its days."""
    return ConditionOutcome(not sent, sent, f"documents sent in {counted(condition.days, 'day')}: {sent}")


def judge_fall(condition: CompletionRateFell, *, now: "Cohort | None", before: "Cohort | None") -> ConditionOutcome:
    """By exact shares; where either period sent nothing there is no rate, and it does not hold."""
    if not now or not before or not now.sent or not before.sent:
        return ConditionOutcome(holds=False, found=None, detail="there are no two completion rates to compare")
    fallen = 100 * (Fraction(before.completed, before.sent) - Fraction(now.completed, now.sent))
    rates = f"from {before.completed} of {before.sent} to {now.completed} of {now.sent}"
    return ConditionOutcome(fallen >= condition.points, float(fallen), f"documents completed went {rates}")
