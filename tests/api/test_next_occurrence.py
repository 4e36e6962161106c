"""`GET /v1/next-occurrence`: what a schedule would send first; and where reports may go, said beforehand."""

from collections.abc import Callable
from typing import Any

import pytest

from signtally.api.app import create_app
from signtally.domain.tenants import TenantProfile
from signtally.stores.tenants import Tenants
from tests.api.conftest import Client

Check = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("timing", "first"),
    [
        ({"every": "quarter"}, ("2026-Q4", "2026-10-01", "2026-12-31", "2027-01-01T06:00:00Z")),
        (
            {"every": "month", "on": "last", "at": "08:30"},
            ("2026-09", "2026-09-01", "2026-09-30", "2026-10-31T07:30:00Z"),
        ),
        ({"every": "month", "on": "15"}, ("2026-10", "2026-10-01", "2026-10-31", "2026-11-15T06:00:00Z")),
        ({"every": "week", "on": "tuesday"}, ("2026-W42", "2026-10-12", "2026-10-18", "2026-10-20T05:00:00Z")),
        ({"every": "day", "at": "23:00"}, ("2026-10-16", "2026-10-16", "2026-10-16", "2026-10-17T21:00:00Z")),
        (
            {"every": "month", "starts_at": "2027-02-10T00:00:00+01:00"},
            ("2027-02", "2027-02-01", "2027-02-28", "2027-03-01T06:00:00Z"),
        ),
    ],
)
def test_what_a_schedule_would_send_first(admin: Any, timing: dict[str, str], first: tuple[str, ...]) -> None:
    """As it is once the schedule is stored."""
    answer = admin.get("/v1/next-occurrence", params=timing).json()
    assert tuple(answer[name] for name in ("period", "from", "to", "due_at")) == first
    assert admin.get("/v1/schedules").json()["rows"] == []
    body = timing | ({"on": 15} if timing.get("on") == "15" else {})
    assert admin.put("/v1/schedules/new", json=body).json()["next_at"] == answer["due_at"]


@pytest.mark.parametrize(
    ("timing", "where"),
    [
        ({}, "query.every"),
        ({"every": "week", "on": "15"}, "query"),
        ({"every": "month", "on": "monday"}, "query"),
        ({"every": "month", "at": "7:00"}, "query.at"),
        ({"every": "month", "starts_at": "2026-10-17T12:35:00"}, "query.starts_at"),
        ({"every": "month", "name": "x"}, "query.name"),
    ],
)
def test_a_schedule_that_cannot_be(admin: Any, problem: Check, timing: dict[str, str], where: str) -> None:
    document = problem(admin.get("/v1/next-occurrence", params=timing), 422, "invalid-request")
    assert document["errors"][0]["location"] == where


def test_where_reports_may_be_mailed_to_is_said_beforehand(admin: Any, world: Any) -> None:
    assert admin.get("/v1/me").json()["recipient_domains"] == []

    def limited(profile: TenantProfile) -> TenantProfile:
        return profile.model_copy(update={"recipient_domains": ("b.example", "acme.example")})

    Tenants(world.objects).edit("acme", limited)
    assert admin.get("/v1/me").json()["recipient_domains"] == ["acme.example", "b.example"]


def test_where_reports_may_be_posted_to_is_said_beforehand(admin: Any, world: Any) -> None:
    assert admin.get("/v1/me").json()["webhook_hosts"] == []
    world.settings = world.settings.model_copy(update={"webhook_hosts": ("hooks.slack.com", "acme.example")})
    limited = Client(create_app(world.services, loopback_only=True), world.token())
    assert limited.get("/v1/me").json()["webhook_hosts"] == ["acme.example", "hooks.slack.com"]
