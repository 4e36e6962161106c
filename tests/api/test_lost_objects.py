"""An object of a report that is lost or spoilt costs itself alone: lists, other files and new orders go on."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import World

Check = Callable[..., dict[str, Any]]
SEPTEMBER = {"period": "2026-09", "formats": ["xlsx", "csv"]}


def made(client: Any, world: World, body: dict[str, Any] = SEPTEMBER) -> dict[str, Any]:
    answer = client.post("/v1/reports", json=body)
    assert answer.status_code == 202, answer.text
    world.make_reports()
    document: dict[str, Any] = client.get(answer.json()["links"]["self"]).json()
    assert document["status"] == "ready"
    return document


def keys_of(world: World, name: str, *, version: int = 1) -> list[str]:
    found = [summary.key for summary in world.objects.list_objects("reports/")]
    return [key for key in found if f"/v{version}/{name}" in key]


def lose(world: World, name: str, *, version: int = 1) -> None:
    lost = keys_of(world, name, version=version)
    assert lost
    world.objects.delete(lost)


def spoil(world: World, name: str, *, version: int = 1) -> None:
    for key in keys_of(world, name, version=version):
        world.objects.put(key, b'{"half": ')


def test_a_report_without_its_files_is_still_listed(admin: Any, world: World) -> None:
    report = made(admin, world)
    lose(world, "usage-")
    for document in (admin.get(report["links"]["self"]).json(), admin.get("/v1/reports").json()["rows"][0]):
        assert (document["status"], document["files"], document["gone"]) == ("ready", [], ["xlsx", "csv"])
        assert document["totals"] == report["totals"]


def test_of_two_files_one_is_gone(admin: Any, world: World, problem: Check) -> None:
    report = made(admin, world)
    (csv,) = (key for key in keys_of(world, "usage-") if key.endswith(".csv"))
    world.objects.delete([csv])
    document = admin.get(report["links"]["self"]).json()
    assert ([file["format"] for file in document["files"]], document["gone"]) == (["xlsx"], ["csv"])
    assert admin.get(report["links"]["files"]["xlsx"]).status_code == 307
    told = problem(admin.get(report["links"]["files"]["csv"]), 410, "gone")
    assert told["order"] == {"href": "/v1/reports", "body": SEPTEMBER}
    assert "Order the report again: POST" in told["detail"]


@pytest.mark.parametrize(
    "body",
    [
        SEPTEMBER,
        {"from": "2026-09-01", "to": "2026-09-13", "formats": ["csv"]},
        {"period": "2026-W38", "formats": ["csv"], "filters": {"user_ids": ["u_1", "u_2"], "basis": "cohort"}},
    ],
)
def test_what_the_problem_says_orders_the_next_version(
    admin: Any, world: World, problem: Check, body: dict[str, Any]
) -> None:
    report = made(admin, world, body)
    lose(world, "usage-")
    told = problem(admin.get(report["links"]["files"]["csv"]), 410, "gone")
    again = made(admin, world, told["order"]["body"])
    assert (again["report_id"], again["version"], again["gone"]) == (report["report_id"], 2, [])
    assert again["changes"]["measures"] == []
    assert admin.get(report["links"]["files"]["csv"]).status_code == 307
    assert admin.get(f"{report['links']['files']['csv']}?version=1").status_code == 410
    assert [row["version"] for row in admin.get(report["links"]["versions"]).json()["rows"]] == [2, 1]


@pytest.mark.parametrize("harm", [lose, spoil])
@pytest.mark.parametrize("name", ["request.json", "manifest.json", "users-", "started.json"])
@pytest.mark.parametrize("version", [1, 2])
def test_no_single_object_breaks_a_list_or_an_order(
    admin: Any, world: World, harm: Callable[..., None], name: str, version: int
) -> None:
    made(admin, world, {"period": "2026-10", "formats": ["csv"]})
    report = made(admin, world)
    world.now = world.now.replace(minute=36)
    world.count("acme", "u_1", "2026-09-30", version=2, sent=43)
    made(admin, world)
    harm(world, name, version=version)
    for path in ("self", "versions"):
        assert admin.get(report["links"][path]).status_code == 200
    assert {row["period"] for row in admin.get("/v1/reports").json()["rows"]} >= {"2026-10"}
    world.now = world.now.replace(hour=14)
    answer = admin.post("/v1/reports", json=SEPTEMBER)
    assert answer.status_code in {200, 202}, answer.text
    world.make_reports()
    current = admin.get(report["links"]["self"]).json()
    assert (current["status"], current["totals"]["sent"]) == ("ready", 43)
    assert admin.get(report["links"]["files"]["csv"]).status_code == 307


def test_a_version_whose_claim_is_lost_is_known_by_its_manifest(admin: Any, member: Any, world: World) -> None:
    report = made(admin, world)
    lose(world, "request.json")
    (listed,) = admin.get("/v1/reports").json()["rows"]
    assert (listed["report_id"], listed["status"], len(listed["files"])) == (report["report_id"], "ready", 2)
    assert member.get(report["links"]["self"]).status_code == 404


def test_a_version_whose_manifest_is_spoilt_says_how_to_go_on(admin: Any, world: World) -> None:
    report = made(admin, world)
    spoil(world, "manifest.json")
    document = admin.get(report["links"]["self"]).json()
    assert document["status"] == "failed"
    assert "Order the report again" in document["failure"]
    assert made(admin, world)["version"] == 2


def test_a_version_whose_manifest_is_gone_is_not_being_made_for_ever(admin: Any, world: World) -> None:
    report = made(admin, world)
    lose(world, "manifest.json")
    assert admin.get(report["links"]["self"]).json()["status"] == "running"  # as between its files and its manifest
    world.now += dt.timedelta(minutes=3)
    document = admin.get(report["links"]["self"]).json()
    assert (document["status"], document["failure_reason"]["code"]) == ("failed", "unreadable")
    assert made(admin, world)["version"] == 2
