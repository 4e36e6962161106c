"""`/v1/reports`: the list, versions, and who may see what."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.made_up_cursors import made_up_cursor
from tests.support.ordered_reports import made, order

Check = Callable[..., dict[str, Any]]
SEPTEMBER = {"period": "2026-09", "formats": ["csv"]}


@pytest.mark.parametrize("path", ["", "/versions", "/files/pdf"])
@pytest.mark.parametrize("report_id", ["2026-09-000000000000", "..", "%2E%2E%2Fglobex", "a%00b", "ü"])
def test_a_report_that_nobody_ordered(admin: Any, problem: Check, report_id: str, path: str) -> None:
    answer = admin.get(f"/v1/reports/{report_id}{path}")
    assert answer.status_code == 404, answer.text
    problem(answer, 404, "not-found")


def test_a_version_that_is_not_there(admin: Any, world: Any, problem: Check) -> None:
    ready = made(admin, world, SEPTEMBER)
    problem(admin.get(f"{ready['links']['self']}?version=2"), 404, "not-found")
    problem(admin.get(f"{ready['links']['self']}?version=0"), 422, "invalid-request")


def test_reports_are_listed_latest_first_each_once(admin: Any, world: Any) -> None:
    for minute, period in enumerate(["2026-07", "2026-08", "2026-09", "2026-07"]):
        world.now = world.now.replace(minute=40 + minute)
        world.count("acme", "u_1", "2026-07-01", version=minute + 1, sent=minute + 1)
        made(admin, world, {"period": period, "formats": ["csv"]})
    listed, cursor = [], None
    while True:
        page = admin.get("/v1/reports", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        listed += [(row["period"], row["version"]) for row in page["rows"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert listed == [("2026-07", 2), ("2026-09", 1), ("2026-08", 1)]
    assert [row["period"] for row in admin.get("/v1/reports").json()["rows"]] == ["2026-07", "2026-09", "2026-08"]


@pytest.mark.parametrize("position", ["x", "", "-1", "1e9", "\ud800", "\0", "../../acme", "9" * 400])
def test_a_made_up_cursor_is_refused(admin: Any, world: Any, problem: Check, position: str) -> None:
    ready = made(admin, world, SEPTEMBER)
    for listing, path in (("reports", "/v1/reports"), (f"versions/{ready['report_id']}", ready["links"]["versions"])):
        problem(admin.get(path, params={"cursor": made_up_cursor(listing, position)}), 422, "bad-cursor")


def test_a_tenant_sees_nothing_of_anothers_reports(admin: Any, anonymous: Any, world: Any, problem: Check) -> None:
    ready = made(admin, world, SEPTEMBER)
    other = anonymous.using(world.token(tenant_id="globex"))
    for path in (*ready["links"]["files"].values(), ready["links"]["self"], ready["links"]["versions"]):
        problem(other.get(path), 404, "not-found")
    assert other.get("/v1/reports").json()["rows"] == []


def test_a_members_report_is_about_themselves(member: Any, world: Any) -> None:
    ready = made(member, world, {"period": "2026-10", "formats": ["csv"]})
    assert ready["filters"] == {"user_ids": ["u_2"], "basis": "activity", "all_users": False}
    assert ready["totals"]["sent"] == 1
    order(member, {"period": "2026-10", "formats": ["csv"], "filters": {"user_ids": ["u_2"]}}, expected=200)


def test_a_member_may_not_ask_about_others(member: Any, world: Any, problem: Check) -> None:
    for user_ids in (["u_1"], ["u_1", "u_2"]):
        body = {"period": "2026-10", "filters": {"user_ids": user_ids}}
        problem(member.post("/v1/reports", json=body), 403, "forbidden")
    assert world.orders.orders == []


def test_to_a_member_others_reports_do_not_exist(admin: Any, member: Any, world: Any, problem: Check) -> None:
    ready = made(admin, world, SEPTEMBER)
    for path in (*ready["links"]["files"].values(), ready["links"]["self"], ready["links"]["versions"]):
        problem(member.get(path), 404, "not-found")
    problem(member.get(f"{ready['links']['self']}?version=1"), 404, "not-found")
    own = made(member, world, {"period": "2026-10", "formats": ["csv"]})
    assert [row["report_id"] for row in member.get("/v1/reports").json()["rows"]] == [own["report_id"]]
    assert len(admin.get("/v1/reports").json()["rows"]) == 2
