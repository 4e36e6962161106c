"""The API as a function: events of an HTTP API, as AWS records them, are answered as by the server."""

import base64
import dataclasses
import gzip
import json
import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from signtally.api.function import handler_of, log_as_json
from signtally.settings import Settings
from tests.api.conftest import World
from tests.support.commands import logging_set_back


def event(method: str, path: str, *, token: str | None, query: str = "", body: Any = None) -> dict[str, Any]:
    """An event in payload format 2.0, as API Gateway hands it to Lambda behind a JWT authorizer."""
    headers = {
        "accept": "*/*",
        "accept-encoding": "gzip",
        "host": "a1b2c3.execute-api.eu-central-1.amazonaws.com",
        "user-agent": "curl/8.5.0",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    headers |= {"content-type": "application/json"} if body is not None else {}
    return {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3",
            "authorizer": {"jwt": {"claims": {"sub": "u_1", "tenant_id": "acme"}, "scopes": None}},
            "domainName": "a1b2c3.execute-api.eu-central-1.amazonaws.com",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "ANY /{proxy+}",
            "stage": "$default",
            "time": "17/Oct/2026:12:35:00 +0000",
            "timeEpoch": 1792240500000,
        },
        "pathParameters": {"proxy": path.removeprefix("/")},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


@pytest.fixture
def ask(app: Any, world: World) -> Any:
    handler = handler_of(app)

    def answer(method: str, path: str, *, signed_in: bool = True, **parts: Any) -> Any:
        token = world.token() if signed_in else None
        return handler(event(method, path, token=token, **parts), {})  # type: ignore[arg-type]  # no field of it is read

    return answer


def document(answer: dict[str, Any]) -> Any:
    body = answer["body"]
    body = base64.b64decode(body) if answer["isBase64Encoded"] else body
    return json.loads(gzip.decompress(body) if answer["headers"].get("content-encoding") == "gzip" else body)


def test_figures_reports_and_problems(ask: Any, world: World, admin: Any) -> None:
    usage = ask("GET", "/v1/usage", query="period=2026-10&group_by=user")
    assert usage["statusCode"] == 200
    assert document(usage) == admin.get("/v1/usage?period=2026-10&group_by=user").json()
    assert usage["headers"]["strict-transport-security"] == "max-age=31536000"
    ordered = ask("POST", "/v1/reports", body={"period": "2026-09", "formats": ["csv"]})
    assert ordered["statusCode"] == 202
    world.make_reports()
    links = document(ordered)["links"]
    assert document(ask("GET", links["self"]))["status"] == "ready"
    file = ask("GET", links["files"]["csv"])
    assert (file["statusCode"], file["headers"]["location"][:9]) == (307, "memory://")
    assert document(ask("GET", "/v1/audit"))["rows"][0]["address"] == "203.0.113.7"
    refused = ask("GET", "/v1/usage", signed_in=False)
    assert (refused["statusCode"], document(refused)["type"]) == (401, "/docs#missing-token")


def test_lines_are_json_objects_once_and_requests_are_metrics_by_route(
    app: Any, world: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the handler that Lambda's runtime has put there, as it starts a function."""
    monkeypatch.setattr(logging.root, "handlers", [logging.StreamHandler(sys.stdout)])
    monkeypatch.setattr("signtally.api.function._TELL_SECONDS", 0)
    app.state.services = dataclasses.replace(
        world.services, settings=Settings.model_validate({"metrics_format": "emf"})
    )
    with logging_set_back():
        log_as_json()
        answer = handler_of(app)(event("GET", "/healthz", token=None), SimpleNamespace(aws_request_id="c-1"))
    assert answer["statusCode"] == 200
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err, printed.err
    (line,) = [json.loads(each) for each in printed.err.splitlines() if "/healthz" in each]
    assert (line["aws_request_id"], line["route"], line["status"]) == ("c-1", "/healthz", 200)
    told = [json.loads(each) for each in printed.out.splitlines() if '"/healthz"' in each]
    assert {each["method"] for each in told} == {"GET"}
    assert any("signtally_http_request_seconds" in each for each in told)
    assert "X-Request-ID" not in printed.out
