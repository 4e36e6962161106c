"""`/v1/reports`: ordering, waiting, and what is one report or another."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from signtally.domain.report_failures import FailureCode, FailureReason
from signtally.domain.reports import ReportKey
from signtally.domain.tenants import Member
from signtally.stores.tenants import Tenants
from tests.support.order_consumers import consume, stop_consuming
from tests.support.ordered_reports import made, order, stored

Check = Callable[..., dict[str, Any]]
SEPTEMBER = {"period": "2026-09", "formats": ["csv"]}


def test_an_order_is_answered_at_once(admin: Any, world: Any) -> None:
    ordered = order(admin, {"period": "2026-09", "formats": ["xlsx", "pdf"]})
    report_id = ordered["report_id"]
    assert ordered == {
        "report_id": report_id,
        "status": "pending",
        "links": {
            "self": f"/v1/reports/{report_id}",
            "versions": f"/v1/reports/{report_id}/versions",
            "events": f"/v1/reports/{report_id}/events",
            "files": {
                "pdf": f"/v1/reports/{report_id}/files/pdf",
                "xlsx": f"/v1/reports/{report_id}/files/xlsx",
            },
        },
    }
    (sent,) = world.orders.orders
    assert (sent.key, sent.requested_by) == (ReportKey("acme", report_id, 1), "u_1")


def test_a_report_on_its_way_and_ready(admin: Any, world: Any) -> None:
    ordered = order(admin, SEPTEMBER)
    pending = admin.get(ordered["links"]["self"]).json()
    assert (pending["status"], pending["files"], pending["totals"]) == ("pending", [], None)
    world.make_reports()
    ready = admin.get(ordered["links"]["self"]).json()
    assert (ready["report_id"], ready["version"], ready["status"]) == (ordered["report_id"], 1, "ready")
    assert (ready["period"], ready["from"], ready["to"]) == ("2026-09", "2026-09-01", "2026-09-30")
    assert ready["data_through"] == "2026-10-17T12:32:05Z"
    assert ready["totals"]["sent"] == 4
    (file,) = ready["files"]
    body = stored(world, file["url"])
    assert (file["format"], file["bytes"], file["sha256"]) == ("csv", len(body), hashlib.sha256(body).hexdigest())
    assert file["expires_at"] == "2026-10-17T12:50:00Z"


def test_the_same_report_is_made_once(admin: Any, world: Any) -> None:
    first = made(admin, world, SEPTEMBER)
    again = order(admin, {"formats": ["csv", "csv"], "period": "2026-09"}, expected=200)
    assert again == first
    assert world.orders.orders == []


def test_an_order_under_way_is_not_placed_twice(admin: Any, world: Any) -> None:
    assert order(admin, SEPTEMBER) == order(admin, SEPTEMBER)
    assert len(world.orders.orders) == 1


def test_all_formats_unless_some_are_named(admin: Any) -> None:
    assert list(order(admin, {"period": "2026-09"})["links"]["files"]) == ["pdf", "xlsx", "csv", "zip", "json"]


def test_a_range_by_its_days(admin: Any, world: Any) -> None:
    ready = made(admin, world, {"from": "2026-10-01", "to": "2026-12-31", "formats": ["csv"]})
    assert (ready["period"], ready["from"], ready["to"]) == ("2026-10-01_2026-12-31", "2026-10-01", "2026-10-17")


def test_a_filter_narrows_a_report(admin: Any, world: Any) -> None:
    ready = made(
        admin, world, {"period": "2026-10", "formats": ["csv"], "filters": {"user_ids": ["u_3", "u_2", "u_3"]}}
    )
    assert ready["filters"] == {"user_ids": ["u_2", "u_3"], "basis": "activity", "all_users": False}
    assert ready["totals"]["sent"] == 1


def test_a_report_of_one_user_is_downloaded_under_their_name(admin: Any, world: Any) -> None:
    """Known or not; of several, it is not."""
    for users, name in ((["u_1"], "Acme usage 2026-10 Ann Ash.csv"), (["u_9"], "Acme usage 2026-10 u_9.csv")):
        ready = made(admin, world, {"period": "2026-10", "formats": ["csv"], "filters": {"user_ids": users}})
        assert quote(name) in admin.get(f"{ready['links']['files']['csv']}?redirect=false").json()["url"]


def test_a_report_with_every_user_printed_is_another_report(admin: Any, world: Any) -> None:
    plain = made(admin, world, {"period": "2026-10", "formats": ["csv"]})
    whole = made(admin, world, {"period": "2026-10", "formats": ["csv"], "filters": {"all_users": True}})
    assert whole["filters"] == {"user_ids": None, "basis": "activity", "all_users": True}
    assert whole["report_id"] != plain["report_id"]
    assert (whole["totals"], whole["version"]) == (plain["totals"], 1)


@pytest.mark.parametrize("name", ["pdf", "xlsx", "csv", "zip", "json"])
def test_every_format_is_made_and_led_to(admin: Any, world: Any, name: str) -> None:
    ready = made(admin, world, {"period": "2026-09", "formats": [name]})
    (file,) = ready["files"]
    assert file["format"] == name
    assert (
        hashlib.sha256(stored(world, admin.get(ready["links"]["files"][name]).headers["location"])).hexdigest()
        == (file["sha256"])
    )


@pytest.mark.parametrize(
    ("body", "kind", "advice"),
    [
        ({}, "bad-period", "Write a `period` such as 2026-10"),
        ({"period": "2026-10", "from": "2026-10-01", "to": "2026-10-02"}, "bad-period", "not both"),
        ({"from": "2026-10-01"}, "bad-period", "both `from` and `to`"),
        ({"period": "soon"}, "bad-period", "write a day"),
        ({"period": "2026-11"}, "future-period", "after today"),
        ({"period": 2026}, "invalid-request", "body.period"),
        ({"period": "2026-10", "formats": []}, "invalid-request", "body.formats"),
        ({"period": "2026-10", "formats": ["docx"]}, "invalid-request", "'pdf', 'xlsx', 'csv', 'zip' or 'json'"),
        ({"period": "2026-10", "formats": "pdf"}, "invalid-request", "body.formats"),
        ({"period": "2026-10", "format": ["pdf"]}, "invalid-request", "body.format: unknown parameter"),
        ({"period": "2026-10", "filters": {"users": ["u_1"]}}, "invalid-request", "body.filters.user"),
        ({"period": "2026-10", "filters": {"user_ids": []}}, "invalid-request", "body.filters.user_ids"),
        ({"from": 20261001, "to": "2026-10-02"}, "invalid-request", "write a date"),
        ([], "invalid-request", "body"),
        (None, "invalid-request", "body"),
    ],
)
def test_an_order_that_is_not_valid_says_what_to_write(
    admin: Any, problem: Check, body: Any, kind: str, advice: str
) -> None:
    assert advice in problem(admin.post("/v1/reports", json=body), 422, kind)["detail"]
    assert admin.get("/v1/reports").json()["rows"] == []


def test_a_body_that_is_no_json(admin: Any, problem: Check) -> None:
    headers = {"Content-Type": "application/json"}
    assert (
        "not valid JSON"
        in problem(admin.post("/v1/reports", content=b"{", headers=headers), 422, "invalid-request")["detail"]
    )


def test_without_an_order_consumer_nothing_is_half_made(admin: Any, world: Any, problem: Check) -> None:
    stop_consuming(world.services)
    before = {summary.key for summary in world.objects.list_objects("")}
    answer = admin.post("/v1/reports", json=SEPTEMBER)
    assert "no order consumer" in problem(answer, 503, "no-report-queue")["detail"]
    assert {summary.key for summary in world.objects.list_objects("")} == before
    assert admin.get("/v1/reports").json() == {"rows": [], "next_cursor": None}
    consume(world.services)
    assert made(admin, world, SEPTEMBER)["version"] == 1


def test_a_report_that_failed_says_why_and_is_made_anew(admin: Any, world: Any) -> None:
    ordered = order(admin, SEPTEMBER)
    world.fail_reports(FailureReason(FailureCode.TOO_SLOW, {"format": "CSV", "limit": 60}))
    failed = admin.get(ordered["links"]["self"]).json()
    assert failed["status"] == "failed"
    assert failed["failure"].startswith("The CSV file took more than 60 seconds to make.")
    assert failed["failure_reason"] == {"code": "too-slow", "values": {"format": "CSV", "limit": 60}}
    assert made(admin, world, SEPTEMBER)["version"] == 2


def test_a_report_in_another_language_is_another_report(admin: Any, world: Any, problem: Check) -> None:
    english, german = made(admin, world, SEPTEMBER), made(admin, world, SEPTEMBER | {"locale": "de"})
    assert english["report_id"] != german["report_id"]
    assert (english["locale"], german["locale"]) == (None, "de")
    assert admin.post("/v1/reports", json=SEPTEMBER | {"locale": "de"}).json()["report_id"] == german["report_id"]
    assert stored(world, german["files"][0]["url"]).startswith(b"\xef\xbb\xbfuser_id;"), "as Excel has it in Germany"
    keys = [each.key for each in world.objects.list_objects("reports/")]
    world.objects.delete([key for key in keys if german["report_id"] in key and key.endswith(".csv")])
    gone = problem(admin.get(german["links"]["files"]["csv"]), 410, "gone")
    assert gone["order"]["body"] == SEPTEMBER | {"locale": "de"}
    problem(admin.post("/v1/reports", json=SEPTEMBER | {"locale": "no language"}), 422, "invalid-request")


@pytest.mark.parametrize("spelling", ["de-ch", "DE_CH", "de_CH"])
def test_a_language_is_one_language_however_it_is_spelt(admin: Any, world: Any, spelling: str) -> None:
    swiss = made(admin, world, SEPTEMBER | {"locale": "de-CH"})
    again = admin.post("/v1/reports", json=SEPTEMBER | {"locale": spelling})
    assert (again.status_code, again.json()["report_id"]) == (200, swiss["report_id"])


def test_who_the_members_are_now_makes_no_next_version(admin: Any, world: Any) -> None:
    made(admin, world, SEPTEMBER)
    tenants = Tenants(world.objects)
    tenants.put(tenants.get("acme").model_copy(update={"members": (Member(user_id="u_1"),)}))
    assert admin.post("/v1/reports", json=SEPTEMBER).status_code == 200


def test_restated_figures_make_the_next_version_and_keep_the_first(admin: Any, world: Any) -> None:
    first = made(admin, world, SEPTEMBER)
    world.count("acme", "u_1", "2026-09-30", version=2, sent=43)
    second = made(admin, world, SEPTEMBER)
    assert (second["report_id"], second["version"], second["totals"]["sent"]) == (first["report_id"], 2, 43)
    versions = admin.get(second["links"]["versions"]).json()
    assert [(row["version"], row["totals"]["sent"]) for row in versions["rows"]] == [(2, 43), (1, 4)]
    assert admin.get(f"{first['links']['self']}?version=1").json() == first
    one = admin.get(second["links"]["versions"], params={"limit": 1}).json()
    rest = admin.get(second["links"]["versions"], params={"cursor": one["next_cursor"]}).json()
    assert [row["version"] for row in one["rows"] + rest["rows"]] == [2, 1]
    assert rest["next_cursor"] is None


def test_two_who_order_at_once_get_one_report(admin: Any, world: Any) -> None:
    # As many at once as the API works on: each thread here has its own event loop, and a wait belongs to one loop.
    with ThreadPoolExecutor(6) as pool:
        ids = {answer["report_id"] for answer in pool.map(lambda _: order(admin, SEPTEMBER), range(24))}
    assert len(ids) == 1
    assert len(world.orders.orders) == 1
    assert len(admin.get("/v1/reports").json()["rows"]) == 1
