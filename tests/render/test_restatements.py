"""Restated and provisional days: every file and the email say the same of them."""

import io
import json
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from signtally.domain.periods import parse_period
from signtally.domain.restatements import RestatementReason
from signtally.domain.schedule_terms import Recipient
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.caveats import UNREADABLE_PROFILE_NOTICE
from signtally.render.email import DigestContext, digest_message
from signtally.render.files import render
from signtally.render.restatements import REASONS
from tests.support.report_samples import ACME, IDENTITY, restated, snapshot, user

OCTOBER = parse_period("2026-10")
FIRST, SECOND = list(OCTOBER.days())[:2]


def _report(*, days: int = 2) -> UsageSnapshot:
    return snapshot((user(1),), period=OCTOBER, restated=restated(OCTOBER, days=days))


def _pdf_text(report: UsageSnapshot) -> str:
    reader = PdfReader(io.BytesIO(render("pdf", report, IDENTITY).body))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def _digest(report: UsageSnapshot) -> tuple[str, str]:
    message = digest_message(
        report,
        context=DigestContext(
            schedule_name="monthly",
            sender="Signtally <reports@signtally.example>",
            links={},
            page_url="https://signtally.example",
        ),
        recipient=Recipient(email="ann@acme.example"),
        unsubscribe_url="https://signtally.example/v1/unsubscribe",
    )
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


def test_the_pdf_says_what_changed_when_and_why() -> None:
    text = _pdf_text(_report())
    assert "Restated days" in text
    assert "1 Oct 2026 sent 41 → 43 30 Oct 2026, 09:12 late events" in text
    assert "2 Oct 2026 sent 41 → 43, completed 7 → 8" in text
    assert "A day whose figures changed after a report included it." in text


def test_the_pdf_says_how_many_it_leaves_to_the_other_files() -> None:
    year = parse_period("2026-Q3")
    text = _pdf_text(snapshot((user(1),), period=year, restated=restated(year, days=50)))
    assert "19 more days are listed in the Excel and JSON files." in text


def test_the_workbook_has_a_row_a_day_and_measure() -> None:
    workbook = load_workbook(io.BytesIO(render("xlsx", _report(), IDENTITY).body))
    table: Any = workbook["Restated"].iter_rows(values_only=True)
    header, *rows = table
    assert header == ("Date", "Measure", "Changed", "Why", "Before", "Now", "Difference")
    assert [(row[0].date(), row[1], *row[4:], row[3]) for row in rows] == [
        (FIRST, "Sent", 41, 43, 2, "late events"),
        (SECOND, "Sent", 41, 43, 2, "late events, recounted"),
        (SECOND, "Completed", 7, 8, 1, "late events, recounted"),
    ]


def test_the_json_has_the_figures_before_and_now() -> None:
    (day,) = json.loads(render("json", _report(days=1), IDENTITY).body)["restated"]
    assert (day["day"], day["before"]["sent"], day["after"]["sent"]) == ("2026-10-01", 41, 43)
    assert (day["before"]["completed"], day["reasons"]) == (7, ["late-events"])


def test_the_digest_says_it_and_how_many_more_there_are() -> None:
    for text in _digest(_report(days=9)):
        assert "1 Oct 2026: sent 41 → 43" in text
        assert "and 2 more days in the files" in text


def test_nothing_is_said_where_nothing_changed() -> None:
    report = snapshot((user(1),))
    assert "estated" not in _pdf_text(report)
    assert "Restated" not in load_workbook(io.BytesIO(render("xlsx", report, IDENTITY).body)).sheetnames
    assert all("estated" not in text for text in _digest(report))


def _text(kind: str, report: UsageSnapshot) -> str:
    match kind:
        case "pdf":
            return _pdf_text(report)
        case "xlsx":
            sheet = load_workbook(io.BytesIO(render("xlsx", report, IDENTITY).body))["Summary"]
            return " ".join(str(value) for row in sheet.iter_rows(values_only=True) for value in row if value)
        case "text" | "html":
            return _digest(report)[kind == "html"]
        case "zip":
            archive = zipfile.ZipFile(io.BytesIO(render("zip", report, IDENTITY).body))
            return str(json.loads(archive.read("about.json"))["caveat"])
        case _:
            return str(json.loads(render("json", report, IDENTITY).body)["about"]["caveat"])


EVERYWHERE = pytest.mark.parametrize("kind", ["pdf", "xlsx", "zip", "json", "text", "html"])


@EVERYWHERE
def test_provisional_days_are_named(kind: str) -> None:
    report = snapshot((user(1),), provisional_days=(FIRST, SECOND))
    assert "Provisional: some events of 1–2 Oct 2026 have not been counted yet." in _text(kind, report)


@EVERYWHERE
def test_days_in_utc_for_want_of_a_readable_profile_are_explained(kind: str) -> None:
    unreadable = snapshot((user(1),), tenant=ACME.as_unreadable())
    assert UNREADABLE_PROFILE_NOTICE in _text(kind, unreadable)
    assert UNREADABLE_PROFILE_NOTICE not in _text(kind, snapshot((user(1),)))


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(RestatementReason)
