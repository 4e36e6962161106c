"""A tenant whose stored profile is broken is answered with the defaults, and its profile is left to be mended."""

from collections.abc import Callable
from typing import Any

import pytest

from signtally.stores.keys import tenant_profile

BODY = b'{"tenant_id": "acme", "timezone": "Mars/Phobos", "schedules": [{"name": "weekly", "every": "week"}]}'


@pytest.fixture(autouse=True)
def _broken(world: Any) -> None:
    world.objects.put(tenant_profile("acme"), BODY)


def test_usage_and_schedules_are_answered_with_the_defaults(admin: Any, caplog: pytest.LogCaptureFixture) -> None:
    usage = admin.get("/v1/usage?period=2026-10")
    assert (usage.status_code, usage.json()["timezone"]) == (200, "UTC")
    assert admin.get("/v1/schedules").json()["rows"] == []
    assert "tenant acme is broken: timezone: 'Mars/Phobos'" in caplog.text


def test_an_edit_is_refused_because_it_would_write_over_what_is_to_be_mended(
    admin: Any, world: Any, problem: Callable[..., dict[str, Any]]
) -> None:
    refused = problem(admin.put("/v1/schedules/monthly", json={"every": "month"}), 409, "conflict")
    assert "is broken" in refused["detail"]
    problem(admin.delete("/v1/schedules/weekly"), 409, "conflict")
    assert world.objects.get(tenant_profile("acme")).body == BODY
