"""All formats of one report, read back: they say the same, whoever is in it and whatever happened."""

import csv
import io
import json
import re
import zipfile
from xml.etree import ElementTree as ET

from hypothesis import Phase, given, settings
from pypdf import PdfReader

from signtally.domain.actions import Counts
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.contents import Contents
from signtally.render.csv import separator
from signtally.render.csv_text import unmarked
from signtally.render.files import render
from signtally.render.pdf import page
from signtally.render.table_layout import table_of
from signtally.render.visible_text import visible
from tests.support.examples import examples
from tests.support.report_samples import IDENTITY, printable_rows, printable_tenants, snapshots
from tests.support.whole_reports import whole
from tests.support.workbooks import ReadBook

Rows = list[tuple[str, Counts]]  # users' ids with their figures, in the file's order


def from_csv(body: bytes, report: UsageSnapshot) -> Rows:
    lines = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=separator(report.tenant))
    return [(unmarked(row["user_id"]), Counts.of(row)) for row in lines]


def from_zip(body: bytes, report: UsageSnapshot) -> Rows:
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert Counts.of(json.loads(archive.read("about.json"))["control_totals"]) == report.totals
    return from_csv(archive.read("users.csv"), report)


def from_json(body: bytes) -> Rows:
    return [(visible(user["user_id"]), Counts.of(user["counts"])) for user in json.loads(body)["users"]]


def from_xlsx(body: bytes) -> Rows:
    """Name, email, id, then the eight measures."""
    rows = ReadBook(body).tables["Users"].rows
    return [(str(row[2]), Counts(*(int(str(cell)) for cell in row[3:11]))) for row in rows if row[2] is not None]


@settings(max_examples=examples(4), deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(snapshots(printable_rows, printable_tenants))
def test_every_format_says_the_same_of_every_user(plain: UsageSnapshot) -> None:
    report = whole(plain)
    files = {name: render(name, report, IDENTITY).body for name in ("pdf", "xlsx", "csv", "zip", "json")}
    expected = [(user.user_id, user.counts) for user in report.users]
    assert from_json(files["json"]) == expected
    assert from_csv(files["csv"], report) == expected
    assert from_zip(files["zip"], report) == expected
    assert from_xlsx(files["xlsx"]) == expected
    text = re.sub(r"\s", "", " ".join(page.extract_text() for page in PdfReader(io.BytesIO(files["pdf"])).pages))
    formats = Contents(report).formats
    for figure in report.totals.as_tuple():
        assert re.sub(r"\s", "", formats.number(figure)) in text


@settings(max_examples=examples(10), deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(snapshots())
def test_every_user_is_a_row_of_the_pdf_whoever_it_is(plain: UsageSnapshot) -> None:
    """In the page that it is printed from: no name makes an element of its own, or ends one."""
    report = whole(plain)
    contents = Contents(report)
    tables = [table_of(table) for table in ET.fromstring(page(contents, IDENTITY)).iter("table")]  # noqa: S314 -- our own
    heading = contents.words.gettext("User")
    rows = next((rows for head, *rows in tables if head.cells[0].text == heading and len(head.cells) > 9), [])
    number = contents.formats.number
    assert [[cell.text for cell in row.cells[1:9]] for row in rows] == [
        [number(figure) for figure in counts.as_tuple()]
        for counts in (*(user.counts for user in report.users), *([report.totals] if report.users else []))
    ]


@settings(max_examples=examples(40), deadline=None)
@given(snapshots())
def test_tables_say_the_same_whoever_is_in_them(plain: UsageSnapshot) -> None:
    """Ids of any characters, too."""
    report = whole(plain)
    expected = [(visible(user.user_id), user.counts) for user in report.users]
    assert from_json(render("json", report, IDENTITY).body) == expected
    assert from_csv(render("csv", report, IDENTITY).body, report) == expected
    assert from_zip(render("zip", report, IDENTITY).body, report) == expected
