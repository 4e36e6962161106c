"""Every rule of the message on the queue, at its edges."""

import datetime as dt
import json
from typing import Any

import pytest

from signtally.aws.timestream_records import EVENT_TEXT_LIMIT_BYTES as TEXT_LIMIT_BYTES
from signtally.domain.actions import Action
from signtally.domain.cloud_events import BadPart, ParsedBody, parse_body
from signtally.domain.dead_letters import DeadLetterReason
from signtally.memory.usage_store import MemoryUsageStore
from tests.support.cloud_event_messages import DATA, NOW, event, only_bad, parsed


def test_the_fake_store_has_the_room_of_the_real_one() -> None:
    assert MemoryUsageStore().text_limit_bytes == TEXT_LIMIT_BYTES


def with_data(**changes: object) -> dict[str, object]:
    return event(data={name: value for name, value in {**DATA, **changes}.items() if value is not None})


def test_an_event_is_read_whole() -> None:
    full = with_data(user_email="ann@acme.example", user_name="Ann Ash")
    [found] = parsed({**full, "subject": "doc_8f2c", "datacontenttype": "application/json", "x": [1, None]}).events
    assert (found.source, found.id, found.action) == ("/portal/documents", "01JB2", Action.SENT)
    assert (found.tenant_id, found.user_id, found.document_id) == ("acme", "u_17", "doc_8f2c")
    assert (found.user_email, found.user_name) == ("ann@acme.example", "Ann Ash")
    assert found.occurred_at == dt.datetime(2026, 10, 3, 11, 34, 56, 789_000, tzinfo=dt.UTC)


@pytest.mark.parametrize("action", Action)
def test_each_of_the_eight_types_is_known(action: Action) -> None:
    assert [found.action for found in parsed(event(type=action.event_type)).events] == [action]


BAD_EVENTS: list[tuple[str, object]] = [
    ("not-an-event", 3),
    ("not-an-event", "text"),
    ("not-an-event", None),
    ("not-an-event", True),
    ("not-an-event", [1, "a", None, []]),
    ("empty-batch", []),
    ("bad-specversion", event(specversion=None)),
    ("bad-specversion", event(specversion="1")),
    ("bad-specversion", event(specversion="1.0.0")),
    ("bad-specversion", event(specversion="0.3")),
    ("bad-specversion", event(specversion=1.0)),
    ("bad-id", event(id=None)),
    ("bad-id", event(id="")),
    ("bad-id", event(id=7)),
    ("bad-id", event(id=True)),
    ("bad-id", event(id=["a"])),
    ("bad-source", event(source=None)),
    ("bad-source", event(source="")),
    ("bad-source", event(source={"a": 1})),
    ("bad-type", event(type=None)),
    ("unknown-type", event(type="")),
    ("bad-type", event(type=8)),
    ("unknown-type", event(type="document.deleted")),
    ("unknown-type", event(type="Document.Sent")),
    ("unknown-type", event(type="document.received")),
    ("unknown-type", event(type="sent")),
    ("bad-data", event(data=None)),
    ("bad-data", event(data=[])),
    ("bad-data", event(data="{}")),
    ("bad-tenant-id", event(data={})),
    ("bad-tenant-id", with_data(tenant_id=None)),
    ("bad-tenant-id", with_data(tenant_id="")),
    ("bad-tenant-id", with_data(tenant_id=12)),
    ("bad-tenant-id", with_data(tenant_id=False)),
    ("bad-tenant-id", with_data(tenant_id="t" * 257)),
    ("bad-user-id", with_data(user_id=None)),
    ("bad-user-id", with_data(user_id="")),
    ("bad-user-id", with_data(user_id="u" * 257)),
    ("bad-document-id", with_data(document_id=None)),
    ("bad-document-id", with_data(document_id="")),
    ("bad-document-id", with_data(document_id="d" * 257)),
    ("bad-characters", event(id="a\0b")),
    ("bad-characters", event(source="/\ud800")),
    ("bad-characters", with_data(tenant_id="\udfff")),
    ("too-large", event(id="i" * 2_048)),
    ("too-large", event(source="/" + "ü" * 1_000)),
    ("too-large", with_data(tenant_id="\N{GRINNING FACE}" * 256, user_id="\N{GRINNING FACE}" * 256)),
]


@pytest.mark.parametrize(("reason", "content"), BAD_EVENTS)
def test_what_breaks_a_rule_is_a_bad_body_untouched(reason: str, content: object) -> None:
    body = json.dumps(content, indent=1)
    [part] = parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES).bad
    assert part == BadPart(body, reason, part.detail, is_element=False)
    assert part.detail


@pytest.mark.parametrize(
    "body",
    [
        "", " ", "{", "{}}", "nul", "{'a': 1}", '{"a": NaN}', "[Infinity]", "-Infinity", "\ufeff{}", '{"a": 1,}',
        '{"a": "tab\there"}', '[{"a": 1}', "[1 2]", '"\\x"', "\x00",
    ],
)  # fmt: skip
def test_what_is_not_json_says_so(body: str) -> None:
    result = parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)
    assert [(part.json, part.reason) for part in result.bad] == [(body, "not-json")]
    assert not result.events


@pytest.mark.parametrize("name", ["tenant_id", "user_id", "document_id"])
def test_an_id_may_have_256_characters_of_any_script(name: str) -> None:
    for character in ("x", "й", "署"):
        [found] = parsed(with_data(**{name: character * 256})).events
        assert getattr(found, name) == character * 256


@pytest.mark.parametrize("name", ["user_name", "user_email"])
@pytest.mark.parametrize("value", ["", 5, True, None, [], {"first": "Ann"}, "\0", "\ud83d"])
def test_a_name_that_cannot_be_shown_is_absent_and_no_fault(name: str, value: object) -> None:
    [found] = parsed(event(data={**DATA, name: value})).events
    assert (found.user_name, found.user_email) == (None, None)


def test_half_a_surrogate_is_cut_out_of_a_name() -> None:
    body = json.dumps(with_data(user_name="Ann \ud83d\ude00\ud83d Ash\0"))
    [found] = parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES).events
    assert found.user_name == "Ann \N{GRINNING FACE} Ash"


def record_bytes(result: ParsedBody) -> int:
    [found] = result.events
    texts = (found.event_id, found.tenant_id, found.user_id, found.document_id, found.user_email, found.user_name)
    return sum(len(text.encode()) for text in texts if text)


def test_the_longest_id_fits_to_the_byte() -> None:
    texts = f"{len('/s')}:/s:acmeu_17doc_8f2c"
    longest = "i" * (TEXT_LIMIT_BYTES - len(texts))
    assert record_bytes(parsed(event(source="/s", id=longest))) == TEXT_LIMIT_BYTES
    assert only_bad(event(source="/s", id=longest + "i")).reason == "too-large"


def test_names_make_room_before_an_event_is_refused() -> None:
    crowded: dict[str, Any] = with_data(user_email="ann@acme.example", user_name="é" * 2_000)
    result = parsed(crowded)
    assert result.events[0].user_email == "ann@acme.example"
    assert result.events[0].user_name == "é" * len(result.events[0].user_name or "")
    assert TEXT_LIMIT_BYTES - 1 <= record_bytes(result) <= TEXT_LIMIT_BYTES
    # An address that is cut short is somebody else's.
    crowded["data"]["user_email"] = "a" * 2_000 + "@acme.example"
    assert parsed(crowded).events[0].user_email is None


def test_every_reason_is_explained() -> None:
    assert all(reason.explanation.endswith(".") for reason in DeadLetterReason)
