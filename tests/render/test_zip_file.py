"""The ZIP file: tables that add up, and `about.json`, which says to what."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.contents import Contents
from signtally.render.csv import separator
from signtally.render.csv_text import unmarked
from signtally.render.files import render
from tests.support.report_samples import IDENTITY, snapshot, snapshots, user
from tests.support.whole_reports import filtered_report


class Unpacked:
    """A ZIP file as somebody finds it who unpacks it."""

    def __init__(self, report: UsageSnapshot) -> None:
        self.archive = zipfile.ZipFile(io.BytesIO(render("zip", report, IDENTITY).body))
        self.about: dict[str, Any] = json.loads(self.archive.read("about.json"))
        self._separator = separator(report.tenant)

    def table(self, name: str) -> list[dict[str, str]]:
        text = io.StringIO(self.archive.read(f"{name}.csv").decode("utf-8-sig"), newline="")
        return list(csv.DictReader(text, strict=True, delimiter=self._separator))


def _sum(rows: list[dict[str, str]]) -> Counts:
    return Counts.total([Counts(), *map(Counts.of, rows)])


@given(snapshots())
def test_tables_add_up_to_the_control_totals(report: UsageSnapshot) -> None:
    found = Unpacked(report)
    control = Counts.of(found.about["control_totals"])
    assert control == report.totals
    assert _sum(found.table("users")) == _sum(found.table("days")) == control
    reported, compared, *_ = found.table("totals")
    assert (Counts.of(reported), Counts.of(compared)) == (report.totals, report.previous_totals)


@given(snapshots())
def test_row_counts_are_those_of_the_tables(report: UsageSnapshot) -> None:
    found = Unpacked(report)
    for name in ("users", "days", "documents", "user_days", "inactive_users"):
        assert len(found.table(name)) == found.about["row_counts"][name], name


def test_its_files() -> None:
    found = Unpacked(filtered_report())
    assert found.archive.namelist() == [
        *("users.csv", "days.csv", "documents.csv", "totals.csv", "user_days.csv", "inactive_users.csv"),
        "about.json",
    ]
    assert found.archive.testzip() is None
    assert found.archive.read("users.csv") == render("csv", filtered_report(), IDENTITY).body


def test_documents_are_a_list_to_act_on() -> None:
    still_open, completed = Unpacked(filtered_report()).table("documents")
    assert (still_open["document_id"], still_open["status"], still_open["user_email"]) == (
        "d1",
        "open",
        "ann@acme.example",
    )
    assert (still_open["sent_at_utc"], still_open["closed_at_utc"]) == ("2026-10-03 07:04:05", "")
    assert (still_open["days_open"], still_open["turnaround_seconds"]) == ("28", "")
    assert unmarked(completed["document_id"]) == "00012345"
    assert completed["turnaround_seconds"] == "1080"


def test_periods_come_latest_first() -> None:
    rows = Unpacked(filtered_report()).table("totals")
    assert [(row["period_is"], row["period_from"], row["sent"], row["cohort_open"]) for row in rows] == [
        ("reported", "2026-10-01", "2", "3"),
        ("compared", "2026-09-01", "8", "0"),
        ("earlier", "2026-09-01", "4", "2"),
    ]


def test_about_says_what_a_reader_must_know() -> None:
    about = Unpacked(filtered_report()).about
    assert about["data_through"] == "2026-11-01T08:05:02Z"
    assert about["user_ids"] == ["u_1"]
    assert about["provisional_days"] == ["2026-10-30"]
    assert about["rates"]["completion_rate"] == 5 / 8
    defined = [(line.term, line.meaning) for line in Contents(filtered_report()).definitions]
    assert [(line["term"], line["meaning"]) for line in about["definitions"]] == defined


def test_equal_reports_give_equal_bytes() -> None:
    one, other = (render("zip", filtered_report(), IDENTITY).body for _ in range(2))
    assert one == other


def test_no_cell_of_any_table_has_a_fraction() -> None:
    """So that no country's decimal sign is misread, and whole numbers stay whole."""
    archive = Unpacked(snapshot((user(1), user(2)))).archive
    for name in archive.namelist():
        if name.endswith(".csv"):
            frame = pl.read_csv(archive.read(name))
            assert not frame.select(pl.selectors.float()).columns
            assert all(kind == pl.Int64 for column, kind in frame.schema.items() if column in MEASURES and len(frame))


def test_the_document_for_readers_names_every_file_and_column() -> None:
    guide = (Path(__file__).parents[2] / "docs/report-files.md").read_text()
    found = Unpacked(filtered_report())
    assert set(re.findall(r"^\| `(\w+\.(?:csv|json))`", guide, re.MULTILINE)) == set(found.archive.namelist())
    for column in found.table("users")[0]:
        assert f"`{column}`" in guide or column.startswith("previous_"), column
