"""`GET /v1/trend`: the periods before, and the period itself."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from tests.api.conftest import World

Check = Callable[..., dict[str, Any]]


def event(action: Action, time: str, document_id: str, user_id: str = "u_1") -> ReceivedEvent:
    at = dt.datetime.fromisoformat(f"{time}Z")
    return ReceivedEvent(UsageEvent("/p", f"{document_id}-{action}", action, "acme", user_id, document_id, at), at, "m")


@pytest.fixture(autouse=True)
def _past(world: World) -> None:
    world.count("acme", "u_1", "2026-07-08", sent=2)
    world.count("acme", "u_2", "2026-08-09", sent=1, signed=3)
    world.usage.put_events(
        [
            event(Action.SENT, "2026-07-08T08:00:00", "d1"),
            event(Action.SENT, "2026-07-08T09:00:00", "d2"),
            event(Action.COMPLETED, "2026-09-02T08:00:00", "d2"),
            event(Action.SENT, "2026-08-09T08:00:00", "d3", "u_2"),
        ]
    )


def rows(client: Any, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/trend", params={"period": "2026-10"} | query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


def test_the_months_before_as_far_as_there_are_figures(admin: Any) -> None:
    found = rows(admin)
    assert list(found[0]) == ["period", "from", "to", *MEASURES, "completion_rate", "figures_from", "is_over"]
    assert [row["figures_from"] for row in found] == ["2026-07-08", None, None, None]
    assert [row["is_over"] for row in found] == [True, True, True, False]
    assert [row["period"] for row in found] == ["2026-07", "2026-08", "2026-09", "2026-10"]
    assert [row["sent"] for row in found] == [2, 1, 4, 6]
    assert [row["completion_rate"] for row in found[:2]] == [0.5, 0.0]
    assert (found[0]["from"], found[0]["to"]) == ("2026-07-01", "2026-07-31")


def test_the_last_row_is_the_period_as_usage_tells_it(admin: Any) -> None:
    usage = admin.get("/v1/usage?period=2026-10").json()
    last = rows(admin)[-1]
    assert {measure: last[measure] for measure in MEASURES} == usage["totals"]
    assert (last["from"], last["to"]) == (usage["from"], usage["to"])


def test_fewer_periods(admin: Any, problem: Check) -> None:
    assert [row["period"] for row in rows(admin, periods=1)] == ["2026-09", "2026-10"]
    for periods in (0, 13, "x"):
        problem(admin.get("/v1/trend", params={"periods": periods}), 422, "invalid-request")


def test_periods_of_the_same_kind(admin: Any) -> None:
    assert [row["period"] for row in rows(admin, period="2026-Q4")] == ["2026-Q3", "2026-Q4"]
    assert [row["from"] for row in rows(admin, period="2026-W40")][-1] == "2026-09-28"
    assert len(rows(admin, period="2026-W42")) == 13


def test_a_member_sees_their_own(member: Any) -> None:
    assert [(row["period"], row["sent"]) for row in rows(member)][-3:] == [
        ("2026-08", 1),
        ("2026-09", 0),
        ("2026-10", 1),
    ]


def test_a_period_that_has_not_begun(admin: Any, problem: Check) -> None:
    problem(admin.get("/v1/trend?period=2026-11"), 422, "future-period")
