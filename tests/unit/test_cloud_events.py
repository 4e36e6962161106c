"""Every rule of the message on the queue, at its edges."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.aws.timestream_records import EVENT_TEXT_LIMIT_BYTES as TEXT_LIMIT_BYTES
from signtally.domain.actions import Action
from signtally.domain.cloud_events import BadPart, ParsedBody, parse_body
from signtally.domain.dead_letters import DeadLetterReason
from signtally.domain.timestamps import parse_time
from signtally.memory.usage_store import MemoryUsageStore

NOW = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)
DATA = {"tenant_id": "acme", "user_id": "u_17", "document_id": "doc_8f2c"}
EVENT = {
    "specversion": "1.0",
    "id": "01JB2",
    "source": "/portal/documents",
    "type": "document.sent",
    "time": "2026-10-03T11:34:56.789Z",
    "data": DATA,
}


def test_the_fake_store_has_the_room_of_the_real_one() -> None:
    assert MemoryUsageStore().text_limit_bytes == TEXT_LIMIT_BYTES


def event(**changes: object) -> dict[str, object]:
    """A good event with these attributes instead; None leaves one out."""
    return {name: value for name, value in {**EVENT, **changes}.items() if value is not None}


def with_data(**changes: object) -> dict[str, object]:
    return event(data={name: value for name, value in {**DATA, **changes}.items() if value is not None})


def parsed(content: object) -> ParsedBody:
    return parse_body(json.dumps(content), now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)


def only_bad(content: object) -> BadPart:
    result = parsed(content)
    assert not result.events
    assert len(result.bad) == 1
    return result.bad[0]


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


@pytest.mark.parametrize(
    ("time", "utc"),
    [
        ("2026-10-03T11:00:00Z", "2026-10-03T11:00:00"),
        ("2026-10-03t11:00:00z", "2026-10-03T11:00:00"),
        ("2026-10-03T16:45:00+05:45", "2026-10-03T11:00:00"),
        ("2026-10-03T08:30:00-02:30", "2026-10-03T11:00:00"),
        ("2026-10-03T11:00:00-00:00", "2026-10-03T11:00:00"),
        ("2026-10-03T11:00:00.5Z", "2026-10-03T11:00:00.500000"),
        ("2026-10-03T11:00:00.123456789Z", "2026-10-03T11:00:00.123456"),
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00"),
        ("1999-12-31T23:30:00-01:00", "2000-01-01T00:30:00"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999"),
        ("2017-01-01T05:29:60.25+05:30", "2016-12-31T23:59:59.999999"),
        ("2026-10-03T12:15:00Z", "2026-10-03T12:15:00"),
        ("2026-10-03T23:15:00+11:00", "2026-10-03T12:15:00"),
    ],
)
def test_a_time_with_its_offset_becomes_utc(time: str, utc: str) -> None:
    [found] = parsed(event(time=time)).events
    assert found.occurred_at == dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)
    assert found.occurred_at.utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize(
    ("reason", "time"),
    [
        ("bad-time", None),
        ("bad-time", ""),
        ("bad-time", 1_759_000_000),
        ("bad-time", True),
        ("bad-time", "yesterday"),
        ("bad-time", "2026-10-03"),
        ("bad-time", "2026-10-03 11:00:00Z"),
        ("bad-time", "2026-10-03T11:00Z"),
        ("bad-time", "20261003T110000Z"),
        ("bad-time", "2026-W40-6T11:00:00Z"),
        ("bad-time", "2026-10-03T11:00:00,5Z"),
        ("bad-time", "2026-10-03T11:00:00.Z"),
        ("bad-time", "2026-10-03T11:00:00+0545"),
        ("bad-time", "2026-10-03T11:00:00+05"),
        ("bad-time", "2026-10-03T11:00:00+05:45:30"),
        ("bad-time", "2026-10-03T11:00:00+24:00"),
        ("bad-time", "2026-10-03T11:00:00+05:60"),
        ("bad-time", "2026-10-03T24:00:00Z"),
        ("bad-time", "2026-10-03T11:60:00Z"),
        ("bad-time", "2026-10-03T11:00:60Z"),
        ("bad-time", "2026-10-03T11:00:61Z"),
        ("bad-time", "2026-02-29T11:00:00Z"),
        ("bad-time", "2026-13-01T11:00:00Z"),
        ("bad-time", "2026-00-01T11:00:00Z"),
        ("bad-time", "0000-01-01T00:00:00Z"),
        ("bad-time", "0001-01-01T00:00:00+23:59"),
        ("bad-time", "9999-12-31T23:59:59-23:59"),
        ("bad-time", "٢٠٢٦-10-03T11:00:00Z"),
        ("bad-time", "2026-10-03T11:00:00Z\n"),
        ("bad-time", " 2026-10-03T11:00:00Z"),
        ("time-without-offset", "2026-10-03T11:00:00"),
        ("time-without-offset", "2026-10-03T11:00:00.789"),
        ("time-ahead", "2026-10-03T12:15:00.000001Z"),
        ("time-ahead", "9999-12-31T23:59:59Z"),
        ("time-before-2000", "1999-12-31T23:59:59.999999Z"),
        ("time-before-2000", "2000-01-01T00:30:00+01:00"),
        ("time-before-2000", "0001-01-01T00:00:00Z"),
    ],
)
def test_a_time_that_cannot_be_counted(reason: str, time: object) -> None:
    assert only_bad(event(time=time)).reason == reason


@given(st.datetimes(min_value=dt.datetime(2000, 1, 2), timezones=st.timezones()))  # noqa: DTZ001 -- zones follow
def test_what_python_writes_is_read_back(moment: dt.datetime) -> None:
    # RFC 3339 has offsets in whole minutes; local mean times of long ago have seconds.
    whole_minutes = not (moment.utcoffset() or dt.timedelta()) % dt.timedelta(minutes=1)
    instant = moment if whole_minutes else moment.astimezone(dt.UTC)
    # Python calls no ambiguous local time equal to any other zone's, so the comparison is made in UTC.
    assert parse_time(instant.isoformat()) == instant.astimezone(dt.UTC)


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


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-10-01T09:00:00+02:00", dt.datetime(2026, 10, 1, 7, tzinfo=dt.UTC)),
        ("2026-10-01", None),
        ("2026-10-01T09:00:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("2027-01-01T00:00:00Z", None),
        (17, None),
        (None, None),
    ],
)
def test_when_a_completed_document_was_sent_is_optional(value: object, expected: dt.datetime | None) -> None:
    data = {**DATA, "sent_at": value}
    assert [found.sent_at for found in parsed(event(type="document.completed", data=data)).events] == [expected]
    assert [found.sent_at for found in parsed(event(type="document.signed", data=data)).events] == [None]


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


def test_a_bad_element_goes_alone_and_as_it_was_written() -> None:
    good = json.dumps(EVENT)
    bad = '{"specversion":"1.0", "id":"a","id":7, "x": 1e400, "y": "],[\\"\\ud800"}'
    result = parse_body(f" [ {good} ,\n{bad}, {good},3 ]\n", now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)
    assert [(part.json, part.reason) for part in result.bad] == [(bad, "bad-id"), ("3", "not-an-event")]
    assert all(part.is_element for part in result.bad)
    assert result.is_batch
    assert len(result.events) == 2
    assert [result.own_json(number) for number in range(2)] == [good, good]


def test_of_a_key_that_is_written_twice_the_last_counts() -> None:
    body = json.dumps(EVENT).replace('"id": "01JB2"', '"id": "first", "id": "last"')
    assert [found.id for found in parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES).events] == ["last"]


def test_a_number_too_long_for_python_is_json_all_the_same() -> None:
    body = json.dumps(EVENT)[:-1] + f', "extension": {"9" * 5_000}}}'
    assert len(parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES).events) == 1


def test_depth_hurts_no_neighbour() -> None:
    deep = "[" * 50_000 + "]" * 50_000
    good = json.dumps(EVENT)
    result = parse_body(f"[{good},{deep},{good}]", now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)
    assert [(part.json, part.reason) for part in result.bad] == [(deep, "too-deep")]
    assert len(result.events) == 2


@pytest.mark.parametrize(
    "body", ["[" * 200_000, "[" * 50_000 + "]" * 50_000, '{"a":' * 50_000 + "1" + "}" * 50_000, '["' + '\\"' * 100_000]
)
def test_depth_without_end_is_one_dead_letter(body: str) -> None:
    [part] = parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES).bad
    assert part.json == body
    assert part.reason in {"too-deep", "not-json"}


def test_every_reason_is_explained() -> None:
    assert all(reason.explanation.endswith(".") for reason in DeadLetterReason)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from([*EVENT, *DATA]), inner),
    max_leaves=12,
)
elements = (
    json_values
    | st.just(EVENT)
    | st.builds(lambda name, value: {**EVENT, name: value}, st.sampled_from([*EVENT]), json_values)
)


@given(st.lists(elements, max_size=8))
def test_no_part_of_a_batch_is_lost(batch: list[object]) -> None:
    """Good and bad together are the batch, whatever stands in it."""
    body = json.dumps(batch)
    result = parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)
    if not result.is_batch:
        assert [part.json for part in result.bad] == [body]
        assert not result.events
        return
    texts = [result.own_json(number) for number in range(len(result.events))] + [part.json for part in result.bad]
    assert sorted(texts) == sorted(json.dumps(element) for element in batch)


@given(st.text())
def test_no_body_makes_the_parser_stumble(body: str) -> None:
    result = parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)
    assert len(result.bad) + len(result.events) >= 1
