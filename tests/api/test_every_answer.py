"""What holds of every answer: problems, headers, limits, the log; and the answers that need no token."""

import logging
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from signtally.api import health
from signtally.ports.errors import NotProvisionedError
from signtally.render.theme import Theme
from tests.support.log_lines import logged

Check = Callable[..., dict[str, Any]]


def test_an_address_that_is_none(anonymous: Any, problem: Check) -> None:
    for path in ("/nothing", "/v1", "/v1/usage/", "/static/x/page.js", "/static/../../etc/passwd", "/v1/tenants"):
        problem(anonymous.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/usage", "GET, HEAD"),
        ("DELETE", "/v1/reports", "GET, HEAD, POST"),
        ("POST", "/v1/schedules/weekly", "DELETE, GET, HEAD, PUT"),
        ("PUT", "/healthz", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
    ],
)
def test_another_method_is_told_which_ones_there_are(
    admin: Any, problem: Check, method: str, path: str, allowed: str
) -> None:
    answer = admin.request(method, path)
    assert allowed in problem(answer, 405, "method-not-allowed")["detail"]
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/healthz", "/readyz", "/openapi.json", "/v1/usage", "/v1/reports", "/v1/me", "/nothing"]
)
def test_head_is_get_without_the_body(admin: Any, path: str) -> None:
    whole, head = admin.get(path), admin.request("HEAD", path)
    assert head.status_code == whole.status_code
    assert head.content == b""
    changing = {"x-request-id"} | ({"content-length"} if whole.status_code >= 400 else set())
    kept = [{name: text for name, text in answer.headers.items() if name not in changing} for answer in (whole, head)]
    assert kept[0] == kept[1]


def test_the_schema_of_json_reports_is_published_without_a_token(anonymous: Any) -> None:
    answer = anonymous.get("/schemas/report-1.json")
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.json()["$id"] == "urn:signtally:report:1"
    assert 'href="schemas/report-1.json"' in anonymous.get("/docs").text


def test_a_parameter_is_given_once(admin: Any, problem: Check) -> None:
    document = problem(admin.get("/v1/usage?period=2026-10&period=2026-09"), 422, "invalid-request")
    part = {"location": "query.period", "detail": "give it once", "code": "given-twice", "values": {}}
    assert document["errors"] == [part]


def test_a_field_of_a_body_is_given_once(admin: Any, problem: Check) -> None:
    """At any depth: which of the two a reader of JSON takes is its own choice."""
    recipient = b'{"email": "a@x.example", "email": "b@x.example"}'
    body = b'{"every": "day", "at": "07:00", "recipients": [' + recipient + b'], "at": "08:00"}'
    answer = admin.put("/v1/schedules/daily", content=body, headers={"Content-Type": "application/json"})
    parts = problem(answer, 422, "invalid-request")["errors"]
    assert [(part["location"], part["code"]) for part in parts] == [
        ("body.email", "given-twice"),
        ("body.at", "given-twice"),
    ]


def test_a_fault_of_ours_shows_nothing_of_the_inside(
    admin: Any, world: Any, problem: Check, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(world.usage, "day_totals", fail)
    answer = admin.get("/v1/usage")
    problem(answer, 500, "internal-error")
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "secret inside" in caplog.text
    assert answer.headers["x-request-id"] in caplog.text


def test_a_large_body_is_not_read(admin: Any, problem: Check) -> None:
    huge = b'{"period": "' + b"x" * 300_000 + b'"}'
    problem(admin.post("/v1/reports", content=huge, headers={"Content-Type": "application/json"}), 413, "too-large")


def test_json_without_end_is_no_fault_of_ours(admin: Any, problem: Check) -> None:
    deep = b'{"period": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = admin.post("/v1/reports", content=deep, headers={"Content-Type": "application/json"})
    problem(answer, 400, "bad-request")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/reports"), ("PUT", "/v1/schedules/monthly")])
def test_a_body_of_another_type_is_named_as_such(
    admin: Any, problem: Check, method: str, path: str, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = admin.request(method, path, content=b'{"period": "2026-09"}', headers=headers)
    assert "application/json" in problem(answer, 415, "unsupported-media-type")["detail"]


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/merge-patch+json", "Application/JSON"]
)
def test_json_by_any_of_its_names(admin: Any, content_type: str) -> None:
    answer = admin.post("/v1/reports", content=b'{"period": "2026-09"}', headers={"Content-Type": content_type})
    assert answer.status_code == 202


def test_every_request_leaves_one_line_without_its_secrets(
    admin: Any, world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "signtally.api")
    admin.get("/v1/usage?period=2026-10&token=hush%0Ahush")
    (line,) = (record.getMessage() for record in caplog.records if record.name == "signtally.api")
    assert re.fullmatch(r"GET /v1/usage → 422 in \d+ ms \[[0-9a-f-]{36}\]", line)
    assert world.token()[:20] not in caplog.text


def test_a_path_cannot_write_lines_into_the_log(admin: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "signtally.api")
    admin.get("/v1/reports/x%0AGET%20/forged")
    assert "x%0AGET%20/forged" in caplog.text


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/me", "/nothing", "/healthz"])
def test_browsers_are_kept_careful(admin: Any, path: str) -> None:
    headers = admin.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_answers_about_a_tenant_are_kept_in_no_cache(admin: Any) -> None:
    assert admin.get("/v1/usage").headers["cache-control"] == "no-store"
    assert admin.get("/v1/nothing").headers["cache-control"] == "no-store"


def test_the_process_is_up(anonymous: Any) -> None:
    assert anonymous.get("/healthz").json() == {"status": "ok"}


def test_ready_while_bucket_and_usage_store_answer(
    anonymous: Any, world: Any, problem: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert anonymous.get("/readyz").json() == {"status": "ready", "checks": {"bucket": "ok", "usage store": "ok"}}

    def absent(*_: Any, **__: Any) -> None:
        raise NotProvisionedError("Timestream: table secret.daily_usage does not exist")

    monkeypatch.setattr(world.usage, "daily_usage", absent)
    answer = anonymous.get("/readyz")
    document = problem(answer, 503, "unavailable")
    assert document["checks"] == {"bucket": "ok", "usage store": "NotProvisioned"}
    assert "usage store" in document["detail"]
    assert "secret" not in answer.text
    monkeypatch.setattr(world.objects, "get", absent)
    assert set(anonymous.get("/readyz").json()["checks"].values()) == {"NotProvisioned"}


def test_a_service_that_hangs_does_not_hang_the_probe(
    anonymous: Any, world: Any, problem: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(health, "_DEADLINE_SECONDS", 0.05)
    monkeypatch.setattr(world.objects, "get", lambda _: released.wait(120))
    try:
        document = problem(anonymous.get("/readyz"), 503, "unavailable")
    finally:
        released.set()
    assert document["checks"]["bucket"] == "no answer within 0.05 seconds"


def test_each_check_answers_for_itself(
    anonymous: Any, world: Any, problem: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is asked, a check that hangs holds up no other, and hangs once."""
    released, asked = threading.Event(), threading.Semaphore(0)

    def hang(_: str) -> None:
        asked.release()
        released.wait(120)

    monkeypatch.setattr(health, "_DEADLINE_SECONDS", 1.5)
    monkeypatch.setattr(world.objects, "get", hang)
    try:
        for _ in range(2):
            document = problem(anonymous.get("/readyz"), 503, "unavailable")
            assert document["checks"] == {"bucket": "no answer within 1.5 seconds", "usage store": "ok"}
    finally:
        released.set()
    assert asked.acquire(blocking=False)
    assert not asked.acquire(blocking=False)


def test_the_page_and_what_it_is_made_of(anonymous: Any) -> None:
    page = anonymous.get("/")
    assert page.headers["content-type"].startswith("text/html")
    script = r'<script(?![^>]*\b(?:src=|type="application/json"))'
    assert not re.search(rf"{script}|\son\w+=|\bstyle=|https?://", page.text)
    for address in re.findall(r'(?:src|href)="(static/[^"]+)"', page.text):
        asset = anonymous.get(f"/{address}")
        assert asset.status_code == 200, address
        assert "immutable" in asset.headers["cache-control"]


def test_the_page_has_the_colours_of_the_files(anonymous: Any) -> None:
    (address,) = re.findall(r'"(static/[^"]+page\.css)"', anonymous.get("/").text)
    style = anonymous.get(f"/{address}").text
    assert f"--accent: {Theme().accent};" in style
    assert f"--sans: {Theme().sans};" in style


def test_the_documentation_explains_every_call_and_problem(anonymous: Any) -> None:
    api = anonymous.get("/openapi.json").json()
    docs = anonymous.get("/docs").text
    for path, calls in api["paths"].items():
        assert path in docs
        for call in calls.values():
            assert f'id="{call["operationId"]}"' in docs
    for kind in ("expired-token", "future-period", "no-report-queue"):
        assert f'id="{kind}"' in docs


def test_whom_a_token_stands_for(member: Any) -> None:
    me = member.get("/v1/me").json()
    assert (me["tenant_name"], me["user_id"], me["role"]) == ("Acme", "u_2", "member")
    assert (me["timezone"], me["today"]) == ("Europe/Berlin", "2026-10-17")
    periods = {period["key"]: (period["period"], period["from"], period["to"]) for period in me["periods"]}
    assert periods == {
        "today": ("2026-10-17", "2026-10-17", "2026-10-17"),
        "yesterday": ("2026-10-16", "2026-10-16", "2026-10-16"),
        "this_week": ("2026-W42", "2026-10-12", "2026-10-18"),
        "last_week": ("2026-W41", "2026-10-05", "2026-10-11"),
        "this_month": ("2026-10", "2026-10-01", "2026-10-31"),
        "last_month": ("2026-09", "2026-09-01", "2026-09-30"),
        "this_quarter": ("2026-Q4", "2026-10-01", "2026-12-31"),
        "last_quarter": ("2026-Q3", "2026-07-01", "2026-09-30"),
        "this_year": ("2026", "2026-01-01", "2026-12-31"),
        "last_year": ("2025", "2025-01-01", "2025-12-31"),
        "last_7_days": ("2026-10-11_2026-10-17", "2026-10-11", "2026-10-17"),
        "last_30_days": ("2026-09-18_2026-10-17", "2026-09-18", "2026-10-17"),
        "last_90_days": ("2026-07-20_2026-10-17", "2026-07-20", "2026-10-17"),
    }


def test_what_a_period_is_compared_with_is_what_its_figures_are_compared_with(admin: Any) -> None:
    for offered in admin.get("/v1/me").json()["periods"]:
        days = {"from": offered["from"], "to": offered["to"]}
        asked = days if offered["key"].endswith("_days") else {"period": offered["period"]}
        previous = admin.get("/v1/usage", params=asked).json()["previous"]
        told = (offered["previous_from"], offered["previous_to"])
        assert told == (previous["from"], previous["to"]), offered["key"]


def test_a_request_is_one_line_for_machines(admin: Any, world: Any) -> None:
    with logged() as log:
        answer = admin.get("/v1/reports/absent?token=hush")  # no parameter of it
        admin.using(None).get("/v1/me")
    first, second = (line for line in log.lines if line["logger"] == "signtally.api")
    assert first["message"].startswith("GET /v1/reports/absent → 422 in ")
    wanted = {"method": "GET", "route": "/v1/reports/{report_id}", "status": 422, "tenant": "acme", "level": "info"}
    assert wanted.items() <= first.items()
    assert first["request_id"] == answer.headers["x-request-id"]
    assert first["ms"] > 0
    assert "tenant" not in second, "nobody has said who it is"
    assert world.token()[:20] not in log.getvalue()
    assert "hush" not in log.getvalue()
