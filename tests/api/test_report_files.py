"""`/v1/reports/…/files`: where a file is, for programs and for browsers."""

import hashlib
from collections.abc import Callable
from typing import Any

from tests.support.ordered_reports import made, order, stored

Check = Callable[..., dict[str, Any]]
SEPTEMBER = {"period": "2026-09", "formats": ["csv"]}


def test_a_file_is_a_redirect_to_a_fresh_signed_url(admin: Any, world: Any) -> None:
    ready = made(admin, world, SEPTEMBER)
    answer = admin.get(ready["links"]["files"]["csv"])
    assert answer.status_code == 307
    assert hashlib.sha256(stored(world, answer.headers["location"])).hexdigest() == ready["files"][0]["sha256"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_file_stays_reachable_while_the_next_version_is_made(admin: Any, world: Any, problem: Check) -> None:
    ready = made(admin, world, SEPTEMBER)
    world.count("acme", "u_1", "2026-09-30", version=2, sent=43)
    order(admin, SEPTEMBER)
    assert admin.get(ready["links"]["files"]["csv"]).status_code == 307
    assert admin.get(f"{ready['links']['files']['csv']}?version=1").status_code == 307
    answer = admin.get(f"{ready['links']['files']['csv']}?version=2")
    problem(answer, 409, "not-ready")
    assert answer.headers["retry-after"] == "1"


def test_a_script_learns_where_a_file_is_instead_of_being_redirected(admin: Any, world: Any) -> None:
    ready = made(admin, world, {"period": "2026-09", "formats": ["csv"]})
    answer = admin.get(f"{ready['links']['files']['csv']}?redirect=false")
    assert answer.status_code == 200
    (file,) = ready["files"]
    link = answer.json()
    assert {name: link[name] for name in ("format", "bytes", "sha256")} == {
        name: file[name] for name in ("format", "bytes", "sha256")
    }
    assert link["url"]
    recorded = [row["action"] for row in admin.get("/v1/audit").json()["rows"]]
    assert recorded == ["report.downloaded", "report.linked", "report.ordered"]


def test_a_file_that_is_not_there(admin: Any, world: Any, problem: Check) -> None:
    ordered = order(admin, SEPTEMBER)
    problem(admin.get(ordered["links"]["files"]["csv"]), 409, "not-ready")
    world.fail_reports()
    document = problem(admin.get(ordered["links"]["files"]["csv"]), 409, "not-ready")
    assert "it was tried several times" in document["detail"]
    ready = made(admin, world, SEPTEMBER)
    absent = problem(admin.get(f"{ready['links']['self']}/files/pdf"), 404, "not-found")
    assert absent["detail"] == f"Report {ready['report_id']} was made as csv, not as pdf. Order that format too."
    problem(admin.get(f"{ready['links']['self']}/files/docx"), 404, "not-found")
    problem(admin.get(f"/v1/reports/{'x' * 65}"), 404, "not-found")


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_a_browser_that_follows_an_emailed_link_is_led_to_the_page(anonymous: Any) -> None:
    answer = anonymous.get("/v1/reports/2026-09-0123456789ab/files/pdf", headers=BROWSER)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/#report_id=2026-09-0123456789ab&format=pdf".replace("report_id", "report")
    versioned = anonymous.get("/v1/reports/2026-09-0123456789ab/files/pdf?version=2", headers=BROWSER)
    assert versioned.headers["location"].endswith("&format=pdf&version=2")


def test_a_program_without_a_token_is_not_led_anywhere(anonymous: Any, problem: Check) -> None:
    problem(anonymous.get("/v1/reports/2026-09-0123456789ab/files/pdf"), 401, "missing-token")


def test_a_browser_with_a_bad_token_is_told(anonymous: Any, problem: Check) -> None:
    answer = anonymous.using("x.y.z").get("/v1/reports/2026-09-0123456789ab/files/pdf", headers=BROWSER)
    problem(answer, 401, "bad-token")
