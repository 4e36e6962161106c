"""`GET /v1/documents`: the list behind "158 open"."""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signtally.api import document_export
from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from tests.api.conftest import World
from tests.support.examples import examples
from tests.support.made_up_cursors import made_up_cursor

Check = Callable[..., dict[str, Any]]
FIELDS = [
    *("document_id", "status", "user_id", "user_name", "sent_at", "first_viewed_at", "last_signed_at", "closed_at"),
    *("turnaround_hours", "days_open"),
]


def event(action: Action, time: str, document_id: str, user_id: str) -> ReceivedEvent:
    at = dt.datetime.fromisoformat(f"{time}Z")
    key = f"{document_id}-{action}-{time}"
    return ReceivedEvent(UsageEvent("/portal", key, action, "acme", user_id, document_id, at), at, "m")


@pytest.fixture(autouse=True)
def _events(world: World) -> None:
    world.usage.put_events(
        [
            event(Action.SENT, "2026-09-20T08:00:00", "old", "u_1"),
            event(Action.SENT, "2026-10-01T08:00:00", "d1", "u_1"),
            event(Action.VIEWED, "2026-10-01T08:20:00", "d1", "u_2"),
            event(Action.SIGNED, "2026-10-02T13:59:00", "d1", "u_2"),
            event(Action.COMPLETED, "2026-10-02T14:00:00", "d1", "u_1"),
            event(Action.SENT, "2026-10-05T07:00:00", "d2", "u_2"),
            event(Action.SENT, "2026-10-05T07:00:00", "d2b", "u_2"),
            event(Action.SENT, "2026-09-30T20:00:00", "d3", "u_1"),
            event(Action.DECLINED, "2026-10-16T08:00:00", "d3", "u_2"),
            event(Action.SENT, "2026-08-01T08:00:00", "past", "u_1"),
            event(Action.CANCELLED, "2026-08-02T08:00:00", "past", "u_1"),
        ]
    )


def listed(client: Any, **query: Any) -> list[str]:
    answer = client.get("/v1/documents", params={"period": "2026-10"} | query)
    assert answer.status_code == 200, answer.text
    return [row["document_id"] for row in answer.json()["rows"]]


def test_a_row_has_what_was_promised_and_no_more(admin: Any) -> None:
    answer = admin.get("/v1/documents?period=2026-10&user_id=u_1&status=completed").json()
    assert (answer["from"], answer["to"], answer["data_through"]) == (
        "2026-10-01",
        "2026-10-17",
        "2026-10-17T12:32:05Z",
    )
    (row,) = answer["rows"]
    assert list(row) == FIELDS
    assert row == {
        "document_id": "d1",
        "status": "completed",
        "user_id": "u_1",
        "user_name": "Ann Ash",
        "sent_at": "2026-10-01T08:00:00Z",
        "first_viewed_at": "2026-10-01T08:20:00Z",
        "last_signed_at": "2026-10-02T13:59:00Z",
        "closed_at": "2026-10-02T14:00:00Z",
        "turnaround_hours": 30.0,
        "days_open": 1,
    }


def test_open_ones_come_first_the_oldest_first(admin: Any) -> None:
    found = [each for each in listed(admin) if each != "doc"]  # what happens today is about a document called doc
    assert found == ["old", "d2", "d2b", "d3", "d1"]
    assert [each for each in listed(admin, status="open") if each != "doc"] == ["old", "d2", "d2b"]
    assert listed(admin, status="declined") == ["d3"]
    assert listed(admin, status="expired") == []
    assert "past" in listed(admin, period="2026-08")


def test_the_list_is_that_of_the_report(admin: Any, world: World) -> None:
    order = admin.post("/v1/reports", json={"period": "2026-10", "formats": ["json"]}).json()
    world.make_reports()
    (file,) = admin.get(order["links"]["self"]).json()["files"]
    key = next(
        each.key
        for each in world.objects.list_objects("reports/")
        if each.key.endswith(".json") and "usage" in each.key
    )
    told = json.loads(world.objects.get(key).body)["documents"]
    rows = admin.get("/v1/documents?period=2026-10").json()["rows"]
    assert file["format"] == "json"
    assert [(row["document_id"], row["status"], row["user_name"]) for row in rows] == [
        (row["document_id"], row["status"], row["user_name"]) for row in told
    ]


def test_a_member_sees_what_they_sent(member: Any, problem: Check) -> None:
    assert listed(member) == ["d2", "d2b"] == listed(member, user_id="u_2")
    problem(member.get("/v1/documents?period=2026-10&user_id=u_1"), 403, "forbidden")


def test_a_period_in_the_future_and_what_is_no_status(admin: Any, problem: Check) -> None:
    problem(admin.get("/v1/documents?period=2026-11"), 422, "future-period")
    problem(admin.get("/v1/documents?period=soon"), 422, "bad-period")
    problem(admin.get("/v1/documents?status=lost"), 422, "invalid-request")


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_meet_every_row_once(admin: Any, limit: int) -> None:
    whole, found, cursor = listed(admin), [], None
    while True:
        query = {"period": "2026-10", "limit": limit} | ({"cursor": cursor} if cursor else {})
        page = admin.get("/v1/documents", params=query).json()
        found += [row["document_id"] for row in page["rows"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == whole


@pytest.mark.parametrize("letter", ["a", '"', "😀"])
def test_pages_meet_the_longest_ids_of_the_longest_sender(admin: Any, world: World, letter: str) -> None:
    sender, longest = letter * 256, [letter * 255 + last for last in "xyz"]
    world.usage.put_events([event(Action.SENT, "2026-10-05T09:00:00", each, sender) for each in longest])
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"period": "2026-10", "user_id": sender, "limit": 1} | ({"cursor": cursor} if cursor else {})
        page = admin.get("/v1/documents", params=query).json()
        found += [row["document_id"] for row in page["rows"]]
        cursor = page["next_cursor"]
    assert found == longest


def test_an_id_that_no_store_can_hold_is_refused(admin: Any, problem: Check) -> None:
    problem(admin.get("/v1/documents?user_id=a%00"), 422, "invalid-request")
    problem(admin.get("/v1/documents/count?user_id=%00"), 422, "invalid-request")
    order = {"period": "2026-10", "filters": {"user_ids": ["u_1", "a\0"]}}
    problem(admin.post("/v1/reports", json=order), 422, "invalid-request")


def test_a_cursor_is_of_its_own_question(admin: Any, problem: Check) -> None:
    cursor = admin.get("/v1/documents?period=2026-10&limit=1").json()["next_cursor"]
    for other in (
        {"period": "2026-09"},
        {"period": "2026-10", "status": "open"},
        {"period": "2026-10", "user_id": "u_1"},
    ):
        problem(admin.get("/v1/documents", params=other | {"cursor": cursor}), 422, "bad-cursor")


@given(
    position=st.sampled_from(
        [
            '[0,1,"\ud800"]',
            r'[0,1,"\ud800"]',
            r'[0,1,"\u0000"]',
            '[2,1,"x"]',
            '[0,1e9,"x"]',
            '[0,1,"x]',
            "[]",
            '[0,1,"a","b"]',
        ]
    )
    | st.text()
)
@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_made_up_cursor_is_refused_or_answered(admin: Any, position: str) -> None:
    cursor = made_up_cursor("documents/2026-10//", position)
    answer = admin.get("/v1/documents", params={"period": "2026-10", "cursor": cursor})
    assert answer.status_code in {200, 422}


def exported(client: Any, **query: Any) -> list[dict[str, str]]:
    answer = client.get("/v1/documents", params={"period": "2026-10", "format": "csv"} | query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''Acme%20documents%202026-10.csv"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=text.removeprefix("document_id")[0]))


def test_the_list_shown_can_be_had_as_a_file(admin: Any, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row, over several pages, in the list's own order; texts that a spreadsheet would compute are marked."""
    monkeypatch.setattr(document_export, "ROWS_AT_ONCE", 2)
    world.services.stores.tenants.edit("acme", lambda found: found.model_copy(update={"csv": "semicolon"}))
    world.usage.put_events([event(Action.SENT, "2026-10-06T07:00:00", "=1+1", "u_3")])
    rows = exported(admin)
    assert [row["document_id"].removeprefix("'") for row in rows] == listed(admin)
    assert len(rows) > 4
    (formula,) = exported(admin, user_id="u_3", status="open")
    assert (formula["document_id"], formula["user_name"], formula["sent_at_utc"]) == (
        "'=1+1",
        "'=1+1",
        "2026-10-06 07:00:00",
    )
    entries = admin.get("/v1/audit?action=documents.exported").json()["rows"]
    assert {entry["subject"] for entry in entries} == {"2026-10"}
    assert [entry["detail"] for entry in entries if entry["detail"]] == [{"status": "open", "user": "u_3"}]


def test_a_file_begins_with_the_first_row(admin: Any, problem: Check) -> None:
    """Its rows are all there are, or it would be a part that looks like the whole."""
    cursor = admin.get("/v1/documents?period=2026-10&limit=1").json()["next_cursor"]
    found = problem(admin.get(f"/v1/documents?period=2026-10&format=csv&cursor={cursor}"), 422, "invalid-request")
    assert found["errors"][0]["location"] == "query.cursor"
    assert admin.get("/v1/audit?action=documents.exported").json()["rows"] == []


@pytest.mark.parametrize(
    "query", [{}, {"status": "open"}, {"user_id": "u_1"}, {"stuck": True}, {"stuck": True, "status": "completed"}]
)
def test_the_count_is_that_of_the_list(admin: Any, member: Any, query: dict[str, Any]) -> None:
    about = {"period": "2026-10"} | query
    told = admin.get("/v1/documents/count", params=about).json()
    assert told["documents"] == len(listed(admin, **query))
    assert (told["from"], told["to"], told["data_through"]) == ("2026-10-01", "2026-10-17", "2026-10-17T12:32:05Z")
    own = {name: value for name, value in about.items() if name != "user_id"}
    assert member.get("/v1/documents/count", params=own).json()["documents"] == len(listed(member, **own))


def test_stuck_ones_are_open_for_longer_than_two_weeks(admin: Any, member: Any) -> None:
    rows = admin.get("/v1/documents?period=2026-10&stuck=true").json()
    assert [row["document_id"] for row in rows["rows"]] == ["old"]
    assert rows["next_cursor"] is None
    assert [row["document_id"] for row in exported(admin, stuck="true")] == ["old"]
    assert listed(admin, stuck="true", status="completed") == []
    assert {row["user_id"] for row in exported(member)} == {"u_2"}
