"""The JSON file: it keeps to its published schema, and every other file can be made from it alone."""

import dataclasses
import datetime as dt
import json

import jsonschema
import pytest
from hypothesis import given, settings

from signtally.domain.documents import DOCUMENT_ROWS
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.files import render
from signtally.render.json import NoReportError, read
from signtally.render.report_document import ReportDocument, published_schema
from signtally.render.report_schema import SCHEMA_FILE, SCHEMA_ID, schema
from tests.support.examples import examples
from tests.support.report_samples import ACME, IDENTITY, MADE_AT, nasty_snapshot, snapshot, snapshots
from tests.support.whole_reports import filtered_report


def _body(report: UsageSnapshot) -> bytes:
    return render("json", report, IDENTITY).body


@pytest.mark.parametrize("report", [filtered_report(), snapshot(), nasty_snapshot()], ids=["whole", "empty", "nasty"])
def test_it_keeps_to_the_published_schema(report: UsageSnapshot) -> None:
    published = json.loads(schema())
    checker = jsonschema.Draft202012Validator(published, format_checker=jsonschema.FormatChecker())
    checker.check_schema(published)
    document = json.loads(_body(report))
    checker.validate(document)
    assert document["$schema"] == published["$id"] == SCHEMA_ID


def test_the_published_schema_is_that_of_the_code() -> None:
    """If this fails: python -m signtally.render.report_document writes it. A field that is new needs no new version."""
    assert schema() == published_schema(), f"{SCHEMA_FILE} is not current"


def test_nothing_of_a_snapshot_is_left_out() -> None:
    assert {field.name for field in dataclasses.fields(UsageSnapshot)} < set(ReportDocument.model_fields)


def test_a_filtered_report_comes_back() -> None:
    before = filtered_report()
    after, identity = read(_body(before))
    assert (after, identity) == (before, IDENTITY)
    assert after.documents.equals(before.documents)
    assert after.user_days.equals(before.user_days)
    assert after.documents.schema == DOCUMENT_ROWS


def test_an_unreadable_profile_stays_unreadable() -> None:
    after, _ = read(_body(snapshot(tenant=ACME.as_unreadable())))
    assert after.tenant.is_unreadable


@settings(max_examples=examples(30), deadline=None)
@given(snapshots())
def test_every_table_is_made_from_it_alone(report: UsageSnapshot) -> None:
    after, identity = read(_body(report))
    assert after.totals == report.totals
    for name in ("csv", "zip", "json"):
        assert render(name, after, identity).body == render(name, report, IDENTITY).body


@settings(max_examples=examples(2), deadline=None)
@given(snapshots())
def test_every_document_is_made_from_it_alone(report: UsageSnapshot) -> None:
    after, identity = read(_body(report))
    for name in ("pdf", "xlsx"):
        assert render(name, after, identity).body == render(name, report, IDENTITY).body


def test_every_file_of_a_filtered_report_is_made_from_it_alone() -> None:
    before = filtered_report()
    after, identity = read(_body(before))
    for name in ("pdf", "xlsx", "csv", "zip", "json"):
        assert render(name, after, identity).body == render(name, before, IDENTITY).body, name


def test_schedules_and_their_recipients_are_not_in_it() -> None:
    daily = {"name": "Daily", "every": "day", "recipients": [{"email": "secret@acme.example"}]}
    tenant = type(ACME).model_validate(ACME.model_dump() | {"schedules": [daily]})
    assert b"secret" not in _body(snapshot(tenant=tenant))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"$schema": "urn:signtally:report:2"}'])
def test_another_file_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(NoReportError, match="no Signtally report in JSON"):
        read(body)


def test_bad_rows_are_refused() -> None:
    document = json.loads(_body(filtered_report()))
    document["documents"][0]["sent_at"] = "yesterday"
    with pytest.raises(NoReportError, match="documents"):
        read(json.dumps(document).encode())


def test_it_says_when_it_was_made() -> None:
    about = json.loads(_body(snapshot()))["about"]
    assert dt.datetime.fromisoformat(about["created_at"]) == MADE_AT
    assert (about["report_id"], about["version"], about["timezone"]) == (IDENTITY.report_id, 3, "Europe/Berlin")
