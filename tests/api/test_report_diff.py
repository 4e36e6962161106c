"""`GET /v1/reports/{id}/diff`, and what each version says of the one before."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import World

Check = Callable[..., dict[str, Any]]
SEPTEMBER = {"period": "2026-09", "formats": ["csv"]}
SENT = {"measure": "sent", "before": 4, "after": 5}
COMPLETED = {"measure": "completed", "before": 2, "after": 0}


def make(client: Any, world: World, body: dict[str, Any] = SEPTEMBER) -> str:
    answer = client.post("/v1/reports", json=body)
    assert answer.status_code == 202, answer.text
    world.make_reports()
    address: str = answer.json()["links"]["self"]
    return address


@pytest.fixture
def report(admin: Any, world: World) -> str:
    """The address of a report in two versions: 5 instead of 4 documents sent, a new viewer."""
    make(admin, world)
    world.count("acme", "u_1", "2026-09-30", version=2, sent=5, user_name="Ann Ash")
    world.count("acme", "u_9", "2026-09-02", version=2, viewed=1)
    return make(admin, world)


def test_a_version_names_what_changed_since_the_one_before(admin: Any, report: str) -> None:
    rows = admin.get(f"{report}/versions").json()["rows"]
    assert rows[1]["changes"] is None
    assert rows[0]["changes"] == {
        "since_version": 1,
        "since_made_at": rows[1]["made_at"],
        "measures": [SENT, {"measure": "viewed", "before": 0, "after": 1}, COMPLETED],
        "changed_days": 2,
        "changed_users": 2,
    }


def test_the_diff_of_two_versions(admin: Any, report: str) -> None:
    viewed = {"measure": "viewed", "before": 0, "after": 1}
    diff = admin.get(f"{report}/diff?from=1&to=2").json()
    assert (diff["from"]["version"], diff["to"]["version"], diff["to"]["to"]) == (1, 2, "2026-09-30")
    assert diff["measures"] == [SENT, viewed, COMPLETED]
    assert diff["days"] == [
        {"day": "2026-09-02", "measures": [viewed], "reasons": []},
        {"day": "2026-09-30", "measures": [SENT, COMPLETED], "reasons": []},
    ]
    ann = {"user_id": "u_1", "user_name": "Ann Ash", "user_email": "ann@acme.example"}
    assert diff["users"] == [
        {**ann, "measures": [SENT, COMPLETED]},
        {"user_id": "u_9", "user_name": None, "user_email": None, "measures": [viewed]},
    ]
    assert (diff["next_cursor"], diff["notice"]) == (None, None)
    assert admin.get(f"{report}/diff?from=2&to=2").json()["measures"] == []


def test_users_come_in_pages(admin: Any, report: str, problem: Check) -> None:
    first = admin.get(f"{report}/diff?from=1&to=2&limit=1").json()
    second = admin.get(f"{report}/diff", params={"from": 1, "to": 2, "cursor": first["next_cursor"]}).json()
    assert [user["user_id"] for page in (first, second) for user in page["users"]] == ["u_1", "u_9"]
    assert second["next_cursor"] is None
    other = admin.get(f"{report}/diff", params={"from": 2, "to": 1, "cursor": first["next_cursor"]})
    problem(other, 422, "bad-cursor")


def test_versions_that_cannot_be_compared(admin: Any, world: World, report: str, problem: Check) -> None:
    problem(admin.get(f"{report}/diff?from=1&to=3"), 404, "not-found")
    problem(admin.get("/v1/reports/2026-09-000000000000/diff?from=1&to=2"), 404, "not-found")
    problem(admin.get(f"{report}/diff?from=1"), 422, "invalid-request")
    problem(admin.get(f"{report}/diff?from=0&to=1"), 422, "invalid-request")
    world.count("acme", "u_1", "2026-09-30", version=3, sent=9)
    admin.post("/v1/reports", json=SEPTEMBER)
    told = problem(admin.get(f"{report}/diff?from=1&to=3"), 409, "not-ready")
    assert "version 3" in told["detail"].lower()


def test_what_was_not_kept_is_said(admin: Any, world: World, report: str) -> None:
    world.objects.delete([each.key for each in world.objects.list_objects("reports/") if "/v1/users-" in each.key])
    diff = admin.get(f"{report}/diff?from=1&to=2").json()
    assert diff["measures"][0] == SENT
    assert diff["users"] is None
    assert "figures by users could not be compared" in diff["notice"]


def test_nobody_else_sees_what_changed(anonymous: Any, world: World, report: str, problem: Check) -> None:
    tokens = world.token("u_2", role="member"), world.token(tenant_id="globex")
    for token in tokens:
        problem(anonymous.using(token).get(f"{report}/diff?from=1&to=2"), 404, "not-found")
    problem(anonymous.get(f"{report}/diff?from=1&to=2"), 401, "missing-token")


def test_a_member_sees_what_changed_in_their_own_report(member: Any, world: World) -> None:
    own = make(member, world)
    world.count("acme", "u_2", "2026-09-30", version=2, sent=1)
    make(member, world)
    assert [user["user_id"] for user in member.get(f"{own}/diff?from=1&to=2").json()["users"]] == ["u_2"]
