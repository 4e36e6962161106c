"""What clients and proxies rely on: idempotency keys, compression, CORS, HSTS, metrics."""

from collections.abc import Callable
from typing import Any

import pytest

from signtally.api.app import create_app
from tests.api.conftest import Client, World

Check = Callable[..., dict[str, Any]]
SEPTEMBER = {"period": "2026-09", "formats": ["csv"]}


def with_settings(world: World, **changes: Any) -> Client:
    world.settings = world.settings.model_copy(update=changes)
    return Client(create_app(world.services, loopback_only=True), world.token())


def order(client: Any, key: str, body: dict[str, Any] = SEPTEMBER) -> Any:
    return client.post("/v1/reports", json=body, headers={"Idempotency-Key": key})


def test_an_order_sent_again_leads_to_the_same_version(admin: Any, world: World) -> None:
    first = order(admin, "k-1")
    assert first.status_code == 202
    world.make_reports()
    assert order(admin, "k-1").json()["version"] == 1
    world.now = world.now.replace(hour=15)
    world.count("acme", "u_1", "2026-09-30", version=2, sent=43)
    assert order(admin, "k-1").json()["version"] == 1
    assert order(admin, "k-2").status_code == 202


def test_a_key_belongs_to_one_order_of_one_user(admin: Any, anonymous: Any, world: World, problem: Check) -> None:
    order(admin, "k-1")
    other = {"period": "2026-10", "formats": ["csv"]}
    problem(order(admin, "k-1", other), 422, "idempotency-key-reused")
    assert order(anonymous.using(world.token("u_2")), "k-1", other).status_code == 202
    problem(order(admin, "x" * 256), 422, "invalid-request")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SEPTEMBER, SEPTEMBER | {"filters": {}}),
        (SEPTEMBER, SEPTEMBER | {"filters": {"basis": "activity", "user_ids": None}, "locale": None}),
        (SEPTEMBER | {"formats": ["csv", "pdf", "csv"]}, SEPTEMBER | {"formats": ["pdf", "csv"]}),
        ({"filters": {"user_ids": ["b", "a", "b"]}}, {"filters": {"user_ids": ["a", "b"], "all_users": False}}),
        ({"from": "2026-09-01", "to": "2026-09-09", "period": None}, {"period": "2026-09-01_2026-09-09"}),
        ({}, {"formats": ["json", "zip", "csv", "xlsx", "pdf"]}),
    ],
)
def test_a_body_that_means_the_same_is_the_same_order(admin: Any, one: dict[str, Any], other: dict[str, Any]) -> None:
    month = {} if "from" in one else {"period": "2026-09"}
    first, again = order(admin, "k-1", month | one), order(admin, "k-1", month | other)
    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())


def test_a_member_orders_the_same_with_and_without_their_own_id(member: Any) -> None:
    own = SEPTEMBER | {"filters": {"user_ids": ["u_2"]}}
    assert order(member, "k-1").json() == order(member, "k-1", own).json()


def test_a_failed_order_is_tried_anew_under_its_key(admin: Any, world: World) -> None:
    order(admin, "k-1")
    world.fail_reports()
    assert order(admin, "k-1").status_code == 202
    assert len(world.orders.orders) == 1
    world.make_reports()
    world.now = world.now.replace(hour=15)
    world.count("acme", "u_1", "2026-09-30", version=2, sent=43)
    assert order(admin, "k-1").json()["version"] == 2  # from then on it is what the key led to


def test_a_deleted_report_is_made_anew_under_its_old_key(admin: Any, world: World) -> None:
    address = order(admin, "k-1").json()["links"]["self"]
    world.make_reports()
    assert admin.delete(address).status_code == 204
    assert order(admin, "k-1").status_code == 202


def test_large_answers_are_compressed_for_those_who_can_read_it(admin: Any) -> None:
    plain = admin.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    packed = admin.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    assert packed.json() == plain.json()
    assert "content-encoding" not in admin.get("/healthz", headers={"Accept-Encoding": "gzip"}).headers


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip;q=0", None),
        ("br, gzip ; q=0.000", None),
        ("gzip;q=0, identity", None),
        ("gzip;q=0.5", "gzip"),
        ("identity;q=0, gzip", "gzip"),
    ],
)
def test_whoever_refuses_compression_gets_none(admin: Any, accepted: str, encoding: str | None) -> None:
    answer = admin.get("/openapi.json", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == encoding


def test_other_sites_call_it_when_a_setting_names_them(world: World, admin: Any) -> None:
    asked = {"Origin": "https://portal.example", "Access-Control-Request-Method": "PATCH"}
    asked |= {"Access-Control-Request-Headers": "authorization,content-type,if-match,if-none-match"}
    assert admin.request("OPTIONS", "/v1/profile", headers=asked).status_code == 405
    client = with_settings(world, cors_origins=("https://portal.example",))
    allowed = client.request("OPTIONS", "/v1/profile", headers=asked)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://portal.example"
    assert "access-control-allow-credentials" not in allowed.headers
    answer = client.get("/v1/me", headers={"Origin": "https://portal.example"})
    assert answer.headers["access-control-allow-origin"] == "https://portal.example"
    assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
    refused = client.request("OPTIONS", "/v1/profile", headers=asked | {"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(("public_url", "header"), [("http://127.0.0.1", None), ("https://x", "max-age=31536000")])
def test_behind_tls_browsers_are_told_to_keep_to_it(world: World, public_url: str, header: str | None) -> None:
    answer = with_settings(world, public_url=public_url).get("/healthz")
    assert answer.headers.get("strict-transport-security") == header


def test_metrics_count_answers_by_route_and_say_nothing_of_tenants(admin: Any, anonymous: Any) -> None:
    for path in ("/v1/usage", "/v1/reports/2026-09-secret", "/v1/none-of-ours", "/v1/usage?period=x"):
        admin.get(path)
    answer = anonymous.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = answer.text.splitlines()
    assert 'signtally_http_requests_total{method="GET",route="/v1/usage",status="200"} 1.0' in lines
    assert 'signtally_http_requests_total{method="GET",route="/v1/usage",status="422"} 1.0' in lines
    assert 'signtally_http_requests_total{method="GET",route="/v1/reports/{report_id}",status="404"} 1.0' in lines
    assert 'signtally_http_requests_total{method="other",route="other",status="404"} 1.0' in lines
    assert 'signtally_http_request_seconds_count{method="GET",route="/v1/usage"} 2.0' in lines
    assert 'signtally_http_free_slots{kind="others"} 12.0' in lines
    assert "secret" not in answer.text
    assert "acme" not in answer.text
