"""How much one tenant may ask: beyond it, a 429 says when to come again, and others go on."""

from collections.abc import Callable
from typing import Any

import pytest

from signtally.api.app import create_app
from tests.api.conftest import Client, World

Check = Callable[..., dict[str, Any]]
SEPTEMBER = {"period": "2026-09", "formats": ["csv"]}


@pytest.fixture
def limited(world: World) -> Client:
    world.settings = world.settings.model_copy(update={"calls_per_minute": 3, "orders_per_minute": 1})
    return Client(create_app(world.services, loopback_only=True), world.token())


def test_calls_a_minute(limited: Client, world: World, problem: Check) -> None:
    for _ in range(3):
        assert limited.get("/v1/me").status_code == 200
    answer = limited.get("/v1/me")
    assert "3 calls of this minute" in problem(answer, 429, "too-many-requests")["detail"]
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert limited.using(world.token(tenant_id="globex")).get("/v1/me").status_code == 200
    assert limited.get("/healthz").status_code == 200


def test_orders_a_minute(limited: Client, world: World, problem: Check) -> None:
    assert limited.post("/v1/reports", json=SEPTEMBER).status_code == 202
    problem(limited.post("/v1/reports", json=SEPTEMBER), 429, "too-many-requests")
    assert len(world.orders.orders) == 1


def test_a_bad_token_uses_nothing_up(limited: Client, world: World) -> None:
    for _ in range(5):
        assert limited.using(world.token(ttl_hours=-1)).get("/v1/me").status_code == 401
    assert limited.get("/v1/me").status_code == 200


def test_reports_in_work(world: World, problem: Check) -> None:
    world.settings = world.settings.model_copy(update={"orders_in_work": 1})
    client = Client(create_app(world.services, loopback_only=True), world.token())
    assert client.post("/v1/reports", json=SEPTEMBER).status_code == 202
    answer = client.post("/v1/reports", json={**SEPTEMBER, "period": "2026-08"})
    assert "reports in work" in problem(answer, 429, "too-many-requests")["detail"]
    assert int(answer.headers["retry-after"]) > 0
    assert client.post("/v1/reports", json=SEPTEMBER).status_code == 202


def test_the_days_of_a_period_that_have_begun(world: World, problem: Check) -> None:
    world.settings = world.settings.model_copy(update={"longest_period_days": 366})
    client = Client(create_app(world.services, loopback_only=True), world.token())
    assert client.get("/v1/usage?from=2026-01-01&to=2029-12-31").status_code == 200
    two_years = {"from": "2024-10-01", "to": "2026-09-30"}
    for answer in (client.get("/v1/usage", params=two_years), client.post("/v1/reports", json=two_years)):
        assert "730 days, more than the 366" in problem(answer, 422, "bad-period")["detail"]
