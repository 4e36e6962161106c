"""`/v1/report-groups`: one row and one history for reports that differ in their formats alone."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import World

Check = Callable[..., dict[str, Any]]
SEPTEMBER = {"period": "2026-09"}


@pytest.fixture
def make(world: World) -> Callable[..., dict[str, Any]]:
    """Order a report a minute later than the one before, make it, and read it."""

    def make_it(client: Any, *formats: str, **about: Any) -> dict[str, Any]:
        world.now += dt.timedelta(minutes=1)
        ordered = client.post("/v1/reports", json=SEPTEMBER | {"formats": formats} | about)
        world.make_reports()
        made: dict[str, Any] = client.get(ordered.json()["links"]["self"]).json()
        return made

    return make_it


def test_formats_share_a_row_and_a_history(admin: Any, world: World, make: Any) -> None:
    """The figures are compared across formats; what has the same figures says so."""
    csv, same = make(admin, "csv"), make(admin, "csv", "json")
    world.count("acme", "u_1", "2026-09-30", version=2, sent=5, user_name="Ann Ash")
    newest = make(admin, "json")
    other = make(admin, "csv", filters={"user_ids": ["u_1"]})
    rows = admin.get("/v1/report-groups").json()["rows"]
    assert [[report["report_id"] for report in row["reports"]] for row in rows] == [
        [other["report_id"]],
        [newest["report_id"], same["report_id"], csv["report_id"]],
    ]
    assert csv["content"] == same["content"] != newest["content"]
    group = rows[1]
    assert {each["group"] for each in group["reports"]} == {group["group"]} != {rows[0]["group"]}
    earlier = group["earlier"]
    assert (earlier["report_id"], earlier["version"], earlier["totals"]["sent"]) == (same["report_id"], 1, 4)
    assert rows[0]["earlier"] is None
    assert admin.get(f"/v1/report-groups/{group['group']}").json() | {"reports": []} == group | {"reports": []}
    history = admin.get(f"/v1/report-groups/{group['group']}/versions").json()["rows"]
    assert [each["report_id"] for each in history] == [each["report_id"] for each in group["reports"]]
    between = {"from": 1, "to": 1, "from_report": same["report_id"]}
    diff = admin.get(f"/v1/reports/{newest['report_id']}/diff", params=between).json()
    assert (diff["from"]["report_id"], diff["to"]["report_id"]) == (same["report_id"], newest["report_id"])
    assert diff["measures"][0] == {"measure": "sent", "before": 4, "after": 5}


def test_groups_and_versions_come_in_pages(admin: Any, make: Any) -> None:
    """Each group is on the page of its newest report, though older ones of it lie between others."""
    make(admin, "csv")
    make(admin, "csv", period="2026-08")
    make(admin, "json")
    make(admin, "csv", period="2026-07")
    found: list[tuple[str, int]] = []
    cursor = None
    while not found or cursor:
        page = admin.get("/v1/report-groups", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        found += [(row["reports"][0]["period"], len(row["reports"])) for row in page["rows"]]
        cursor = page["next_cursor"]
    assert found == [("2026-07", 1), ("2026-09", 2), ("2026-08", 1)]
    group = admin.get("/v1/report-groups").json()["rows"][1]["group"]
    address = f"/v1/report-groups/{group}/versions"
    first = admin.get(address, params={"limit": 1}).json()
    second = admin.get(address, params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [each["formats"] for page in (first, second) for each in page["rows"]] == [["json"], ["csv"]]
    assert second["next_cursor"] is None


def test_groups_of_a_period(admin: Any, make: Any, problem: Check) -> None:
    make(admin, "csv")
    make(admin, "csv", period="2026-08")
    german = make(admin, "csv", locale="de")
    make(admin, "json")
    first = admin.get("/v1/report-groups?period=2026-09&limit=1").json()
    assert [report["formats"] for report in first["rows"][0]["reports"]] == [["json"], ["csv"]]
    about = {"period": "2026-09", "limit": 1, "cursor": first["next_cursor"]}
    (row,) = admin.get("/v1/report-groups", params=about).json()["rows"]
    assert [report["report_id"] for report in row["reports"]] == [german["report_id"]]
    assert admin.get("/v1/report-groups?from=2026-09-01&to=2026-09-02").json()["rows"] == []
    problem(admin.get("/v1/report-groups", params=about | {"period": "2026-08"}), 422, "bad-cursor")
    problem(admin.get("/v1/report-groups?period=soon"), 422, "bad-period")


def test_a_deleted_report_leaves_its_group(admin: Any, make: Any, problem: Check) -> None:
    make(admin, "csv")
    newest = make(admin, "json")
    assert admin.delete(f"/v1/reports/{newest['report_id']}").status_code == 204
    (row,) = admin.get("/v1/report-groups").json()["rows"]
    assert [each["formats"] for each in row["reports"]] == [["csv"]]
    admin.delete(f"/v1/reports/{row['reports'][0]['report_id']}")
    assert admin.get("/v1/report-groups").json()["rows"] == []
    problem(admin.get(f"/v1/report-groups/{row['group']}"), 404, "not-found")
    problem(admin.get(f"/v1/report-groups/{row['group']}/versions"), 404, "not-found")


def test_reports_of_different_groups_are_not_compared(admin: Any, make: Any, problem: Check) -> None:
    one, two = make(admin, "csv"), make(admin, "csv", filters={"basis": "cohort"})
    between = {"from": 1, "to": 1, "from_report": two["report_id"]}
    told = problem(admin.get(f"/v1/reports/{one['report_id']}/diff", params=between), 422, "invalid-request")
    assert "differ in more than their formats" in told["detail"]


def test_a_member_sees_groups_of_their_own(admin: Any, member: Any, make: Any) -> None:
    make(admin, "csv")
    own = make(member, "csv")
    (row,) = member.get("/v1/report-groups").json()["rows"]
    assert [each["report_id"] for each in row["reports"]] == [own["report_id"]]
    assert len(admin.get("/v1/report-groups").json()["rows"]) == 2
