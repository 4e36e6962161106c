"""`GET /v1/insights` and the basis of a report."""

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.tenants import Allowance, TenantProfile
from signtally.stores.tenants import Tenants

Check = Callable[..., dict[str, Any]]
_numbers = itertools.count()


def event(action: Action, time: str, document_id: str, user_id: str) -> ReceivedEvent:
    at = dt.datetime.fromisoformat(f"{time}Z")
    happened = UsageEvent("/portal", f"e{next(_numbers)}", action, "acme", user_id, document_id, at)
    return ReceivedEvent(happened, at, "m")


@pytest.fixture(autouse=True)
def _events(world: Any) -> None:
    """What u_1 and u_2 sent to each other in October 2026, in Berlin, before what u_1 does today."""
    world.usage.put_events(
        [
            event(Action.SENT, "2026-10-01T08:00:00", "d1", "u_1"),
            event(Action.VIEWED, "2026-10-01T08:20:00", "d1", "u_2"),
            event(Action.COMPLETED, "2026-10-02T14:00:00", "d1", "u_1"),
            event(Action.SENT, "2026-10-05T07:00:00", "d2", "u_2"),
            event(Action.SENT, "2026-09-30T21:59:59", "d3", "u_1"),
            event(Action.COMPLETED, "2026-10-16T08:00:00", "d3", "u_1"),
        ]
    )


def figures(**counts: int) -> dict[str, int]:
    return dict.fromkeys(MEASURES, 0) | counts


def test_the_whole_answer(admin: Any) -> None:
    answer = admin.get("/v1/insights?period=2026-10").json()
    activity = answer.pop("activity")
    assert answer == {
        "tenant_id": "acme",
        "timezone": "Europe/Berlin",
        "from": "2026-10-01",
        "to": "2026-10-17",
        "data_through": "2026-10-17T12:32:05Z",
        "basis": "activity",
        "totals": admin.get("/v1/usage?period=2026-10").json()["totals"],
        "previous_totals": figures(),
        "previous": admin.get("/v1/usage?period=2026-10").json()["previous"],
        "cohort": {"sent": 3, "viewed": 2, "signed": 2, "completed": 1, "open": 2},
        "completion_rate": 1 / 3,
        "previous_completion_rate": None,
        "success_rate_of_closed": 0.5,
        "active_senders": 2,
        "completed_documents": 2,
        "turnaround": {
            "documents": 2,
            "mean_seconds": 720_000.5,
            "median_seconds": 720_000.5,
            "p90_seconds": 1_209_600.9,
        },
        "open_documents": 2,
        "distinct_documents": 4,
        "allowance": None,
        "highlights": ["6 documents sent, 1 completed."],
        "stuck": None,
        "allowance_highlight": None,
    }
    assert {hour: events for hour, events in enumerate(activity["hours"]) if events} == {9: 1, 10: 3, 14: 9, 16: 1}
    assert activity["busiest_hour"] == 14
    assert activity["busiest_of_week"] == {"weekday": "saturday", "hour": 14}
    assert (activity["first_at"], activity["last_at"]) == ("2026-10-01T08:00:00Z", "2026-10-17T12:35:00Z")
    assert [sum(hours) for hours in zip(*activity["week"].values(), strict=True)] == activity["hours"]


def test_the_current_month_unless_a_period_is_named(admin: Any) -> None:
    assert admin.get("/v1/insights").json() == admin.get("/v1/insights?period=2026-10").json()


def test_a_cohort_is_followed_to_its_outcome(admin: Any) -> None:
    answer = admin.get("/v1/insights?from=2026-09-30&to=2026-09-30&basis=cohort").json()
    assert (answer["basis"], answer["activity"]) == ("cohort", None)
    assert answer["totals"] == figures(sent=1, completed=1)
    assert (answer["completion_rate"], answer["open_documents"], answer["distinct_documents"]) == (1.0, 0, 1)


def test_a_member_sees_what_they_sent_and_did(member: Any) -> None:
    answer = member.get("/v1/insights?period=2026-10").json()
    assert (answer["totals"]["sent"], answer["open_documents"], answer["turnaround"]) == (1, 1, None)
    assert (answer["distinct_documents"], sum(answer["activity"]["hours"])) == (2, 2)
    cohort = member.get("/v1/insights?period=2026-10&basis=cohort").json()
    assert cohort["totals"] == figures(sent=1)


def test_the_allowance_has_an_outlook(admin: Any, member: Any, world: Any) -> None:
    profile = TenantProfile(tenant_id="acme", timezone="Europe/Berlin", allowance=Allowance(documents_per_month=8))
    Tenants(world.objects).put(profile)
    assert admin.get("/v1/insights?period=2026-10").json()["allowance"] == {
        "month": "2026-10",
        "as_of": "2026-10-17",
        "documents_per_month": 8,
        "used": 6,
        "share": 0.75,
        "outlook": "runs_out",
        "expected": 10,
        "used_up_on": "2026-10-25",
    }
    answer = admin.get("/v1/insights?period=2026-10").json()
    assert answer["allowance_highlight"] == answer["highlights"][-1]
    assert "will run out on 25 Oct 2026" in answer["allowance_highlight"]
    assert admin.get("/v1/insights?period=2026-10-03").json()["allowance"]["used"] == 4
    assert member.get("/v1/insights").json()["allowance"] is None


def test_nothing_is_null_and_never_zero_per_cent(admin: Any) -> None:
    answer = admin.get("/v1/insights?period=2025").json()
    assert (answer["completion_rate"], answer["turnaround"], answer["activity"]["busiest_hour"]) == (None, None, None)


@pytest.mark.parametrize(
    ("query", "kind", "advice"),
    [
        ("period=2026-11", "future-period", "after today"),
        ("period=soon", "bad-period", "write a day"),
        ("from=2026-10-01", "bad-period", "both `from` and `to`"),
        ("basis=both", "invalid-request", "query.basis"),
        ("group_by=day", "invalid-request", "query.group_by"),
        ("basis=cohort&basis=cohort", "invalid-request", "give it once"),
    ],
)
def test_a_question_that_is_not_valid_says_what_to_write(
    admin: Any, problem: Check, query: str, kind: str, advice: str
) -> None:
    found = problem(admin.get(f"/v1/insights?{query}"), 422, kind)
    assert advice in str(found)


def test_nobody_asks_without_a_token(anonymous: Any, problem: Check) -> None:
    problem(anonymous.get("/v1/insights"), 401, "missing-token")


# The basis of a report


def ordered(client: Any, **filters: object) -> dict[str, Any]:
    body = {"period": "2026-10", "formats": ["csv"], "filters": filters}
    answer = client.post("/v1/reports", json=body)
    assert answer.status_code in {200, 202}, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_a_report_on_cohort_basis_is_another_report(admin: Any, world: Any) -> None:
    plain = admin.post("/v1/reports", json={"period": "2026-10", "formats": ["csv"]}).json()
    activity, cohort = ordered(admin, basis="activity"), ordered(admin, basis="cohort")
    assert activity["report_id"] == plain["report_id"] != cohort["report_id"]
    world.make_reports()
    ready = admin.get(f"/v1/reports/{cohort['report_id']}").json()
    assert ready["filters"] == {"user_ids": None, "basis": "cohort", "all_users": False}
    assert ready["totals"] == figures(sent=3, viewed=1, signed=7, completed=1)
    assert admin.get(f"/v1/reports/{plain['report_id']}").json()["filters"] is None


def test_a_member_may_choose_the_basis_and_stays_alone(member: Any, world: Any) -> None:
    cohort = ordered(member, basis="cohort")
    world.make_reports()
    ready = member.get(f"/v1/reports/{cohort['report_id']}").json()
    assert ready["filters"] == {"user_ids": ["u_2"], "basis": "cohort", "all_users": False}
    assert ready["totals"] == figures(sent=1)


def test_ids_from_before_there_were_bases_stay(admin: Any) -> None:
    """A link in an email that was sent then must go on leading to the same report."""
    assert admin.post("/v1/reports", json={"period": "2026-10", "formats": ["pdf"]}).json()["report_id"] == (
        "2026-10-fc57a7b41c34"
    )


def test_an_unknown_basis_is_refused(admin: Any, problem: Check) -> None:
    body = {"period": "2026-10", "filters": {"basis": "both"}}
    found = problem(admin.post("/v1/reports", json=body), 422, "invalid-request")
    assert "body.filters.basis" in str(found)
