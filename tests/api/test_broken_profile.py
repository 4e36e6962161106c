"""A broken profile: its valid fields apply, the answer says when days are in UTC, and edits leave the others alone."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from signtally.stores.keys import tenant_profile

BODY = b'{"tenant_id": "acme", "timezone": "Mars/Phobos", "schedules": [{"name": "weekly", "every": "week"}]}'


@pytest.fixture(autouse=True)
def _broken(world: Any) -> None:
    world.objects.put(tenant_profile("acme"), BODY)


def test_without_a_valid_zone_the_answer_says_that_days_are_in_utc(
    admin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    usage = admin.get("/v1/usage?period=2026-10")
    assert (usage.status_code, usage.json()["timezone"]) == (200, "UTC")
    assert usage.json()["notice"].startswith("Days are counted in UTC")
    assert [schedule["name"] for schedule in admin.get("/v1/schedules").json()["rows"]] == ["weekly"]
    assert "tenant acme is broken: timezone: 'Mars/Phobos'" in caplog.text


def test_an_invalid_name_costs_a_tenant_nothing_else(admin: Any, world: Any) -> None:
    world.objects.put(tenant_profile("acme"), b'{"tenant_id": "acme", "timezone": "Asia/Tokyo", "name": ""}')
    usage = admin.get("/v1/usage?period=2026-10").json()
    assert usage["timezone"] == "Asia/Tokyo"
    assert "notice" not in usage


def test_an_edit_leaves_what_is_to_be_mended(admin: Any, world: Any) -> None:
    assert admin.put("/v1/schedules/monthly", json={"every": "month"}).status_code == 201
    assert admin.delete("/v1/schedules/weekly").status_code == 204
    stored = json.loads(world.objects.get(tenant_profile("acme")).body)
    assert stored["timezone"] == "Mars/Phobos"
    assert [schedule["name"] for schedule in stored["schedules"]] == ["monthly"]
    (told,) = admin.get("/v1/profile").json()["invalid"]
    assert told.startswith("timezone: 'Mars/Phobos'")
    mended = admin.patch("/v1/profile", json={"timezone": "Asia/Tokyo"}).json()
    assert (mended["timezone"], mended["invalid"]) == ("Asia/Tokyo", [])


def test_an_invalid_recipient_costs_the_others_nothing_and_outlasts_an_edit(admin: Any, world: Any) -> None:
    """As an address that passed an older check: the schedule goes to everybody else, and says what to mend."""
    emails = [{"email": email} for email in ("a..b@acme.example", "ann@acme.example")]
    body = {"tenant_id": "acme", "schedules": [{"name": "weekly", "every": "week", "recipients": emails}]}
    world.objects.put(tenant_profile("acme"), json.dumps(body).encode())
    (weekly,) = admin.get("/v1/schedules").json()["rows"]
    assert [each["email"] for each in weekly["recipients"]] == ["ann@acme.example"]
    assert admin.put("/v1/schedules/monthly", json={"every": "month"}).status_code == 201
    stored = json.loads(world.objects.get(tenant_profile("acme")).body)
    assert stored["schedules"][0] == body["schedules"][0]
    (told,) = admin.get("/v1/profile").json()["invalid"]
    assert told.startswith("schedules.0.recipients.0.email: 'a..b@acme.example' is no email address")
    mended = {"every": "week", "recipients": emails[1:]}
    assert admin.put("/v1/schedules/weekly", json=mended).status_code == 200
    assert admin.get("/v1/profile").json()["invalid"] == []


def test_an_edit_is_refused_where_nothing_of_the_profile_can_be_read(
    admin: Any, world: Any, problem: Callable[..., dict[str, Any]]
) -> None:
    world.objects.put(tenant_profile("acme"), b'{"tenant_id": "acme", ')
    refused = problem(admin.put("/v1/schedules/monthly", json={"every": "month"}), 409, "conflict")
    assert "is broken" in refused["detail"]
    problem(admin.patch("/v1/profile", json={"name": "Acme"}), 409, "conflict")
    assert world.objects.get(tenant_profile("acme")).body == b'{"tenant_id": "acme", '
