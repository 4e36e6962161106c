"""`DELETE /v1/reports/{id}`: everything of a report goes, and nothing else."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from signtally.domain.reports import ReportKey
from tests.api.conftest import World

Check = Callable[..., dict[str, Any]]
SEPTEMBER = {"period": "2026-09", "formats": ["csv"]}
OCTOBER = {"period": "2026-10", "formats": ["csv"]}


def made(client: Any, world: World, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/v1/reports", json=body)
    world.make_reports()
    report: dict[str, Any] = client.get(answer.json()["links"]["self"]).json()
    return report


def keys(world: World, prefix: str) -> list[str]:
    return [found.key for found in world.objects.list_objects(prefix)]


def test_every_version_goes_and_the_other_reports_stay(admin: Any, world: World, problem: Check) -> None:
    kept = made(admin, world, OCTOBER)
    report = made(admin, world, SEPTEMBER)
    world.count("acme", "u_1", "2026-09-30", version=2, sent=43)
    assert made(admin, world, SEPTEMBER)["version"] == 2
    answer = admin.delete(report["links"]["self"])
    assert (answer.status_code, answer.content) == (204, b"")
    for path in (report["links"]["self"], report["links"]["versions"], report["links"]["files"]["csv"]):
        problem(admin.get(path), 404, "not-found")
    problem(admin.get(f"{report['links']['self']}/diff?from=1&to=2"), 404, "not-found")
    problem(admin.delete(report["links"]["self"]), 404, "not-found")
    assert [row["report_id"] for row in admin.get("/v1/reports").json()["rows"]] == [kept["report_id"]]
    assert keys(world, f"reports/acme/{report['report_id']}") == [f"reports/acme/{report['report_id']}/v2/deleted.json"]
    newest = admin.get(f"/v1/audit?subject={report['report_id']}").json()["rows"]
    assert {row["action"] for row in newest} == {"report.ordered", "report.linked", "report.deleted"}
    again = made(admin, world, SEPTEMBER)
    assert (again["report_id"], again["version"], again["totals"]["sent"]) == (report["report_id"], 3, 43)


def test_what_a_crash_left_is_deleted_by_the_next_call(admin: Any, world: World) -> None:
    report = made(admin, world, SEPTEMBER)
    folder = f"reports/acme/{report['report_id']}/v1/"
    world.objects.delete([*keys(world, "report-index/"), f"{folder}request.json", f"{folder}manifest.json"])
    assert keys(world, folder)
    assert admin.delete(report["links"]["self"]).status_code == 204
    assert keys(world, folder) == [f"{folder}deleted.json"]


def test_no_number_ever_names_two_versions(admin: Any, world: World, problem: Check) -> None:
    """Files, the audit trail and idempotency keys name a version by its number."""
    keyed = admin.post("/v1/reports", json=SEPTEMBER, headers={"Idempotency-Key": "k-1"}).json()
    world.make_reports()
    for number in (2, 3):
        assert admin.delete(keyed["links"]["self"]).status_code == 204
        assert made(admin, world, SEPTEMBER)["version"] == number
    assert [each["version"] for each in admin.get(keyed["links"]["versions"]).json()["rows"]] == [3]
    problem(admin.get(f"{keyed['links']['self']}?version=1"), 404, "not-found")
    assert admin.delete(keyed["links"]["self"]).status_code == 204
    assert [key.rpartition(keyed["report_id"])[2] for key in keys(world, "reports/")] == ["/v3/deleted.json"]
    world.count("acme", "u_1", "2026-09-30", version=2, sent=43)
    assert admin.post("/v1/reports", json=SEPTEMBER, headers={"Idempotency-Key": "k-1"}).status_code == 202


def test_what_is_ordered_meanwhile_is_not_deleted_with_the_rest(admin: Any, world: World) -> None:
    report = made(admin, world, SEPTEMBER)
    listed = world.services.stores.reports.folder("acme", report["report_id"])
    world.now += dt.timedelta(hours=1)
    world.count("acme", "u_1", "2026-09-30", version=2, sent=43)
    assert admin.post("/v1/reports", json=SEPTEMBER).status_code == 202
    world.services.stores.reports.delete(listed)
    world.make_reports()
    (kept,) = admin.get("/v1/reports").json()["rows"]
    assert (kept["version"], kept["status"], kept["totals"]["sent"]) == (2, "ready", 43)


def test_a_consumer_that_comes_back_late_frees_no_number(admin: Any, world: World) -> None:
    """It made a version that counted as given up, and was deleted."""
    report = made(admin, world, SEPTEMBER)
    key = ReportKey("acme", report["report_id"], 1)
    assert admin.delete(report["links"]["self"]).status_code == 204
    world.services.stores.reports.put_file(key, "usage.csv", b"late", content_type="text/csv")
    world.services.stores.reports.discard(key)
    assert made(admin, world, SEPTEMBER)["version"] == 2


def test_not_while_it_is_being_made(admin: Any, world: World, problem: Check) -> None:
    ordered = admin.post("/v1/reports", json=SEPTEMBER).json()
    problem(admin.delete(ordered["links"]["self"]), 409, "not-ready")
    world.fail_reports()
    assert admin.delete(ordered["links"]["self"]).status_code == 204


def test_for_administrators_of_the_tenant(
    admin: Any, member: Any, anonymous: Any, world: World, problem: Check
) -> None:
    report = made(admin, world, SEPTEMBER)
    problem(member.delete(report["links"]["self"]), 403, "forbidden")
    problem(anonymous.using(world.token(tenant_id="globex")).delete(report["links"]["self"]), 404, "not-found")
    assert admin.get(report["links"]["self"]).json()["status"] == "ready"
