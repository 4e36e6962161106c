"""`GET /v1/reports/{id}/events`, and where an order stands."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

SEPTEMBER = {"period": "2026-09", "formats": ["csv"]}


def events(text: str) -> list[dict[str, Any]]:
    """The data of each event, in order; comments are none."""
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith(":")]
        if lines:
            name, data = lines
            assert name == "event: report"
            found.append(json.loads(data.removeprefix("data: ")))
    return found


def followed(app: Any, path: str, *, token: str, at_first: Callable[[], object]) -> str:
    """The whole stream; *at_first* is called when its first event has come."""
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
    }
    scope |= {"query_string": b"", "root_path": "", "scheme": "http", "server": ("signtally.test", 80), "client": None}
    headers = [(b"authorization", f"Bearer {token}".encode())]
    told: list[bytes] = []
    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for request in requests:
            return request
        await asyncio.Event().wait()  # the client stays
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert (b"content-type", b"text/event-stream; charset=utf-8") in message["headers"]
        elif message["body"]:
            told.append(message["body"])
            if len(told) == 1:
                await asyncio.to_thread(at_first)

    asyncio.run(app({**scope, "headers": headers}, receive, send))
    return b"".join(told).decode()


def test_a_report_is_followed_until_it_is_ready(admin: Any, world: Any) -> None:
    links = admin.post("/v1/reports", json=SEPTEMBER).json()["links"]
    assert admin.get(links["self"]).json()["orders_ahead"] == 0
    told = events(followed(admin.app, links["events"], token=world.token(), at_first=world.make_reports))
    assert [told[0]["status"], told[-1]["status"]] == ["pending", "ready"]
    now = admin.get(links["self"]).json()
    assert told[-1] == now
    assert now["orders_ahead"] is None


def test_a_report_that_is_over_is_told_once(admin: Any, world: Any) -> None:
    links = admin.post("/v1/reports", json=SEPTEMBER).json()["links"]
    world.fail_reports()
    (told,) = events(admin.get(links["events"]).text)
    assert (told["status"], told["failure_reason"]) == ("failed", {"code": "gave-up", "values": {}})


def test_who_asks_for_the_headers_alone_waits_for_nothing(admin: Any) -> None:
    """Or the connection would be taken until the report is made."""
    links = admin.post("/v1/reports", json=SEPTEMBER).json()["links"]
    head = admin.request("HEAD", links["events"])
    assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


def test_what_does_not_exist_or_is_others_is_not_followed(
    admin: Any, member: Any, anonymous: Any, problem: Callable[..., Any]
) -> None:
    links = admin.post("/v1/reports", json=SEPTEMBER).json()["links"]
    problem(admin.get("/v1/reports/nothing/events"), 404, "not-found")
    problem(member.get(links["events"]), 404, "not-found")
    problem(anonymous.get(links["events"]), 401, "missing-token")
