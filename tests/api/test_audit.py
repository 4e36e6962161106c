"""`/v1/audit`: what was done is on record, newest first, for the tenant's administrators."""

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from signtally.domain.audit import AuditAction, AuditEntry
from signtally.ports.errors import ServiceUnavailableError
from tests.api.conftest import NOW, World

Check = Callable[..., dict[str, Any]]
SEPTEMBER = {"period": "2026-09", "formats": ["csv"]}


def actions(client: Any, query: str = "") -> list[str]:
    return [row["action"] for row in client.get(f"/v1/audit{query}").json()["rows"]]


def tick(world: World) -> None:
    world.now += dt.timedelta(seconds=1)


def test_who_did_what_when_and_from_where(admin: Any, member: Any, world: World) -> None:
    report = admin.post("/v1/reports", json=SEPTEMBER).json()
    world.make_reports()
    tick(world)
    headers = {"User-Agent": "curl/8", "Authorization": f"Bearer {world.token()}"}
    answer = admin.get(report["links"]["files"]["csv"], headers=headers)
    assert answer.status_code == 307
    downloaded, ordered = admin.get("/v1/audit").json()["rows"]
    assert ordered["detail"] == {"period": "2026-09", "formats": "csv"}
    assert downloaded == {
        "at": "2026-10-17T12:35:01Z",
        "user_id": "u_1",
        "role": "tenant_admin",
        "action": "report.downloaded",
        "subject": report["report_id"],
        "detail": {"format": "csv", "version": "1"},
        "address": "127.0.0.1",
        "user_agent": "curl/8",
        "request_id": answer.headers["x-request-id"],
    }
    tick(world)
    member.post("/v1/reports", json=SEPTEMBER)
    newest = admin.get("/v1/audit?limit=1").json()["rows"][0]
    assert (newest["user_id"], newest["role"]) == ("u_2", "member")


@pytest.mark.parametrize("path", ["/{id}", "", "/{id}/versions", "/{id}/events"])
def test_whoever_is_given_signed_urls_is_on_record_once(admin: Any, world: World, path: str) -> None:
    report_id = admin.post("/v1/reports", json=SEPTEMBER).json()["report_id"]
    world.make_reports()
    address = f"/v1/reports{path.format(id=report_id)}"
    without = admin.get(address, params={"urls": False})
    assert "X-Amz" not in without.text and '"url":null' in without.text.replace(" ", "")  # noqa: PT018
    assert actions(admin) == ["report.ordered"]
    tick(world)
    assert '"url":"' in admin.get(address).text.replace(" ", "")
    admin.get(address)
    linked, _ = admin.get("/v1/audit").json()["rows"]
    assert (linked["action"], linked["subject"]) == ("report.linked", report_id)
    assert linked["detail"] == {"formats": "csv", "version": "1"}


def test_so_is_whoever_orders_a_report_that_exists(admin: Any, world: World) -> None:
    for query in ("", "?urls=false", ""):
        admin.post(f"/v1/reports{query}", json=SEPTEMBER)
        world.make_reports()
        tick(world)
    assert actions(admin) == ["report.linked", "report.ordered", "report.ordered", "report.ordered"]


def test_an_edit_of_a_schedule_says_what_it_changed(admin: Any, world: World) -> None:
    weekly = {"every": "week", "recipients": [{"email": "ann@acme.example"}, {"email": "bob@acme.example"}]}
    for change in ({}, {"at": "09:00", "recipients": weekly["recipients"][:1]}, {"at": "09:00"}):
        admin.put("/v1/schedules/weekly", json=weekly | change)
        tick(world)
    details = [row["detail"] for row in admin.get("/v1/audit").json()["rows"]]
    bob = "bob@acme.example"
    assert details == [{"changed": "recipients", "added": bob}, {"changed": "at, recipients", "removed": bob}, {}]


def test_asking_for_the_head_or_in_vain_is_no_download(admin: Any, member: Any, world: World) -> None:
    report = admin.post("/v1/reports", json=SEPTEMBER).json()
    file = report["links"]["files"]["csv"]
    assert admin.get(file).status_code == 409
    world.make_reports()
    assert member.get(file).status_code == 404
    assert admin.request("HEAD", file).status_code == 307
    assert actions(admin) == ["report.ordered"]


def test_changes_of_schedules(admin: Any, world: World) -> None:
    for method, body in (("PUT", {"every": "week"}), ("PUT", {"every": "day"}), ("DELETE", None)):
        admin.request(method, "/v1/schedules/weekly", json=body)
        tick(world)
    admin.delete("/v1/schedules/weekly")
    assert actions(admin) == ["schedule.deleted", "schedule.changed", "schedule.created"]
    assert actions(admin, "?action=schedule.changed&subject=weekly") == ["schedule.changed"]
    assert actions(admin, "?subject=monthly") == []


def test_pages_meet_every_entry_once(admin: Any, world: World) -> None:
    for number in range(7):
        entry = AuditEntry(NOW, "u_1", "member", AuditAction.REPORT_ORDERED, f"r{number % 2}", {"n": str(number)})
        world.services.stores.audit.add("acme", entry)
    assert all_pages(admin, "limit=2") == set("0123456")
    assert all_pages(admin, "limit=2&subject=r1") == set("135")


def test_entries_that_come_at_once_share_objects_and_are_met_once_each(
    admin: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write waits until all others wait for it; pages then end in the middle of objects."""
    trail, put, puts, others = world.services.stores.audit, world.objects.put, [], 20
    begun, go_on = threading.Event(), threading.Event()

    def slow(key: str, body: bytes, **options: Any) -> str:
        puts.append(key)
        begun.set()
        assert go_on.wait(20)
        return put(key, body, **options)

    monkeypatch.setattr(world.objects, "put", slow)

    def add(number: int) -> None:
        action = AuditAction.REPORT_LINKED if number % 5 == 0 else AuditAction.REPORT_ORDERED
        at = NOW + dt.timedelta(milliseconds=number)
        trail.add("acme", AuditEntry(at, "u_1", "member", action, f"r{number % 2}", {"n": str(number)}))

    with ThreadPoolExecutor(others + 1) as threads:
        first = threads.submit(add, 0)
        assert begun.wait(20)
        later = [threads.submit(add, number) for number in range(1, others + 1)]
        while len(trail._puts._groups["acme"][0]._waiting) < others:  # noqa: SLF001 -- nothing else tells that all wait
            threading.Event().wait(0.001)
        go_on.set()
        for each in (first, *later):
            each.result(20)
    assert len(puts) <= 5
    assert all_pages(admin, "limit=3") == {*map(str, range(others + 1))}
    assert all_pages(admin, "limit=2&subject=r1") == {str(number) for number in range(1, others + 1, 2)}
    assert all_pages(admin, "limit=1&action=report.linked") == {"0", "5", "10", "15", "20"}
    # As where a person is erased: entries that share an object are changed one by one.
    odd = {str(number) for number in range(1, others + 1, 2)}
    monkeypatch.undo()
    for dry_run, changed in ((True, len(odd)), (False, len(odd)), (False, 0)):
        assert trail.rewrite("acme", erased, dry_run=dry_run) == changed
    assert all_pages(admin, "limit=3") == {*map(str, range(others + 1))}
    assert all_pages(admin, "limit=2&subject=erased") == odd
    assert not all_pages(admin, "limit=2&subject=r1")


def erased(entry: AuditEntry) -> AuditEntry:
    return dataclasses.replace(entry, subject="erased", address=None) if entry.subject == "r1" else entry


def all_pages(admin: Any, query: str) -> set[str]:
    """The numbers of all entries, none of which may be met twice."""
    found: list[str] = []
    cursor = ""
    while True:
        page = admin.get(f"/v1/audit?{query}{cursor}").json()
        found += [row["detail"]["n"] for row in page["rows"]]
        if page["next_cursor"] is None:
            assert len(found) == len({*found})
            return {*found}
        cursor = f"&cursor={page['next_cursor']}"


def test_a_cursor_of_another_question_is_refused(admin: Any, problem: Check) -> None:
    for _ in range(2):
        admin.post("/v1/reports", json=SEPTEMBER)
    cursor = admin.get("/v1/audit?limit=1").json()["next_cursor"]
    assert admin.get(f"/v1/audit?cursor={cursor}").status_code == 200
    problem(admin.get(f"/v1/audit?cursor={cursor}&subject=x"), 422, "bad-cursor")


def test_an_entry_that_cannot_be_read_costs_itself_alone(admin: Any, world: World) -> None:
    admin.post("/v1/reports", json=SEPTEMBER)
    tick(world)
    admin.put("/v1/schedules/weekly", json={"every": "week"})
    first = next(iter(world.objects.list_objects("audit/acme/")))
    world.objects.put(first.key, b'{"half": ')
    assert actions(admin) == ["report.ordered"]


def test_the_trail_is_the_tenants_own_and_the_administrators(
    admin: Any, member: Any, anonymous: Any, world: World, problem: Check
) -> None:
    admin.post("/v1/reports", json=SEPTEMBER)
    problem(member.get("/v1/audit"), 403, "forbidden")
    assert actions(anonymous.using(world.token(tenant_id="globex"))) == []


def test_what_the_bucket_does_not_take_is_in_the_log(
    admin: Any, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put = world.objects.put

    def refuse(key: str, body: bytes, **options: Any) -> str:
        if key.startswith("audit/"):
            raise ServiceUnavailableError("S3 does not answer")
        return put(key, body, **options)

    monkeypatch.setattr(world.objects, "put", refuse)
    assert admin.post("/v1/reports", json=SEPTEMBER).status_code == 202
    (line,) = (record for record in caplog.records if record.name == "signtally.audit")
    assert line.levelname == "ERROR"
    assert '"action":"report.ordered"' in line.getMessage()
