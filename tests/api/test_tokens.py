"""Which tokens are taken, which are refused, and with what words."""

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from signtally.api.app import UnsafeStartError, create_app
from signtally.development_key import development_token
from tests.support.tokens import (
    AUDIENCE,
    EC_KEY,
    ISSUER,
    OTHER_RSA_KEY,
    RSA_KEY,
    claims,
    jwk,
    signed,
    signed_with_the_public_key,
    unsigned,
)

Check = Callable[..., dict[str, Any]]


class IdentityProvider:
    """A JWKS behind HTTP whose keys and health a test changes."""

    def __init__(self) -> None:
        self.keys = [jwk(RSA_KEY, "rsa-1", use="sig"), jwk(EC_KEY, "ec-1")]
        self.healthy = True
        self.asked: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                self.send_response(200 if provider.healthy else 500)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": provider.keys}).encode())

            def log_message(self, *_: object) -> None:
                """Quiet: a test's output is its failures."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/keys"


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()
    thread = Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield provider
    provider.server.shutdown()
    thread.join()
    provider.server.server_close()


@pytest.fixture
def status(provider: IdentityProvider, world: Any, anonymous: Any, problem: Check) -> Callable[..., Any]:
    """Ask for one's own account with a token; give back 200 or the problem."""
    settings = world.settings.model_copy(
        update={"jwks_url": provider.url, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
    )
    world.settings = settings
    app = create_app(world.services, loopback_only=False)

    def ask(token: str, expected: int = 200, kind: str = "bad-token") -> Any:
        answer = type(anonymous)(app, token).get("/v1/me")
        if expected == 200:
            assert answer.status_code == 200, answer.text
            return answer.json()
        document = problem(answer, expected, kind)
        if expected == 401:
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        return document

    return ask


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(EC_KEY, algorithm="ES256", kid="ec-1"),
        signed(kid=None),  # one key of this kind is trusted: it is meant
        signed(aud=["other", AUDIENCE]),
        signed(iat=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)),  # the issuer's clock is ahead
        signed(exp=4_000_000_000.5),
    ],
    ids=["RS256", "ES256", "no-kid", "several-audiences", "issued-ahead", "fraction"],
)
def test_a_token_of_the_identity_provider_is_taken(status: Callable[..., Any], token: str) -> None:
    who = status(token)
    assert (who["tenant_id"], who["user_id"], who["role"]) == ("acme", "u_1", "tenant_admin")


def _tampered() -> str:
    header, _, signature = signed().split(".")
    payload = base64.urlsafe_b64encode(json.dumps(claims(tenant_id="globex", exp=4_000_000_000)).encode())
    return f"{header}.{payload.rstrip(b'=').decode()}.{signature}"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (unsigned(), "must be signed with RS256 or ES256"),
        (signed_with_the_public_key(), "must be signed with RS256 or ES256"),
        (signed(algorithm="PS256"), "must be signed with RS256 or ES256"),
        (signed(OTHER_RSA_KEY), "signature is wrong"),
        (_tampered(), "signature is wrong"),
        (signed(kid="rsa-2"), "not signed with a trusted key"),
        (signed(EC_KEY, algorithm="ES256", kid="rsa-1"), "not signed with a trusted key"),
        (signed(iss="https://id.other.example"), "another issuer"),
        (signed(aud="other"), "another audience"),
        (signed(iss=None), "lacks the claim iss"),
        (signed(aud=None), "lacks the claim aud"),
        (signed(exp=None), "lacks the claim exp"),
        (signed(sub=None), "lacks the claim sub"),
        (signed(sub=""), "claim sub must be a text"),
        (signed(tenant_id=None), "claim tenant_id must be a text"),
        (signed(tenant_id=7), "claim tenant_id must be a text"),
        (signed(tenant_id="x" * 257), "claim tenant_id must be a text"),
        (signed(nbf=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)), "not valid yet"),
        (signed(sub="u\ud800"), "claim sub must be a text"),
        (signed(tenant_id="\udfff"), "claim tenant_id must be a text"),
        (signed(tenant_id=["acme"]), "claim tenant_id must be a text"),
        (signed(exp="4000000000"), "claim exp must be a number"),
        (signed(nbf="0"), "claim nbf must be a number"),
        (signed(exp=float("inf")), "not a well-formed"),
        ("not-a-token", "not a well-formed"),
        ("a.b.c", "not a well-formed"),
    ],
    ids=[
        "none",
        "HS256",
        "PS256",
        "wrong-key",
        "tampered",
        "other-kid",
        "other-kind",
        "issuer",
        "audience",
        "no-iss",
        "no-aud",
        "no-exp",
        "no-sub",
        "empty-sub",
        "no-tenant",
        "tenant-number",
        "tenant-long",
        "not-yet",
        "sub-surrogate",
        "tenant-surrogate",
        "tenant-list",
        "exp-text",
        "nbf-text",
        "exp-infinite",
        "no-token",
        "dots",
    ],
)
def test_a_token_that_proves_nothing_is_refused(status: Callable[..., Any], token: str, reason: str) -> None:
    assert reason in status(token, 401)["detail"]


def test_a_token_does_not_say_where_its_key_is(status: Callable[..., Any], provider: IdentityProvider) -> None:
    own = {
        "kid": "rsa-1",
        "jku": f"{provider.url}/own",
        "x5u": f"{provider.url}/own",
        "jwk": jwk(OTHER_RSA_KEY, "rsa-1"),
    }
    token = jwt.encode(claims(), OTHER_RSA_KEY, algorithm="RS256", headers=own)
    assert "signature is wrong" in status(token, 401)["detail"]
    assert set(provider.asked) == {"/keys"}


def test_clocks_may_differ_by_half_a_minute(status: Callable[..., Any]) -> None:
    now = dt.datetime.now(dt.UTC)
    status(signed(nbf=now + dt.timedelta(seconds=20), exp=now - dt.timedelta(seconds=5)))
    status(signed(nbf=now + dt.timedelta(seconds=90)), 401)


def test_an_expired_token_says_so(status: Callable[..., Any]) -> None:
    past = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=40)
    assert "sign in again" in status(signed(exp=past), 401, "expired-token")["detail"]


@pytest.mark.parametrize("role", [None, "owner", "TENANT_ADMIN", 1])
def test_an_unknown_role_may_do_nothing(status: Callable[..., Any], role: Any) -> None:
    assert "tenant_admin nor member" in status(signed(role=role), 403, "forbidden")["detail"]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dTpw"])
def test_without_a_token_nothing_is_answered(anonymous: Any, problem: Check, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = anonymous.get("/v1/usage", headers=headers)
    problem(answer, 401, "missing-token")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_in_the_query_string_is_not_read(anonymous: Any, world: Any, problem: Check) -> None:
    problem(anonymous.get("/v1/me", params={"token": world.token()}), 401, "missing-token")
    problem(anonymous.get("/v1/me", params={"access_token": world.token()}), 401, "missing-token")


def test_keys_are_read_once_and_kept_through_an_outage(status: Callable[..., Any], provider: IdentityProvider) -> None:
    status(signed())
    provider.healthy = False
    status(signed())
    assert len(provider.asked) == 1


def test_without_keys_the_answer_is_to_try_again(status: Callable[..., Any], provider: IdentityProvider) -> None:
    provider.healthy = False
    assert "Try again" in status(signed(), 503, "keys-unavailable")["detail"]
    status(unsigned(), 401)  # what needs no key is refused all the same


def test_every_key_of_one_id_is_tried(status: Callable[..., Any], provider: IdentityProvider) -> None:
    status(signed())
    provider.keys = [jwk(OTHER_RSA_KEY, "rsa-1"), jwk(RSA_KEY, "rsa-1")]
    status(signed(OTHER_RSA_KEY))  # although a key of this id was known already
    status(signed())
    status(signed(rsa.generate_private_key(public_exponent=65537, key_size=2048)), 401)


def test_whoever_brings_no_good_token_takes_no_slot(anonymous: Any, world: Any, problem: Check) -> None:
    """With every slot taken, a bad token is refused at once, and a good one waits."""
    limits = anonymous.app.state.bulkheads
    for kind in ("figures", "orders", "others"):
        limit = getattr(limits, kind)
        limit._slots._value = 0  # noqa: SLF001 -- as if others were calling
    for method, path in (("GET", "/v1/usage"), ("POST", "/v1/reports"), ("GET", "/v1/me"), ("GET", "/v1/audit")):
        problem(anonymous.request(method, path), 401, "missing-token")
        problem(anonymous.using(world.token(ttl_hours=-1)).request(method, path), 401, "expired-token")


def test_a_development_key_is_trusted_beside_local_endpoints_only(world: Any) -> None:
    with pytest.raises(UnsafeStartError, match="SIGNTALLY_JWKS_URL"):
        create_app(world.services, loopback_only=False)
    assert not world.settings.state_directory.exists()


def test_a_development_token_is_worth_nothing_once_there_is_a_provider(status: Callable[..., Any], world: Any) -> None:
    token = development_token(
        settings=world.settings, tenant_id="acme", user_id="u_1", role="tenant_admin", ttl=dt.timedelta(hours=1)
    )
    status(token, 401)


def test_a_development_token_expires(anonymous: Any, world: Any, problem: Check) -> None:
    problem(anonymous.using(world.token(ttl_hours=-1)).get("/v1/me"), 401, "expired-token")


def test_a_new_development_key_is_trusted_without_a_restart(anonymous: Any, world: Any) -> None:
    old = world.token()
    assert anonymous.using(old).get("/v1/me").status_code == 200
    (world.settings.state_directory / "development-key.pem").unlink()
    assert anonymous.using(world.token()).get("/v1/me").status_code == 200
    assert anonymous.using(old).get("/v1/me").status_code == 401
