"""The CSV file, read back as parsers and spreadsheets would."""

import csv
import io
import re

import polars as pl
import pytest
from hypothesis import given

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.csv import COLUMNS, guarded
from signtally.render.files import render
from signtally.render.formats import visible
from tests.support.report_samples import IDENTITY, nasty_snapshot, snapshot, snapshots, user

_CALCULATED = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_TEXTS = ("user_id", "user_name", "user_email")
_GUARD = re.compile(r"'(?='*[=+\-@＝＋－＠\t\r\n])")


def _rows(report: UsageSnapshot) -> list[dict[str, str]]:
    text = render("csv", report, IDENTITY).body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _unguarded(text: str) -> str:
    return text[1:] if _GUARD.match(text) else text


def _sum(rows: list[dict[str, str]], record: str) -> Counts:
    found = [Counts.of(row) for row in rows if row["record"] == record]
    return Counts.total(found) if found else Counts()


@given(snapshots())
def test_users_days_and_control_totals_agree(report: UsageSnapshot) -> None:
    """Whoever filters on `record` and sums gets the snapshot's totals."""
    rows = _rows(report)
    assert _sum(rows, "user") == _sum(rows, "day") == _sum(rows, "total") == report.totals
    assert _sum(rows, "previous_total") == report.previous_totals
    facts = {row["name"]: row["value"] for row in rows if row["record"] == "fact"}
    assert int(facts["user_rows"]) == len(report.users)
    assert int(facts["day_rows"]) == len(report.days)


@given(snapshots())
def test_every_name_comes_back_as_it_was(report: UsageSnapshot) -> None:
    """Removing one apostrophe where the guard put one gives the text, whatever it begins with."""
    rows = [row for row in _rows(report) if row["record"] == "user"]
    read = [tuple(_unguarded(row[name]) for name in _TEXTS) for row in rows]
    assert read == [
        (visible(one.user_id), visible(one.user_name or ""), visible(one.user_email or "")) for one in report.users
    ]


@given(snapshots())
def test_no_cell_is_a_formula(report: UsageSnapshot) -> None:
    """Only figures may begin with a sign."""
    for row in _rows(report):
        for column, text in row.items():
            if not re.fullmatch(r"-?\d+", text):
                assert not text.startswith(_CALCULATED), (column, text)


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), ("'=1+1", "''=1+1"), ("O'Neil", "O'Neil"), ("'quoted'", "'quoted'"), ("@ann", "'@ann")],
)
def test_the_guard_is_one_apostrophe(text: str, cell: str) -> None:
    assert guarded(text) == cell


def test_the_file_is_rfc_4180_with_a_byte_order_mark() -> None:
    """CRLF after every line, the same number of fields in each, and Excel told that it is UTF-8."""
    body = render("csv", nasty_snapshot(), IDENTITY).body
    assert body.startswith(b"\xef\xbb\xbfrecord,")
    assert body.endswith(b"\r\n")
    lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    assert {len(line) for line in lines} == {len(COLUMNS)}


def test_a_data_frame_reads_it_without_options() -> None:
    """The byte order mark is no part of the first column's name, and figures are numbers."""
    report = snapshot(tuple(user(number, f"User {number}") for number in range(50)))
    frame = pl.read_csv(render("csv", report, IDENTITY).body)
    assert frame.columns == list(COLUMNS)
    sums = frame.filter(pl.col("record") == "user").select(MEASURES).sum().row(0)
    assert sums == report.totals.as_tuple()


def test_every_line_names_tenant_period_zone_freshness_report_and_version() -> None:
    shared = {
        "tenant_id": "acme",
        "period_from": "2026-10-01",
        "period_to": "2026-10-31",
        "timezone": "Europe/Berlin",
        "data_through": "2026-11-01T08:05:02+00:00",
        "report_id": IDENTITY.report_id,
        "version": "3",
    }
    rows = _rows(snapshot((user(1),)))
    assert len(rows) > 1
    for row in rows:
        assert {name: row[name] for name in shared} == shared


def test_an_undefined_rate_is_empty_and_nothing_received_is_no_instant() -> None:
    rows = _rows(snapshot(data_through=None))
    facts = {row["name"]: row["value"] for row in rows if row["record"] == "fact"}
    assert facts["completion_rate"] == ""
    assert {row["data_through"] for row in rows} == {""}
