"""Conditions of schedules: judged by exact figures, on record where they do not hold, wrong ones refused by name."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from signtally.domain.allowance import allowance_use
from signtally.domain.conditions import (
    AllowanceUsed,
    CompletionRateFell,
    NothingSent,
    judge_allowance,
    judge_fall,
    judge_silence,
)
from signtally.domain.documents import Cohort
from signtally.domain.periods import parse_period
from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import Allowance, TenantProfile
from signtally.stores.deliveries import PassedOver
from signtally.use_cases.delivering import condition_outcome, occurrence_by_hand, passed_over
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.scheduling import run_schedules
from signtally.use_cases.delivering.sending_by_hand import send_now
from tests.support.digest_portal import DUE, MONTHLY, Portal, acme, portal, usage

EIGHTY = AllowanceUsed(when="allowance_used", percent=80)
SILENT = NothingSent(when="nothing_sent", days=7)
FELL = CompletionRateFell(when="completion_rate_fell", points=10)


def conditional(condition: object, *, allowed: int | None = 50, sent: int = 41, **changes: object) -> Portal:
    acmes = portal()
    schedule = MONTHLY.model_copy(update={"condition": condition, **changes})
    acmes.store(acme(schedule).model_copy(update={"allowance": Allowance(documents_per_month=allowed)}))
    acmes.services.usage_store.put_daily_usage(usage(sent), version=1)
    return acmes


def passed(acmes: Portal) -> list[tuple[str, str]]:
    found = passed_over("acme", MONTHLY.name, services=acmes.services, most=9)
    return [(each.period, str(each.record.why)) for each in found]


@pytest.mark.parametrize(
    ("condition", "allowed", "is_sent"),
    [
        (EIGHTY, 51, True),
        (EIGHTY, 52, False),  # 78.8 %
        (EIGHTY, None, False),
        (SILENT, None, True),  # the last were sent on 5 October
        (SILENT.model_copy(update={"days": 26}), None, True),
        (SILENT.model_copy(update={"days": 27}), None, False),
        (FELL, None, False),  # nothing to compare with
    ],
)
def test_a_period_is_sent_when_its_condition_holds_and_else_on_record(
    condition: object,
    allowed: int | None,
    is_sent: bool,  # noqa: FBT001 -- what is expected
) -> None:
    acmes = conditional(condition, allowed=allowed)
    made = run_schedules(services=acmes.services)
    assert (made.made, made.not_needed) == (int(is_sent), int(not is_sent))
    outcome = run_digests(services=acmes.services)
    assert (outcome.sent, outcome.due) == ((2, 1) if is_sent else (0, 0))
    assert passed(acmes) == ([] if is_sent else [("2026-10", "not_needed")])
    assert run_digests(services=acmes.services).due == 0


def test_digests_alone_judge_it_as_well_and_by_hand_it_is_sent_all_the_same() -> None:
    acmes = conditional(EIGHTY, allowed=1000)
    outcome = run_digests(services=acmes.services)
    assert (outcome.not_needed, outcome.sent, outcome.reports_made) == (1, 0, 0)
    outcome.require_all_well()
    tenant = acmes.services.stores.tenants.get("acme")
    october = occurrence_by_hand(tenant, tenant.schedules[0], period=None, now=DUE)
    judged = condition_outcome(october, services=acmes.services)
    assert judged is not None
    assert (judged.holds, judged.found) == (False, 4.1)
    assert judged.detail == "documents used in 2026-10: 41 of 1000"
    send_now(october, services=acmes.services, requested_by="u_1", makes_report=True)
    assert len(acmes.mailer.sent) == 2


@pytest.mark.parametrize("condition", [SILENT, None])
def test_what_incomplete_figures_would_decide_waits_for_complete_ones(condition: object) -> None:
    """No document for seven days, because ingest stands still: that is neither told nor taken for settled."""
    acmes = conditional(condition, incomplete="send", sent=0, skip_if_empty=condition is None)
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T12:00:00Z"}')
    acmes.clock.now += dt.timedelta(hours=7)
    late = run_digests(services=acmes.services)
    assert (late.sent, late.empty, late.not_needed, len(late.overdue)) == (0, 0, 0, 1)
    acmes.services.usage_store.put_daily_usage(usage(3, day=dt.date(2026, 10, 31)), version=2)
    acmes.services.stores.watermarks.publish_data_through(acmes.clock.now)
    run_digests(services=acmes.services)
    assert passed(acmes) == ([("2026-10", "not_needed")] if condition else [])


@pytest.mark.parametrize("period", ["1999-12-31", "2000-01-01", "2000-01"])
def test_silence_reaches_back_to_the_earliest_day_at_most(period: str) -> None:
    acmes = conditional(NothingSent(when="nothing_sent", days=366))
    tenant = acmes.services.stores.tenants.get("acme")
    occurrence = occurrence_by_hand(tenant, tenant.schedules[0], period=parse_period(period), now=DUE)
    outcome = condition_outcome(occurrence, services=acmes.services)
    assert outcome is not None
    assert (outcome.holds, outcome.detail) == (True, "documents sent in 366 days: 0")


def test_an_allowance_of_nothing_is_exceeded_by_anything() -> None:
    day = dt.date(2026, 10, 5)
    for sent, holds in ((0, False), (1, True)):
        assert judge_allowance(EIGHTY, allowance_use({day: sent}, allowed=0, as_of=day, today=day)).holds is holds


@given(before=st.tuples(st.integers(0, 60), st.integers(0, 60)), now=st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_a_fall_is_counted_exactly(before: tuple[int, int], now: tuple[int, int]) -> None:
    """Ten points from 45 of 50 to 40 of 50, though 0.9 − 0.8 is less than 0.1 to a float."""
    cohorts = [Cohort(sent=max(pair), completed=min(pair)) for pair in (before, now)]
    outcome = judge_fall(FELL, before=cohorts[0], now=cohorts[1])
    (sent, completed), (sent_now, completed_now) = [(each.sent, each.completed) for each in cohorts]
    expected = sent > 0 and sent_now > 0 and 10 * (completed * sent_now - completed_now * sent) >= sent * sent_now
    assert outcome.holds is expected
    assert judge_fall(FELL, before=Cohort(50, completed=45), now=Cohort(50, completed=40)).holds
    assert judge_silence(SILENT, sent=0).holds


@pytest.mark.parametrize(
    ("condition", "advice"),
    [
        ({"when": "full_moon"}, "'allowance_used', 'nothing_sent', 'completion_rate_fell'"),
        ({"percent": 80}, "Unable to extract tag using discriminator 'when'"),
        ({"when": "allowance_used"}, "Field required"),
        ({"when": "allowance_used", "percent": 0}, "greater than or equal to 1"),
        ({"when": "nothing_sent", "days": 400}, "less than or equal to 366"),
        ({"when": "nothing_sent", "days": 7, "percent": 3}, "Extra inputs are not permitted"),
        ("always", "valid dictionary"),
    ],
)
def test_a_condition_that_is_none_is_refused_by_name(condition: object, advice: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Schedule.model_validate({"name": "x", "every": "month", "condition": condition})
    assert advice in str(refused.value)
    assert "condition" in str(refused.value)


def test_a_profile_keeps_its_conditions() -> None:
    profile = acme(MONTHLY.model_copy(update={"condition": FELL}))
    stored = TenantProfile.model_validate_json(profile.model_dump_json(exclude_unset=True))
    assert stored.schedules[0].condition == FELL
    assert PassedOver("not_needed") is PassedOver.NOT_NEEDED
