"""RFC 8058 over real HTTP: what a mail program sends, what changes, and what the next digests make of it."""

import base64
import contextlib
import datetime as dt
import json
import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import uvicorn

from signtally.use_cases.delivering.digesting import run_digests

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ANN, BO = "ann@acme.example", "bo@acme.example"
DAILY = {"every": "day", "formats": ["csv"], "recipients": [{"email": ANN}, {"email": BO}]}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def mail_program(app: Any) -> Iterator[httpx.Client]:
    """It speaks to a server on a port; it has no login, keeps no cookie, and follows no redirect."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60) as client:
        yield client
    server.should_exit = True
    thread.join()


def digests(world: Any) -> dict[str, EmailMessage]:
    """The emails of the next day, by address."""
    before = len(world.mailer.sent)
    world.now += dt.timedelta(days=1)
    world.services.stores.watermarks.publish_data_through(world.now)
    run_digests(services=world.services)
    return {str(message["To"]): message for message in world.mailer.sent[before:]}


def link(message: EmailMessage) -> str:
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    parts = urlsplit(str(message["List-Unsubscribe"]).strip("<>"))
    return f"{parts.path}?{parts.query}"


def suppressed(admin: Any) -> list[tuple[str, str]]:
    return [(row["email"], row["reason"]) for row in admin.get("/v1/suppressions").json()["rows"]]


@pytest.fixture
def ann(admin: Any, world: Any) -> str:
    """The link in Ann's digest."""
    admin.put("/v1/schedules/Daily", json=DAILY)
    sent = digests(world)
    assert sorted(sent) == [ANN, BO]
    assert link(sent[ANN]) != link(sent[BO])
    return link(sent[ANN])


def test_one_click_ends_it_for_one_address_until_an_administrator_lifts_that(
    mail_program: httpx.Client, admin: Any, world: Any, ann: str
) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):  # what looks at links may do
        mail_program.request(method, ann)
    assert suppressed(admin) == []
    done = mail_program.post(ann, data=ONE_CLICK)
    assert (done.status_code, done.is_redirect, len(done.cookies)) == (200, False, 0)
    assert suppressed(admin) == [(ANN, "unsubscribed")]
    first = admin.get("/v1/suppressions").json()
    assert list(digests(world)) == [BO]
    (told,) = (row for row in admin.get("/v1/schedules/Daily/deliveries").json()["rows"][:2] if row["recipient"] == ANN)
    assert (told["state"], told["detail"]) == ("unsubscribed", "unsubscribed on 2026-10-18")
    assert mail_program.post(ann, data=ONE_CLICK).status_code == 200  # twice
    assert admin.get("/v1/suppressions").json() == first
    assert admin.delete(f"/v1/suppressions/{ANN}").status_code == 204
    assert sorted(digests(world)) == [ANN, BO]
    assert mail_program.post(ann, data=ONE_CLICK).status_code == 200  # the old email's link holds
    assert list(digests(world)) == [BO]


@pytest.mark.parametrize(
    "body",
    [
        {"files": {"List-Unsubscribe": (None, "One-Click")}},  # multipart/form-data, the other form that RFC 8058 names
        {"content": b"List-Unsubscribe=One-Click", "headers": {"Content-Type": "text/plain"}},
        {"content": b"List-Unsubscribe=One-Click"},
        {"json": ONE_CLICK},
        {"content": b"\xff\x00", "headers": {"Content-Type": f"{FORM}; charset=none"}},
        {"content": b""},
    ],
)
def test_whatever_a_mail_program_makes_of_the_body_the_link_is_meant(
    body: dict[str, Any], mail_program: httpx.Client, admin: Any, ann: str
) -> None:
    assert mail_program.post(ann, **body).status_code == 200
    assert suppressed(admin) == [(ANN, "unsubscribed")]


def test_whatever_a_mail_program_adds_the_link_is_meant(mail_program: httpx.Client, admin: Any, ann: str) -> None:
    languages = {"Accept-Language": ", ".join(f"x{number};q=0.1" for number in range(500))}
    assert mail_program.post(f"{ann}&utm_source=digest&fbclid=1", data=ONE_CLICK, headers=languages).status_code == 200
    assert suppressed(admin) == [(ANN, "unsubscribed")]


def forged(token: str, world: Any) -> dict[str, str]:
    """Tokens that nobody here has made, or not for this."""
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    other = base64.urlsafe_b64encode(json.dumps(claims | {"e": BO}).encode()).decode().rstrip("=")
    key = world.services.stores.link_key.get()
    return {
        "tampered payload": f"{head}.{other}.{signature}",
        "tampered signature": f"{head}.{payload}.{signature[:-4]}{'AAAA' if signature[-4:] != 'AAAA' else 'BBBB'}",
        "no signature": f"{head}.{payload}.",
        "no algorithm": jwt.encode(claims, "", algorithm="none"),
        "foreign key": jwt.encode(claims, b"f" * 32, algorithm="HS256"),
        "other purpose": jwt.encode(claims | {"aud": "signtally"}, key, algorithm="HS256"),
        "expired": jwt.encode(claims | {"exp": 1_000_000_000}, key, algorithm="HS256"),
        "a login": world.token(),
    }


def test_a_link_that_is_not_whole_or_not_ours_changes_nothing(
    mail_program: httpx.Client, admin: Any, world: Any, ann: str
) -> None:
    (token,) = parse_qs(urlsplit(ann).query)["t"]
    for why, made_up in forged(token, world).items():
        answer = mail_program.post("/v1/unsubscribe", params={"t": made_up}, data=ONE_CLICK)
        assert (why, answer.status_code) == (why, 400)
        assert ANN not in answer.text
    with contextlib.closing(mail_program.post("/v1/unsubscribe", params={"t": ""}, data={"t": token})) as in_the_body:
        assert in_the_body.status_code == 400
    assert suppressed(admin) == []


def test_a_link_ends_when_its_key_is_forgotten_and_a_fresh_one_works(
    mail_program: httpx.Client, admin: Any, world: Any, ann: str
) -> None:
    world.services.stores.link_key.rotate(forget_earlier=True)
    fresh = link(digests(world)[ANN])
    assert mail_program.post(ann, data=ONE_CLICK).status_code == 400
    assert suppressed(admin) == []
    assert mail_program.post(fresh, data=ONE_CLICK).status_code == 200
    assert suppressed(admin) == [(ANN, "unsubscribed")]
