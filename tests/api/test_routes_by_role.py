"""Every call below /v1, from the application's own table of routes, by everybody who may try it."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from signtally.api.auth import Authenticator
from signtally.api.signing_keys import JwksKeys
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportRequest
from signtally.domain.schedule_terms import Schedule
from signtally.settings import Settings
from signtally.stores.suppressions import Suppression, SuppressionReason
from signtally.use_cases.reporting import report_now
from tests.api.conftest import Client, World
from tests.support.tokens import (
    AUDIENCE,
    ISSUER,
    OTHER_RSA_KEY,
    RSA_KEY,
    jwk,
    signed,
    signed_with_the_public_key,
    unsigned,
)

SECRETS = ("u_1", "u_3", "Ann Ash", "ann@acme.example", "weekly")  # of Acme, which neither u_2 nor Globex may learn
OCTOBER = {"period": "2026-10"}
REQUEST = ReportRequest("acme", parse_period("2026-09"), ("csv",))


@dataclasses.dataclass(frozen=True)
class Call:
    """What is sent, and the answers to an administrator, to a member, and to an administrator of another tenant."""

    admin: int
    member: int
    stranger: int
    path: dict[str, str] = dataclasses.field(default_factory=dict)
    query: dict[str, Any] = dataclasses.field(default_factory=dict)
    body: dict[str, Any] | None = None


WITHOUT_LOGIN = {"GET /v1/unsubscribe", "POST /v1/unsubscribe"}  # by signed links: tests/api/test_digests_api.py
REPORT = {"report_id": REQUEST.report_id}
CALLS = {
    "GET /v1/usage": Call(200, 200, 200, query=OCTOBER | {"group_by": "user"}),
    "GET /v1/insights": Call(200, 200, 200, query=OCTOBER),
    "GET /v1/trend": Call(200, 200, 200, query=OCTOBER),
    "GET /v1/documents": Call(200, 200, 200, query=OCTOBER),
    "GET /v1/documents/count": Call(200, 200, 200, query=OCTOBER),
    "POST /v1/reports": Call(202, 202, 202, body=OCTOBER | {"formats": ["csv"]}),
    "GET /v1/reports": Call(200, 200, 200),
    "GET /v1/reports/{report_id}": Call(200, 404, 404, path=REPORT),
    "DELETE /v1/reports/{report_id}": Call(204, 403, 404, path=REPORT),
    "GET /v1/reports/{report_id}/versions": Call(200, 404, 404, path=REPORT),
    "GET /v1/reports/{report_id}/events": Call(200, 404, 404, path=REPORT),
    "GET /v1/reports/{report_id}/diff": Call(200, 404, 404, path=REPORT, query={"from": 1, "to": 1}),
    "GET /v1/reports/{report_id}/files/{format}": Call(307, 404, 404, path=REPORT | {"format": "csv"}),
    "GET /v1/report-groups": Call(200, 200, 200),
    "GET /v1/report-groups/{group}": Call(200, 404, 404, path={"group": REQUEST.group}),
    "GET /v1/report-groups/{group}/versions": Call(200, 404, 404, path={"group": REQUEST.group}),
    "GET /v1/schedules": Call(200, 403, 200),
    "GET /v1/schedules/{name}": Call(200, 403, 404, path={"name": "weekly"}),
    "PUT /v1/schedules/{name}": Call(201, 403, 201, path={"name": "new"}, body={"every": "week"}),
    "DELETE /v1/schedules/{name}": Call(204, 403, 404, path={"name": "weekly"}),
    "GET /v1/schedules/{name}/preview": Call(200, 403, 404, path={"name": "weekly"}),
    "POST /v1/schedules/{name}/send-now": Call(202, 403, 404, path={"name": "weekly"}, body={}),
    "GET /v1/schedules/{name}/deliveries": Call(200, 403, 404, path={"name": "weekly"}),
    "GET /v1/next-occurrence": Call(200, 403, 200, query={"every": "week"}),
    "GET /v1/suppressions": Call(200, 403, 200),
    "DELETE /v1/suppressions/{email}": Call(204, 403, 404, path={"email": "gone@acme.example"}),
    "GET /v1/profile": Call(200, 200, 200),
    "PATCH /v1/profile": Call(200, 403, 200, body={"week_starts_on": "sunday"}),
    "GET /v1/audit": Call(200, 403, 200),
    "GET /v1/me": Call(200, 200, 200),
}


@pytest.fixture
def call(request: pytest.FixtureRequest, world: World) -> tuple[str, Call]:
    """One of CALLS, in a world where Acme has a report and a schedule."""
    report_now(REQUEST, requested_by="u_1", services=world.services)
    weekly = Schedule.model_validate({"name": "weekly", "every": "week"})
    world.services.stores.tenants.edit("acme", lambda profile: profile.model_copy(update={"schedules": (weekly,)}))
    gone = Suppression("gone@acme.example", SuppressionReason.BOUNCED, world.now)
    world.services.stores.suppressions.add("acme", gone)
    return request.param, CALLS[request.param]


def send(client: Client, name: str, call: Call) -> Any:
    method, _, template = name.partition(" ")
    return client.request(method, template.format(**call.path), params=call.query, json=call.body)


def test_the_table_below_has_every_route(app: Any) -> None:
    found = [(route.path or "", route.methods or ()) for route in iter_route_contexts(app.routes)]
    below_v1 = {f"{method} {path}" for path, methods in found if path.startswith("/v1/") for method in methods}
    assert below_v1 == CALLS.keys() | WITHOUT_LOGIN


@pytest.mark.parametrize("call", CALLS, indirect=True)
def test_an_administrator_gets_what_was_asked_for(admin: Client, call: tuple[str, Call]) -> None:
    assert send(admin, *call).status_code == call[1].admin


@pytest.mark.parametrize("call", CALLS, indirect=True)
def test_a_member_gets_their_own_and_nothing_of_others(member: Client, call: tuple[str, Call]) -> None:
    answer = send(member, *call)
    assert answer.status_code == call[1].member, answer.text
    assert_keeps_secrets(answer, call[1])


@pytest.mark.parametrize("call", CALLS, indirect=True)
def test_another_tenant_gets_nothing_of_this_one(anonymous: Client, world: World, call: tuple[str, Call]) -> None:
    answer = send(anonymous.using(world.token("g_1", tenant_id="globex")), *call)
    assert answer.status_code == call[1].stranger, answer.text
    assert_keeps_secrets(answer, call[1])


@pytest.mark.parametrize("call", CALLS, indirect=True)
def test_a_parameter_that_no_route_knows_is_refused(admin: Client, call: tuple[str, Call]) -> None:
    """Or whoever misspells one, or thinks that a call takes it, gets an answer to another question."""
    name, known = call
    answer = send(admin, name, dataclasses.replace(known, query=known.query | {"perido": "2026-10"}))
    assert answer.status_code == 422, answer.text
    assert [(each["location"], each["code"]) for each in answer.json()["errors"]] == [("query.perido", "unknown")]


@pytest.mark.parametrize(
    "path", ["", "?version=1", "/files/csv", "/files/csv?version=1", "/versions", "/diff?from=1&to=1"]
)
def test_whether_a_report_about_others_exists_is_not_told(member: Client, world: World, path: str) -> None:
    """An id is a digest of what was ordered, so whoever can guess that knows it."""
    report_now(REQUEST, requested_by="u_1", services=world.services)
    there, nowhere = REQUEST.report_id, f"{REQUEST.report_id[:-4]}0000"
    found = [member.get(f"/v1/reports/{each}{path}") for each in (there, nowhere)]
    assert [answer.status_code for answer in found] == [404, 404]
    told = [answer.json()["detail"] for answer in found]
    assert told[0].replace(there, "") == told[1].replace(nowhere, "")


FORGED = {
    "none": None,
    "nonsense": "x.y.z",
    "expired": signed(exp=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)),
    "wrong key": signed(OTHER_RSA_KEY),
    "unknown key": signed(OTHER_RSA_KEY, kid="rsa-2"),
    "unsigned": unsigned(),
    "public key as a secret": signed_with_the_public_key(),
    "other issuer": signed(iss="https://id.other.example"),
    "other audience": signed(aud="other"),
}


@pytest.mark.parametrize("kind", FORGED)
def test_without_a_good_token_no_route_answers(app: Any, kind: str) -> None:
    """One application for all: nothing is answered, so nothing changes."""
    keys = json.dumps({"keys": [jwk(RSA_KEY, "rsa-1")]}).encode()
    settings = Settings(jwt_issuer=ISSUER, jwt_audience=AUDIENCE)
    app.state.authenticator = Authenticator(JwksKeys(lambda: keys), settings=settings)
    found = {name: send(Client(app, FORGED[kind]), name, call) for name, call in CALLS.items()}
    answered = {(answer.status_code, answer.headers["content-type"]) for answer in found.values()}
    assert answered == {(401, "application/problem+json")}
    for name, answer in found.items():
        assert_keeps_secrets(answer, CALLS[name])


def test_with_a_good_token_of_that_provider_they_do(app: Any) -> None:
    """Or the test above would prove nothing."""
    keys = json.dumps({"keys": [jwk(RSA_KEY, "rsa-1")]}).encode()
    app.state.authenticator = Authenticator(
        JwksKeys(lambda: keys), settings=Settings(jwt_issuer=ISSUER, jwt_audience=AUDIENCE)
    )
    assert send(Client(app, signed()), "GET /v1/me", CALLS["GET /v1/me"]).status_code == 200


def assert_keeps_secrets(answer: Any, call: Call) -> None:
    """Nothing of others is in the answer, beyond what the question itself said."""
    asked = json.dumps([call.path, call.query, call.body])
    assert [secret for secret in SECRETS if secret in answer.text and secret not in asked] == []
