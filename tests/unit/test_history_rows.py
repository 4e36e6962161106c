"""Rows of tables against messages of the queue: the same rules, and what tables write in other ways."""

import datetime as dt
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from signtally.aws.timestream_records import EVENT_TEXT_LIMIT_BYTES
from signtally.domain.actions import Action
from signtally.domain.cloud_events import parse_body
from signtally.domain.events import BadEventError, UsageEvent
from signtally.domain.history_mapping import FIELDS, OPTIONAL, HistoryMapping, mapping_from_toml
from signtally.domain.history_rows import MissingColumnsError, RowReader, RowReason, TimeWithoutZoneError, to_jsonable
from signtally.domain.timestamps import FUTURE_LIMIT, rfc3339

NOW = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)
ROW: dict[str, object] = {
    "id": "01JB2",
    "source": "/portal/legacy",
    "type": "document.completed",
    "time": "2019-03-01T11:34:56.789Z",
    "tenant_id": "acme",
    "user_id": "u_17",
    "document_id": "doc_8f2c",
    "user_email": "ann@acme.example",
    "user_name": "Ann Ash",
    "sent_at": "2019-02-01T00:00:00+01:00",
}
ATTRIBUTES = ("id", "source", "type", "time")


def read(mapping: HistoryMapping | None = None, **changes: object) -> UsageEvent:
    row = {**ROW, **changes}
    return RowReader(mapping or HistoryMapping(), row).event(
        row, latest=NOW + FUTURE_LIMIT, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES
    )


def reason_of(mapping: HistoryMapping | None = None, **changes: object) -> str:
    with pytest.raises(BadEventError) as caught:
        read(mapping, **changes)
    return caught.value.reason


def message(row: dict[str, Any]) -> str:
    """The same action as a portal would have sent it then."""
    given = {name: value for name, value in row.items() if value is not None}
    data = {name: value for name, value in given.items() if name not in ATTRIBUTES}
    attributes = {name: given[name] for name in ATTRIBUTES if name in given}
    return json.dumps({"specversion": "1.0", **attributes, "data": data})


cells = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.sampled_from(["x" * 257, "ü" * 900, "document.sent", "2026-10-03T12:15:00Z", "2026-10-03T12:15:01Z"]),
    st.sampled_from(["1999-12-31T23:59:59Z", "2000-01-01T00:00:00Z", "2016-12-31T23:59:60Z", "a\0b"]),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(st.dictionaries(st.sampled_from(FIELDS), cells, max_size=3))
def test_a_row_is_judged_as_its_message_would_be(changes: dict[str, Any]) -> None:
    parsed = parse_body(message({**ROW, **changes}), now=NOW, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES)
    if parsed.events:
        assert read(**changes) == parsed.events[0]
    else:
        with pytest.raises(BadEventError) as caught:
            read(**changes)
        assert (caught.value.reason, caught.value.detail) == (parsed.bad[0].reason, parsed.bad[0].detail)


def test_a_row_is_read_whole() -> None:
    assert read() == UsageEvent(
        source="/portal/legacy",
        id="01JB2",
        action=Action.COMPLETED,
        tenant_id="acme",
        user_id="u_17",
        document_id="doc_8f2c",
        occurred_at=dt.datetime(2019, 3, 1, 11, 34, 56, 789_000, tzinfo=dt.UTC),
        user_email="ann@acme.example",
        user_name="Ann Ash",
        sent_at=dt.datetime(2019, 1, 31, 23, tzinfo=dt.UTC),
    )


def test_numbers_and_uuids_are_ids_and_fractions_and_truth_are_not() -> None:
    number = uuid.UUID(int=7)
    event = read(id=17, tenant_id=number, user_id=Decimal("12.00"), document_id=2**70)
    assert (event.id, event.tenant_id, event.user_id, event.document_id) == ("17", str(number), "12", str(2**70))
    assert (
        reason_of(tenant_id=1.5)
        == reason_of(tenant_id=True)
        == reason_of(tenant_id=Decimal("0.5"))
        == ("bad-tenant-id")
    )


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"\xff", "", None, float("nan")])
def test_what_has_parts_or_is_no_text_is_nobodys_id(value: object) -> None:
    assert reason_of(user_id=value) == ("bad-characters" if value == b"\xff" else "bad-user-id")
    assert read(user_id=b"ann").user_id == "ann"


@pytest.mark.parametrize("value", [float("inf"), b"\xff", {"a": dt.date(2019, 3, 1)}, Decimal("1.5"), NOW, None, 1.5])
def test_any_value_of_a_rejected_row_can_be_written_as_json(value: object) -> None:
    assert json.loads(json.dumps(to_jsonable(value), allow_nan=False)) == to_jsonable(value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2019-03-01 11:34:56.789+00", "2019-03-01T11:34:56.789+00:00"),
        ("2019-03-01 11:34:56+0530", "2019-03-01T11:34:56+05:30"),
        ("2019-03-01 11:34:56-03:30", "2019-03-01T11:34:56-03:30"),
        ("2019-03-01 11:34:56 UTC", "2019-03-01T11:34:56Z"),
        ("2019-03-01T11:34:56Z", "2019-03-01T11:34:56Z"),
        ("2019-03-01 11:34:56", "2019-03-01T11:34:56"),
        ("yesterday", "yesterday"),
        ("infinity", "infinity"),
        ("2019-03-01", "2019-03-01"),
    ],
)
def test_times_as_databases_print_them(written: str, meant: str) -> None:
    assert rfc3339(written, zone=None) == meant


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        ("2019-03-01 11:34:56.5", "2019-03-01T11:34:56.500000+01:00"),
        ("2019-07-01T11:34:56", "2019-07-01T11:34:56+02:00"),
        ("2019-10-27 02:30:00", "2019-10-27T02:30:00+02:00"),  # comes twice: the first
        ("2019-02-30 02:30:00", "2019-02-30T02:30:00"),  # does not exist
        ("2019-03-31 02:30:00", "2019-03-31T02:30:00"),  # no clock in Berlin showed it
    ],
)
def test_local_times_are_read_in_the_mappings_zone(local: str, instant: str) -> None:
    assert rfc3339(local, zone=ZoneInfo("Europe/Berlin")) == instant


def test_a_time_without_offset_is_a_rejected_row_in_text_and_an_error_in_a_typed_column() -> None:
    assert reason_of(time="2019-03-01 11:34:56") == "time-without-offset"
    naive = dt.datetime(2019, 3, 1, 11, 34, 56)  # noqa: DTZ001 -- as a table's type has it
    with pytest.raises(TimeWithoutZoneError, match="time"):
        read(time=naive)
    berlin = HistoryMapping(time_zone="Europe/Berlin")
    assert read(berlin, time=naive).occurred_at == dt.datetime(2019, 3, 1, 10, 34, 56, tzinfo=dt.UTC)
    assert read(berlin, time="2019-03-01 11:34:56").occurred_at == read(berlin, time=naive).occurred_at
    assert read(berlin, time=naive.replace(tzinfo=dt.UTC)).occurred_at.hour == 11


@pytest.mark.parametrize("time", ["2019-03-31 02:30:00", dt.datetime(2019, 3, 31, 2, 30)])  # noqa: DTZ001 -- as above
def test_a_local_time_that_clocks_skipped_is_rejected_in_text_and_in_a_typed_column(time: object) -> None:
    with pytest.raises(BadEventError, match="does not say its offset"):
        read(HistoryMapping(time_zone="Europe/Berlin"), time=time)


def test_a_mapping_names_columns_constants_and_types() -> None:
    mapping = mapping_from_toml(
        """
        [columns]
        type = "event"
        tenant_id = "account"
        document_id = "id"
        [constants]
        source = "/portal/legacy"
        [types]
        "SENT" = "document.sent"
        """
    )
    row = {"id": 5, "event": "SENT", "account": "acme", "user_id": "u", "time": "2019-03-01T11:34:56Z", "other": 1}
    reader = RowReader(mapping, row)
    event = reader.event(row, latest=NOW, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES)
    assert (event.source, event.id, event.document_id) == ("/portal/legacy", "5", "5")
    assert (event.tenant_id, event.action) == ("acme", Action.SENT)
    assert sorted(reader.columns) == ["account", "event", "id", "time", "user_id"]


def test_every_missing_column_is_named_and_optional_ones_may_be_missing() -> None:
    needed = [field for field in FIELDS if field not in OPTIONAL]
    assert RowReader(HistoryMapping(), needed).columns == needed
    with pytest.raises(MissingColumnsError) as caught:
        RowReader(HistoryMapping(columns={"tenant_id": "account", "user_name": "person"}), needed[2:])
    assert caught.value.missing == {"id": "id", "source": "source", "tenant_id": "account", "user_name": "person"}


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ('[columns]\ncolour = "c"', "columns"),
        ('[types]\nSENT = "sent"', "is none of document.sent"),
        ('time_zone = "Berlin"', "is no IANA time zone"),
        ('delimiter = ";;"', "is no delimiter"),
        ('query = "SELECT 1"', "query and order_by go together"),
        ('[columns]\nsource = "s"\n[constants]\nsource = "s"', "both a column and a constant"),
        ('zone = "UTC"', "zone"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(toml: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        mapping_from_toml(toml)


def test_every_reason_of_a_rejected_row_is_explained_to_operators() -> None:
    document = (Path(__file__).parents[2] / "docs/importing.md").read_text()
    for reason in RowReason:
        assert f"| `{reason}` | {reason.explanation} |" in document


def test_the_mapping_in_the_document_is_one() -> None:
    document = (Path(__file__).parents[2] / "docs/importing.md").read_text()
    mapping = mapping_from_toml(document.partition("```toml")[2].partition("```")[0])
    assert mapping.types["ENVELOPE_SENT"] == "document.sent"
    assert mapping.query is not None
