"""`GET /v1/usage`, line by line of its contract."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest

from signtally.domain.actions import MEASURES
from signtally.domain.tenants import TenantProfile
from signtally.ports.errors import AccessRefusedError, ServiceUnavailableError
from signtally.stores.tenants import Tenants
from tests.support.made_up_cursors import made_up_cursor

Check = Callable[..., dict[str, Any]]


def figures(**counts: int) -> dict[str, int]:
    return dict.fromkeys(MEASURES, 0) | counts


OCTOBER = figures(sent=6, received=5, viewed=9, signed=7, completed=1, declined=1)


def test_the_whole_answer(admin: Any) -> None:
    assert admin.get("/v1/usage?period=2026-10").json() == {
        "tenant_id": "acme",
        "timezone": "Europe/Berlin",
        "from": "2026-10-01",
        "to": "2026-10-17",
        "data_through": "2026-10-17T12:32:05Z",
        "totals": OCTOBER,
        "previous_totals": figures(),
        "previous": {
            "from": "2026-09-01",
            "to": "2026-09-17",
            "until": None,
            "figures_from": "2026-09-30",
            "comparable": False,
        },
        "rows": [],
        "next_cursor": None,
    }


def test_figures_that_may_still_change_say_so(admin: Any, world: Any) -> None:
    berlin = Tenants(world.objects).get("acme")
    Tenants(world.objects).put(berlin.model_copy(update={"timezone": "Asia/Tokyo"}))
    answer = admin.get("/v1/usage?period=2026-10").json()
    assert answer["provisional"] == {"from": "2026-10-01", "to": answer["to"]}


def test_the_current_month_unless_a_period_is_named(admin: Any) -> None:
    assert admin.get("/v1/usage").json() == admin.get("/v1/usage?period=2026-10").json()


def test_rows_by_user(admin: Any) -> None:
    rows = admin.get("/v1/usage?period=2026-10&group_by=user").json()["rows"]
    assert rows == [
        {"user_id": "u_1", "user_name": "Ann Ash", "user_email": "ann@acme.example"}
        | figures(sent=5, received=5, signed=7, completed=1),
        {"user_id": "u_2", "user_name": "<b>Ann</b>", "user_email": None} | figures(sent=1, declined=1),
        {"user_id": "u_3", "user_name": "=1+1", "user_email": None} | figures(viewed=9),
    ]


def test_rows_by_day_have_every_day(admin: Any) -> None:
    rows = admin.get("/v1/usage?from=2026-09-30&to=2026-10-02&group_by=day").json()["rows"]
    assert rows == [
        {"day": "2026-09-30"} | figures(sent=4, completed=2),
        {"day": "2026-10-01"} | figures(sent=3, received=5, completed=1),
        {"day": "2026-10-02"} | figures(),
    ]


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026-10-03", "2026-10-03", "2026-10-03"),
        ("2026-W41", "2026-10-05", "2026-10-11"),
        ("2026-09", "2026-09-01", "2026-09-30"),
        ("2026-Q3", "2026-07-01", "2026-09-30"),
        ("2025", "2025-01-01", "2025-12-31"),
    ],
)
def test_every_kind_of_period(admin: Any, period: str, first: str, last: str) -> None:
    answer = admin.get("/v1/usage", params={"period": period}).json()
    assert (answer["from"], answer["to"]) == (first, last)


def test_a_week_starts_on_the_tenants_day(admin: Any, world: Any) -> None:
    Tenants(world.objects).put(TenantProfile(tenant_id="acme", week_starts_on="sunday"))
    answer = admin.get("/v1/usage?period=2026-W41").json()
    assert (answer["from"], answer["to"]) == ("2026-10-04", "2026-10-10")


@pytest.mark.parametrize(
    "query", ["period=2026", "period=2026-Q4", "from=2026-10-16&to=2027-03-01", "from=2026-10-16&to=9999-12-31"]
)
def test_a_range_into_the_future_ends_today_and_says_so(admin: Any, query: str) -> None:
    assert admin.get(f"/v1/usage?{query}").json()["to"] == "2026-10-17"


def test_the_last_evening_of_1999_can_be_asked_for(admin: Any, world: Any) -> None:
    """West of Greenwich the first events that are accepted, of 2000 (UTC), are on that day."""
    Tenants(world.objects).put(TenantProfile(tenant_id="acme", timezone="America/New_York"))
    world.count("acme", "u_1", "1999-12-31", sent=1)
    assert admin.get("/v1/usage?period=1999-12-31").json()["totals"]["sent"] == 1


def test_today_is_the_tenants(admin: Any, world: Any) -> None:
    world.now = world.now.replace(hour=22, minute=30)  # half past midnight in Berlin
    assert admin.get("/v1/usage?period=2026-10").json()["to"] == "2026-10-18"
    assert admin.get("/v1/usage?period=2026-10-18").status_code == 200


@pytest.mark.parametrize(
    "query", ["period=2026-11", "period=2026-10-18", "from=2026-10-18&to=2026-10-19", "period=9999-W52"]
)
def test_a_period_wholly_in_the_future_is_refused(admin: Any, problem: Check, query: str) -> None:
    assert "has begun" in problem(admin.get(f"/v1/usage?{query}"), 422, "future-period")["detail"]


@pytest.mark.parametrize(
    ("query", "kind", "advice"),
    [
        ("period=October", "bad-period", "write a day 2026-10-03, week 2026-W41"),
        ("period=2026-13", "bad-period", "no calendar month"),
        ("period=2026-W54", "bad-period", "no calendar week"),
        ("period=", "bad-period", "write a day"),
        ("period=1999", "bad-period", "before 1999-12-31"),
        ("from=2026-10-02&to=2026-10-01", "bad-period", "swap from and to"),
        ("from=1999-12-30&to=2026-10-01", "bad-period", "begins before 1999-12-31"),
        ("period=2026-10&from=2026-10-01&to=2026-10-02", "bad-period", "not both"),
        ("period=2026-10&to=2026-10-02", "bad-period", "not both"),
        ("from=2026-10-01", "bad-period", "both `from` and `to`"),
        ("to=2026-10-01", "bad-period", "both `from` and `to`"),
        ("from=yesterday&to=2026-10-01", "invalid-request", "write a date such as 2026-10-03"),
        ("from=1790000000&to=2026-10-01", "invalid-request", "write a date such as 2026-10-03"),
        ("from=2026-02-30&to=2026-10-01", "invalid-request", "query.from"),
        ("group_by=week", "invalid-request", "'none', 'day' or 'user'"),
        ("limit=0", "invalid-request", "query.limit"),
        ("limit=10001", "invalid-request", "query.limit"),
        ("limit=many", "invalid-request", "query.limit"),
        ("groupby=day", "invalid-request", "unknown parameter"),
        ("cursor=x&group_by=day", "bad-cursor", "next_cursor"),
        ("cursor=!!&group_by=day", "bad-cursor", "next_cursor"),
    ],
)
def test_what_is_not_valid_says_what_to_write(admin: Any, problem: Check, query: str, kind: str, advice: str) -> None:
    assert advice in problem(admin.get(f"/v1/usage?{query}"), 422, kind)["detail"]


def test_every_invalid_part_is_named(admin: Any, problem: Check) -> None:
    document = problem(admin.get("/v1/usage?limit=0&group_by=x"), 422, "invalid-request")
    assert {part["location"] for part in document["errors"]} == {"query.limit", "query.group_by"}


def pages(client: Any, query: str, *, limit: int) -> list[list[dict[str, Any]]]:
    found, cursor = [], None
    while True:
        parameters = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = client.get(f"/v1/usage?{query}", params=dict(p.split("=") for p in query.split("&")) | parameters)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["rows"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found
        assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)  # it needs no encoding in a URL


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 1000])
def test_pages_hold_every_user_once(admin: Any, world: Any, limit: int) -> None:
    for user_id in ("a user?&=#", "Ünïcode", "张伟"):
        world.count("acme", user_id, "2026-10-05", sent=1)
    everyone = pages(admin, "period=2026-10&group_by=user", limit=limit)
    assert [len(rows) for rows in everyone[:-1]] == [limit] * (len(everyone) - 1)
    assert everyone[-1]
    ids = [row["user_id"] for rows in everyone for row in rows]
    assert ids == sorted(["u_1", "u_2", "u_3", "a user?&=#", "Ünïcode", "张伟"])


def test_pages_hold_every_day_once(admin: Any) -> None:
    days = [row["day"] for rows in pages(admin, "period=2026-10&group_by=day", limit=4) for row in rows]
    assert days == [f"2026-10-{day:02}" for day in range(1, 18)]


def test_figures_that_change_between_pages_move_nobody(admin: Any, world: Any) -> None:
    first = admin.get("/v1/usage?period=2026-10&group_by=user&limit=1").json()
    world.count("acme", "u_3", "2026-10-03", version=2, sent=500)  # now the greatest sender
    world.count("acme", "u_0", "2026-10-03", sent=1)  # and somebody before the cursor
    rest = admin.get(f"/v1/usage?period=2026-10&group_by=user&cursor={first['next_cursor']}").json()
    assert [row["user_id"] for row in first["rows"] + rest["rows"]] == ["u_1", "u_2", "u_3"]


def test_pages_that_follow_soon_repeat_the_totals_of_the_first(admin: Any, world: Any) -> None:
    of_users = "/v1/usage?period=2026-10&group_by=user&limit=1"
    first = admin.get(of_users).json()
    following = f"{of_users}&cursor={first['next_cursor']}"
    world.count("acme", "u_2", "2026-10-03", version=2, sent=500)
    world.now += dt.timedelta(seconds=29)
    soon = admin.get(following).json()
    told = ("totals", "previous_totals", "data_through", "to")
    assert [soon[name] for name in told] == [first[name] for name in told]
    assert soon["rows"][0]["sent"] >= 500
    anew = admin.get(of_users).json()
    assert anew["totals"]["sent"] > first["totals"]["sent"]
    assert admin.get(following).json()["totals"] == anew["totals"]
    world.count("acme", "u_2", "2026-10-03", version=3, sent=600)
    world.now += dt.timedelta(seconds=31)
    assert admin.get(following).json()["totals"]["sent"] == anew["totals"]["sent"] + 100


@pytest.mark.parametrize("letter", ["a", '"', "\\", "é", "张", "😀"])
def test_pages_hold_users_with_the_longest_ids(admin: Any, world: Any, letter: str) -> None:
    longest = [letter * 255 + last for last in "xyz"]
    for user_id in longest:
        world.count("acme", user_id, "2026-10-05", sent=1)
    found = pages(admin, "period=2026-10-05&group_by=user", limit=1)
    assert [row["user_id"] for rows in found for row in rows] == longest


@pytest.mark.parametrize(
    ("group_by", "other"),
    [
        ("day", "period=2026-10&group_by=user"),
        ("day", "period=2026-09&group_by=day"),
        ("user", "group_by=user&period=2026"),
    ],
)
def test_a_cursor_of_another_listing_is_refused(admin: Any, problem: Check, group_by: str, other: str) -> None:
    cursor = admin.get(f"/v1/usage?period=2026-10&group_by={group_by}&limit=1").json()["next_cursor"]
    problem(admin.get(f"/v1/usage?{other}&cursor={cursor}"), 422, "bad-cursor")


@pytest.mark.parametrize("position", ["a\0", "\ud800"])
def test_a_cursor_behind_what_no_store_can_hold_is_refused(admin: Any, problem: Check, position: str) -> None:
    cursor = made_up_cursor("usage/user/2026-10", position)
    problem(admin.get(f"/v1/usage?period=2026-10&group_by=user&cursor={cursor}"), 422, "bad-cursor")


def test_a_member_sees_their_own_rows_only(member: Any) -> None:
    answer = member.get("/v1/usage?period=2026-10&group_by=user").json()
    assert [row["user_id"] for row in answer["rows"]] == ["u_2"]
    assert answer["totals"] == figures(sent=1, declined=1)
    assert answer["previous_totals"] == figures()
    days = member.get("/v1/usage?period=2026-10&group_by=day").json()["rows"]
    assert sum(row["sent"] for row in days) == 1


def test_a_tenant_sees_nothing_of_another(anonymous: Any, world: Any) -> None:
    answer = anonymous.using(world.token("g_1", tenant_id="globex")).get("/v1/usage?period=2026-10&group_by=user")
    assert [row["user_id"] for row in answer.json()["rows"]] == ["g_1"]


def test_an_unknown_tenant_has_no_activity_and_is_no_error(anonymous: Any, world: Any) -> None:
    answer = anonymous.using(world.token(tenant_id="nobody/../acme")).get("/v1/usage?group_by=user").json()
    assert answer["timezone"] == "UTC"
    assert answer["totals"] == figures()
    assert answer["rows"] == []


def test_before_anything_is_counted_nothing_is_claimed(world: Any, admin: Any) -> None:
    world.objects.delete(["state/data-through.json"])
    assert admin.get("/v1/usage").json()["data_through"] is None


@pytest.mark.parametrize(
    "error",
    [
        ServiceUnavailableError("Timestream cannot be reached at https://secret.internal"),
        AccessRefusedError("Timestream refused the credentials AKIASECRET"),
    ],
)
def test_a_usage_store_that_fails_is_a_503_without_its_secrets(
    admin: Any, world: Any, problem: Check, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(world.usage, "day_totals", fail)
    answer = admin.get("/v1/usage")
    problem(answer, 503, "unavailable")
    assert "secret" not in answer.text.lower()
    assert answer.headers["retry-after"]
