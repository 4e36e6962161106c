"""`/v1/schedules`: a tenant's administrators change their own profile, and no edit is lost."""

import asyncio
import datetime as dt
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import TenantProfile
from signtally.stores.tenants import EditConflictError, Tenants

Check = Callable[..., dict[str, Any]]
MONTHLY = {
    "every": "month",
    "at": "08:30",
    "formats": ["pdf", "xlsx"],
    "recipients": [{"email": "ann@acme.example", "user_id": None}],
    "digest": True,
    "missed": "latest",
}
STANDARD: dict[str, Any] = {
    "on": None,
    "locale": None,
    "attach": False,
    "paused": False,
    "skip_if_empty": False,
    "condition": None,
    "destinations": [],
    "incomplete": "wait",
    "correct_from_percent": None,
}


def stored(world: Any) -> tuple[Schedule, ...]:
    schedules: tuple[Schedule, ...] = Tenants(world.objects).get("acme").schedules
    return schedules


def test_a_schedule_lives_and_ends(admin: Any, world: Any, problem: Check) -> None:
    created = admin.put("/v1/schedules/Board report", json=MONTHLY)
    assert created.status_code == 201
    assert created.json() == MONTHLY | STANDARD | {
        "name": "Board report",
        "starts_at": "2026-10-17T12:35:00Z",
        "next_at": "2026-11-01T07:30:00Z",
    }
    assert admin.get("/v1/schedules/Board%20report").json() == created.json()
    assert admin.get("/v1/schedules").json() == {"rows": [created.json()], "next_cursor": None}
    assert [schedule.name for schedule in stored(world)] == ["Board report"]

    changed = admin.put("/v1/schedules/Board report", json=created.json() | {"every": "week"})
    assert (changed.status_code, changed.json()["every"]) == (200, "week")
    assert len(stored(world)) == 1

    gone = admin.delete("/v1/schedules/Board report")
    assert (gone.status_code, gone.content) == (204, b"")
    assert "content-type" not in gone.headers
    assert stored(world) == ()
    problem(admin.delete("/v1/schedules/Board report"), 404, "not-found")
    problem(admin.get("/v1/schedules/Board report"), 404, "not-found")


def test_the_rest_of_the_profile_stays(admin: Any, world: Any) -> None:
    before = Tenants(world.objects).get("acme")
    admin.put("/v1/schedules/weekly", json={"every": "week"})
    admin.delete("/v1/schedules/weekly")
    assert Tenants(world.objects).get("acme") == before


def test_defaults_are_told(admin: Any) -> None:
    answer = admin.put("/v1/schedules/weekly", json={"every": "week"}).json()
    assert (answer["at"], answer["formats"], answer["recipients"], answer["missed"]) == ("07:00", ["pdf"], [], "latest")


def test_a_tenant_without_a_profile_gets_one(anonymous: Any, world: Any) -> None:
    other = anonymous.using(world.token(tenant_id="initech"))
    assert other.put("/v1/schedules/weekly", json={"every": "week"}).status_code == 201
    assert Tenants(world.objects).get("initech").schedules[0].name == "weekly"


def test_no_edit_is_lost_when_many_are_made_at_once(admin: Any, world: Any) -> None:
    names = [f"schedule-{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda name: admin.put(f"/v1/schedules/{name}", json={"every": "day"}), names))
    assert {answer.status_code for answer in answers} == {201}
    assert {schedule.name for schedule in stored(world)} == set(names)


def test_a_profile_that_never_rests_is_a_conflict(
    admin: Any, world: Any, problem: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.objects, "put_if_match", lambda *_, **__: False)
    problem(admin.put("/v1/schedules/weekly", json={"every": "week"}), 409, "conflict")
    with pytest.raises(EditConflictError):
        Tenants(world.objects).edit("acme", lambda profile: profile.model_copy(update={"name": "Bolt"}))


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ({}, "body.every: it is missing"),
        ({"every": "hour"}, "'day', 'week', 'month', 'quarter' or 'year'"),
        ({"every": "week", "on": 15}, "no weekday"),
        ({"every": "month", "on": 32}, "or a day of the month (1 to 31)"),
        ({"every": "day", "locale": "english please"}, "body.locale"),
        ({"every": "day", "starts_at": "2026-10-17T12:35:00"}, "should have timezone info"),
        ({"every": "day", "recipients": [{"email": "a..b@acme.example"}]}, "two periods in a row"),
        ({"every": "day", "recipients": [{"email": "=?utf-8?q?ann?=@acme.example"}]}, "an encoded word"),
        ({"every": "day", "recipients": [{"email": "jürgen@acme.example"}]}, "before the @-sign"),
        ({"every": "day", "recipients": [{"email": f"r{n}@acme.example"} for n in range(51)]}, "at most 50 recipients"),
        ({"every": "day", "at": "7:00"}, "write 07:00"),
        ({"every": "day", "formats": []}, "body.formats"),
        ({"every": "day", "formats": ["docx"]}, "'pdf', 'xlsx', 'csv', 'zip' or 'json'"),
        ({"every": "day", "recipients": [{"email": "ann"}]}, "write ann@acme.example"),
        ({"every": "day", "recipient": []}, "unknown parameter"),
        ({"every": "day", "name": "other"}, "the address 'weekly'"),
        ({"every": "day", "missed": "some"}, "'latest', 'all' or 'skip'"),
        ({"every": "day", "condition": {"days": 7}}, "body.condition: 'when' is missing"),
        ({"every": "day", "condition": {"when": "often"}}, "body.condition: write 'allowance_used', 'nothing_sent',"),
    ],
)
def test_a_schedule_that_is_not_valid_says_what_to_write(
    admin: Any, world: Any, problem: Check, body: dict[str, Any], advice: str
) -> None:
    assert advice in problem(admin.put("/v1/schedules/weekly", json=body), 422, "invalid-request")["detail"]
    assert stored(world) == ()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("-x", "name-begins-wrongly"),
        ("x" * 65, "name-too-long"),
        ("𠮷" * 33, "name-too-long"),
        ("%C2%A0", "name-missing"),
        *(
            (f"a{wrong}b", "name-character")
            for wrong in ("%0A", "<", ":", "%E2%80%AE", "%E2%80%8B", "%EF%BB%BF", "%00")
        ),
    ],
)
def test_a_name_that_is_not_valid(admin: Any, problem: Check, name: str, code: str) -> None:
    (part,) = problem(admin.put(f"/v1/schedules/{name}", json={"every": "day"}), 422, "invalid-request")["errors"]
    assert (part["location"], part["code"]) == ("path.name", code)


@pytest.mark.parametrize(
    "name", ["Vorstand München", "東京・月次（役員）", "تقرير الرياض", "Ann’s board", "می‌خواهم", "📊 Q4"]
)
def test_a_schedule_is_named_in_any_script(admin: Any, problem: Check, name: str) -> None:
    """However its letters are composed; and nothing that only looks like another name is a second one."""
    where = f"/v1/schedules/{quote(unicodedata.normalize('NFD', name))}"
    made = admin.put(where, json={"every": "day", "name": name})
    assert (made.status_code, made.json()["name"]) == (201, name)
    assert admin.get(where).json() == made.json()
    assert admin.put(where, json=made.json() | {"at": "09:00"}).status_code == 200
    other = quote(name.upper() if name.upper() != name else f"{name}\u200d")
    assert problem(admin.put(f"/v1/schedules/{other}", json={"every": "day"}), 409, "conflict")
    assert admin.get(f"{where}/preview").status_code == 200
    sent = admin.post(f"{where}/send-now", json={"recipients": ["ann@acme.example"]})
    assert [row["state"] for row in sent.json()["deliveries"]] == ["sent"]
    assert len(admin.get(f"{where}/deliveries").json()["rows"]) == 1
    assert admin.get("/v1/audit").json()["rows"][0]["subject"] == name
    assert admin.delete(where).status_code == 204


def test_a_new_schedule_starts_with_its_next_period_unless_asked(admin: Any, world: Any) -> None:
    """So does one that is no longer paused; an edit of anything else leaves the start as it was."""
    new = admin.put("/v1/schedules/new", json=MONTHLY).json()
    earlier = admin.put("/v1/schedules/old", json=MONTHLY | {"starts_at": "2026-09-01T00:00:00+02:00"}).json()
    assert (new["starts_at"], earlier["starts_at"]) == ("2026-10-17T12:35:00Z", "2026-09-01T00:00:00+02:00")
    world.now += dt.timedelta(days=40)
    edited = admin.put("/v1/schedules/new", json=new | {"at": "09:00"}).json()
    assert (edited["starts_at"], edited["next_at"]) == (new["starts_at"], "2026-12-01T08:00:00Z")
    paused = admin.put("/v1/schedules/new", json=edited | {"paused": True}).json()
    assert (paused["paused"], paused["next_at"]) == (True, None)
    assert admin.put("/v1/schedules/new", json=paused | {"paused": False}).json()["starts_at"] == "2026-11-26T12:35:00Z"


def test_names_that_differ_in_capitals_alone_are_one(admin: Any, world: Any, problem: Check) -> None:
    admin.put("/v1/schedules/Weekly", json={"every": "week"})
    assert "'Weekly'" in problem(admin.put("/v1/schedules/weekly", json={"every": "day"}), 409, "conflict")["detail"]
    assert [schedule.name for schedule in stored(world)] == ["Weekly"]


def test_an_edit_can_rest_on_what_was_read(admin: Any, problem: Check) -> None:
    tag = admin.put("/v1/schedules/weekly", json={"every": "week"}).headers["etag"]
    assert admin.get("/v1/schedules/weekly").headers["etag"] == tag
    held = {"headers": {"If-Match": tag}}
    changed = admin.put("/v1/schedules/weekly", json={"every": "week", "on": "friday"}, **held)
    assert (changed.status_code, changed.json()["on"]) == (200, "friday")
    problem(admin.put("/v1/schedules/weekly", json={"every": "day"}, **held), 412, "precondition-failed")
    problem(admin.delete("/v1/schedules/weekly", **held), 412, "precondition-failed")
    problem(
        admin.put("/v1/schedules/new", json={"every": "day"}, headers={"If-Match": "*"}), 412, "precondition-failed"
    )
    assert admin.delete("/v1/schedules/weekly", headers={"If-Match": changed.headers["etag"]}).status_code == 204


def test_a_new_one_replaces_nobodys_unseen(admin: Any, problem: Check) -> None:
    new = {"headers": {"If-None-Match": "*"}}
    assert admin.put("/v1/schedules/weekly", json={"every": "week"}, **new).status_code == 201
    refused = admin.put("/v1/schedules/weekly", json={"every": "day"}, **new)
    assert "Choose another name" in problem(refused, 412, "precondition-failed")["detail"]
    assert admin.get("/v1/schedules/weekly").json()["every"] == "week"


def at_once(client: Any, calls: list[tuple[str, dict[str, Any], dict[str, str]]]) -> list[int]:
    """PUT each of (path, body, headers) while the others are under way; returns the statuses in that order."""

    async def put_all() -> list[int]:
        transport = httpx.ASGITransport(client.app)
        headers = {"Authorization": f"Bearer {client._token}"}  # noqa: SLF001 -- the test's own client
        async with httpx.AsyncClient(transport=transport, base_url="http://signtally.test", headers=headers) as http:
            answers = await asyncio.gather(*(http.put(path, json=body, headers=more) for path, body, more in calls))
        return [answer.status_code for answer in answers]

    return asyncio.run(put_all())


def test_of_forty_edits_of_one_schedule_at_once_one_wins(admin: Any) -> None:
    tag = admin.put("/v1/schedules/weekly", json={"every": "week"}).headers["etag"]
    hours = [f"{place % 24:02}:{place // 24:02}" for place in range(1, 41)]
    calls = [("/v1/schedules/weekly", {"every": "week", "at": at}, {"If-Match": tag}) for at in hours]
    statuses = at_once(admin, calls)
    assert sorted(statuses) == [200] + [412] * 39
    assert admin.get("/v1/schedules/weekly").json()["at"] == hours[statuses.index(200)]


def test_forty_new_schedules_at_once_are_all_kept(admin: Any, world: Any) -> None:
    """Or whoever was too late is told so, and nothing of theirs is stored."""
    names = [f"s{place:02}" for place in range(40)]
    statuses = at_once(admin, [(f"/v1/schedules/{name}", {"every": "week"}, {}) for name in names])
    assert {*statuses} <= {201, 409, 503}
    assert sorted(each.name for each in stored(world)) == [
        name for name, status in zip(names, statuses, strict=True) if status == 201
    ]
    assert statuses.count(201) >= 20


def test_schedules_come_in_pages(admin: Any) -> None:
    for name in ("b", "A", "c"):
        admin.put(f"/v1/schedules/{name}", json={"every": "week"})
    first = admin.get("/v1/schedules?limit=2").json()
    rest = admin.get("/v1/schedules", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [row["name"] for page in (first, rest) for row in page["rows"]] == ["A", "b", "c"]
    assert rest["next_cursor"] is None


def test_a_tenant_has_fifty_schedules_and_mails_only_where_it_may(admin: Any, world: Any, problem: Check) -> None:
    def full(profile: TenantProfile) -> TenantProfile:
        many = tuple(Schedule.model_validate({"name": f"s{n}", "every": "day"}) for n in range(50))
        return profile.model_copy(update={"schedules": many, "recipient_domains": ("acme.example",)})

    Tenants(world.objects).edit("acme", full)
    detail = problem(admin.put("/v1/schedules/one-more", json={"every": "day"}), 422, "invalid-request")["detail"]
    assert "at most 50 schedules" in detail
    foreign = {"every": "day", "recipients": [{"email": "ann@acme.example"}, {"email": "eve@other.example"}]}
    document = problem(admin.put("/v1/schedules/s1", json=foreign), 422, "invalid-request")
    assert document["errors"][0]["location"] == "body.recipients.1.email"
    assert "acme.example only" in document["detail"]


def test_schedules_are_for_administrators(member: Any, world: Any, problem: Check) -> None:
    for method, path in (("GET", ""), ("GET", "/weekly"), ("PUT", "/weekly"), ("DELETE", "/weekly")):
        options = {"json": {"every": "week"}} if method == "PUT" else {}
        problem(member.request(method, f"/v1/schedules{path}", **options), 403, "forbidden")
    assert stored(world) == ()


def test_schedules_are_the_tenants_own(admin: Any, anonymous: Any, world: Any, problem: Check) -> None:
    admin.put("/v1/schedules/weekly", json={"every": "week"})
    other = anonymous.using(world.token(tenant_id="globex"))
    assert other.get("/v1/schedules").json()["rows"] == []
    problem(other.get("/v1/schedules/weekly"), 404, "not-found")
    problem(other.delete("/v1/schedules/weekly"), 404, "not-found")
