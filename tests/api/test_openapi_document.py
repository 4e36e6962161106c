"""The OpenAPI document is exact: whatever it allows is answered as it says."""

import datetime as dt
import html
import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from signtally.api.examples import PATH_PARTS
from signtally.stores.suppressions import Suppression, SuppressionReason
from tests.support.examples import examples

if TYPE_CHECKING:
    import schemathesis

CALLS = {
    "/v1/usage": {"get"},
    "/v1/insights": {"get"},
    "/v1/trend": {"get"},
    "/v1/documents": {"get"},
    "/v1/documents/count": {"get"},
    "/v1/reports": {"get", "post"},
    "/v1/reports/{report_id}": {"get", "delete"},
    "/v1/reports/{report_id}/versions": {"get"},
    "/v1/reports/{report_id}/events": {"get"},
    "/v1/reports/{report_id}/diff": {"get"},
    "/v1/reports/{report_id}/files/{format}": {"get"},
    "/v1/report-groups": {"get"},
    "/v1/report-groups/{group}": {"get"},
    "/v1/report-groups/{group}/versions": {"get"},
    "/v1/schedules": {"get"},
    "/v1/schedules/{name}": {"get", "put", "delete"},
    "/v1/schedules/{name}/preview": {"get"},
    "/v1/schedules/{name}/send-now": {"post"},
    "/v1/schedules/{name}/deliveries": {"get"},
    "/v1/next-occurrence": {"get"},
    "/v1/suppressions": {"get"},
    "/v1/suppressions/{email}": {"delete"},
    "/v1/profile": {"get", "patch"},
    "/v1/audit": {"get"},
    "/v1/me": {"get"},
    "/healthz": {"get"},
    "/readyz": {"get"},
    "/metrics": {"get"},
}


def test_the_calls_of_the_contract(anonymous: Any) -> None:
    document = anonymous.get("/openapi.json").json()
    assert {path: set(calls) for path, calls in document["paths"].items()} == CALLS


def test_everything_below_v1_asks_for_a_bearer_token(anonymous: Any) -> None:
    document = anonymous.get("/openapi.json").json()
    assert any(path.startswith("/v1/") for path in document["paths"])
    for path, calls in document["paths"].items():
        for call in calls.values():
            assert ("security" in call) is path.startswith("/v1/"), path
            assert ("401" in call["responses"]) is path.startswith("/v1/"), path


def test_operations_and_tags_have_names_for_people(anonymous: Any) -> None:
    document = anonymous.get("/openapi.json").json()
    calls = [call for calls in document["paths"].values() for call in calls.values()]
    names = [call["operationId"] for call in calls]
    assert len({*names}) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []
    assert {"get_usage", "order_report", "delete_report", "change_profile", "get_audit"} <= {*names}
    assert {tag for call in calls for tag in call["tags"]} <= {tag["name"] for tag in document["tags"]}


def test_every_example_works_when_it_is_pasted(admin: Any, world: Any, anonymous: Any) -> None:
    """The curl commands of the documentation, in a tenant that has what they name."""
    document = anonymous.get("/openapi.json").json()
    assert all(
        html.escape(call["x-codeSamples"][0]["source"], quote=True)
        .replace("&quot;", "&#34;")
        .replace("&#x27;", "&#39;")
        in anonymous.get("/docs").text
        for calls in document["paths"].values()
        for call in calls.values()
    )
    report = {"period": "2026-10", "formats": ["csv"]}
    report_id = admin.post("/v1/reports", json=report).json()["report_id"]
    group = admin.get(f"/v1/reports/{report_id}").json()["group"]
    world.make_reports()
    world.now += dt.timedelta(hours=1)
    world.count("acme", "u_1", "2026-10-01", version=2, sent=43)
    admin.post("/v1/reports", json=report)
    world.make_reports()
    suppression = Suppression(PATH_PARTS["email"], SuppressionReason.UNSUBSCRIBED, world.now)
    world.services.stores.suppressions.add("acme", suppression)
    samples = [
        (("put", "patch", "post", "get", "delete").index(method), method, call["x-codeSamples"][0]["source"], path)
        for path, calls in document["paths"].items()
        for method, call in calls.items()
        if not path.startswith("/v1/unsubscribe")  # its token is made for one email
    ]
    for _, method, sample, path in sorted(samples):
        pasted = sample.replace(PATH_PARTS["report_id"], report_id).replace(PATH_PARTS["group"], group)
        answer = paste(pasted, anonymous, token=world.token())
        assert answer.status_code < 400, f"{method}: {pasted}"
        described = document["paths"][path][method]["responses"][str(answer.status_code)].get("content", {})
        if example := described.get("application/json", {}).get("example"):
            assert_alike(answer.json(), example)


def test_every_good_answer_has_an_example(anonymous: Any) -> None:
    document = anonymous.get("/openapi.json").json()
    without = [
        f"{method} {path} {status}"
        for path, calls in document["paths"].items()
        for method, call in calls.items()
        for status, answer in call["responses"].items()
        if status < "300" and "example" not in answer.get("content", {}).get("application/json", {"example": None})
    ]
    assert without == []


def assert_alike(answer: dict[str, Any], example: dict[str, Any]) -> None:
    """They have the same members, but for what is left out when all is well; so have their first rows."""
    assert example.keys() <= answer.keys() <= example.keys() | {"provisional", "notice"}
    for row, shown in zip(answer.get("rows", ())[:1], example.get("rows", ()), strict=False):
        assert row.keys() == shown.keys()


def paste(command: str, client: Any, *, token: str) -> Any:
    """Run a curl command against the application: its method, address, headers and body."""
    words = iter(shlex.split(command.replace("$TOKEN", token).replace("$URL", "")))
    assert next(words) == "curl"
    method, headers, body, address = "", {}, None, ""
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d":
                body = next(words)
            case "-o":
                next(words)
            case "-L":
                pass
            case _:
                address = word
    return client.request(method or ("POST" if body else "GET"), address, headers=headers, content=body)


def test_every_error_is_a_problem_document(anonymous: Any) -> None:
    document = anonymous.get("/openapi.json").json()
    for calls in document["paths"].values():
        for call in calls.values():
            for status, answer in call["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in json.dumps(document)


def test_examples_are_as_described(anonymous: Any) -> None:
    document = anonymous.get("/openapi.json").json()
    answers = [
        (answer["content"]["application/json"]["schema"], answer["content"]["application/json"]["example"])
        for calls in document["paths"].values()
        for call in calls.values()
        for answer in call["responses"].values()
        if "example" in answer.get("content", {}).get("application/json", {})
    ]
    bodies = [
        (schema, each) for schema in document["components"]["schemas"].values() for each in schema.get("examples", [])
    ]
    assert answers
    assert bodies
    for schema, example in answers + bodies:
        whole = {**schema, "components": document["components"]}
        jsonschema.validate(example, whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def authorized(case: "schemathesis.Case[Any]", world: Any) -> dict[str, str]:
    """A token that fits: an admin may do everything that the document describes."""
    return {"Authorization": f"Bearer {world.token()}"} if case.operation.path.startswith("/v1/") else {}


# Schemathesis drives ASGI applications by Starlette's test client, which asks for a newer HTTP library.
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated")


@pytest.fixture
def described(app: Any) -> Any:
    import schemathesis  # noqa: PLC0415 -- a second or two that only these tests pay

    # A valid period that has not begun, a cursor that was never given out: the document cannot tell them, a 422 does.
    refusing = {"enabled": True, "expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "410", "412", "422"]}
    config = schemathesis.Config.from_dict({"checks": {"positive_data_acceptance": refusing}, "seed": 7})
    return schemathesis.openapi.from_asgi("/openapi.json", app, config=config)


@pytest.mark.parametrize(("path", "method"), [(path, method) for path in CALLS for method in sorted(CALLS[path])])
def test_generated_requests_are_answered_as_described(described: Any, world: Any, path: str, method: str) -> None:
    @given(case=described[path][method.upper()].as_strategy())
    @settings(
        max_examples=examples(20),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    def answered_as_described(case: "schemathesis.Case[Any]") -> None:
        case.call_and_validate(headers=authorized(case, world))

    answered_as_described()


def test_the_good_answers_are_as_described_too(described: Any, world: Any, admin: Any) -> None:
    """Chance seldom hits a period that has begun or a report that exists."""
    order = {"period": "2026-09", "formats": ["csv"]}
    headers = {"Authorization": f"Bearer {world.token()}"}

    def answer(method: str, path: str, expected: int, **parts: Any) -> Any:
        case = described[path][method].Case(headers=headers, **parts)
        found = case.call(allow_redirects=False)
        case.validate_response(found)
        assert found.status_code == expected
        return found

    report = {"report_id": answer("POST", "/v1/reports", 202, body=order).json()["report_id"]}
    answer("GET", "/v1/reports/{report_id}", 200, path_parameters=report)
    answer("GET", "/v1/reports/{report_id}/files/{format}", 409, path_parameters=report | {"format": "csv"})
    world.make_reports()
    answer("POST", "/v1/reports", 200, body=order)
    answer("GET", "/v1/reports/{report_id}", 200, path_parameters=report)
    answer("GET", "/v1/reports/{report_id}/versions", 200, path_parameters=report)
    answer("GET", "/v1/reports/{report_id}/events", 200, path_parameters=report)
    answer("GET", "/v1/reports/{report_id}/files/{format}", 307, path_parameters=report | {"format": "csv"})
    answer("GET", "/v1/reports/{report_id}/diff", 200, path_parameters=report, query={"from": 1, "to": 1})
    (group,) = answer("GET", "/v1/report-groups", 200, query={"limit": 1}).json()["rows"]
    answer("GET", "/v1/report-groups/{group}", 200, path_parameters={"group": group["group"]})
    answer("GET", "/v1/report-groups/{group}/versions", 200, path_parameters={"group": group["group"]})
    answer("GET", "/v1/reports", 200, query={"limit": 1})
    for group_by in ("none", "day", "user"):
        answer("GET", "/v1/usage", 200, query={"period": "2026-10", "group_by": group_by, "limit": 1})
    answer("GET", "/v1/trend", 200, query={"period": "2026-10", "periods": 2})
    answer("GET", "/v1/documents/count", 200, query={"period": "2026-10", "stuck": True})
    answer("GET", "/v1/documents", 200, query={"period": "2026-10", "status": "open", "limit": 1})
    assert admin.get("/v1/reports").json()["rows"]
