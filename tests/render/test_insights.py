"""What every file and email says of documents and hours, in the same figures, and on which basis."""

import dataclasses
import datetime as dt
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pypdf import PdfReader

from signtally.domain.activity import PeriodActivity
from signtally.domain.allowance import AllowanceUse, Outlook
from signtally.domain.basis import Basis
from signtally.domain.insights import DocumentFigures, Insights
from signtally.domain.periods import parse_period
from signtally.domain.schedule_terms import Recipient
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.contents import Contents
from signtally.render.email import DigestContext, digest_message
from signtally.render.files import render
from signtally.render.formats import Formats
from signtally.render.insights import InsightContents
from tests.support.report_samples import ACME, IDENTITY, insights, snapshot, user

HOUR = dt.timedelta(hours=1)
EMPTY = Insights(DocumentFigures(0, None, 0), 0, PeriodActivity(((0,) * 24,) * 7, 0, None, None))


def report(**changes: Any) -> UsageSnapshot:
    return snapshot((user(1), user(2)), **changes)


def cohort() -> UsageSnapshot:
    """Of five documents sent, as the rows of the users say, two are open."""
    documents = dataclasses.replace(insights().documents, completed=3, open=2)
    return report(basis=Basis.COHORT, insights=Insights(documents, 5, None))


def words(of: UsageSnapshot) -> InsightContents:
    made = InsightContents.of(Contents(of))
    assert made is not None
    return made


def texts(of: UsageSnapshot) -> dict[str, str]:
    """All that a person reads in each format, with single spaces."""
    files = {name: render(name, of, IDENTITY).body for name in ("pdf", "xlsx", "json")}
    message = digest_message(
        of,
        context=DigestContext(schedule_name="m", sender="r@s.example", links={}, page_url="/"),
        recipient=Recipient(email="a@b.example"),
        unsubscribe_url="/",
    )
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert rich is not None
    book = load_workbook(io.BytesIO(files["xlsx"]))
    found = {
        "pdf": " ".join(page.extract_text() for page in PdfReader(io.BytesIO(files["pdf"])).pages),
        "xlsx": " ".join(str(value) for sheet in book for row in sheet.iter_rows(values_only=True) for value in row),
        "json": json.loads(files["json"])["about"]["basis_in_words"],
        "plain": plain.get_content(),
        "html": rich.get_content(),
    }
    return {name: " ".join(text.split()) for name, text in found.items()}


def for_machines(of: UsageSnapshot) -> Any:
    return json.loads(render("json", of, IDENTITY).body)["insights"]


def test_every_file_and_email_shows_the_same_figures() -> None:
    shown = texts(report())
    for name in ("pdf", "plain", "html"):
        for text in ("1 d 4 h", "p90 5 d 2 h", "mean 2 d 4 h", "38 of 40 documents", "Open documents", "71"):
            assert text in shown[name], (name, text)
    for text in ("27.66", "51.51", "122", "38 of 40 completed documents", "Distinct documents 71"):
        assert text in shown["xlsx"], text


def test_the_json_file_has_them_for_machines() -> None:
    found = for_machines(report())
    assert found["documents"]["turnaround"]["documents"] == 38
    assert found["documents"]["turnaround"]["median"] == "P1DT3H40M0.000001S"
    assert (found["documents"]["completed"], found["documents"]["open"], found["distinct_documents"]) == (40, 17, 71)
    assert found["activity"]["first_at"] == "2026-10-01T06:02:00Z"
    sample = insights().activity
    assert sample is not None
    assert [tuple(hours) for hours in found["activity"]["week"]] == list(sample.week)


def test_the_sheet_of_hours_adds_up() -> None:
    book = load_workbook(io.BytesIO(render("xlsx", report(), IDENTITY).body), data_only=True)
    table: Any = book["Hours"].iter_rows(values_only=True)
    head, *rows = table
    assert (head[0], head[1], head[-1]) == ("Hour", "Monday", "All days")
    hours, total = rows[:24], rows[-1]
    assert [sum(row[index] for row in hours) for index in range(1, 9)] == list(total[1:])
    assert all(sum(row[1:8]) == row[8] for row in hours)


def test_every_file_and_email_says_its_basis() -> None:
    for name, text in texts(cohort()).items():
        assert "Cohort" in text, name
        assert "followed to their outcome" in text, name
        assert "Activity basis" not in text, name
        assert "Dated by that event" not in text, name
    for name, text in texts(report()).items():
        assert "each event counts on the date it happened" in text.lower(), name
        assert "cohort" not in text.lower(), name


def test_a_cohort_has_no_hours_and_is_open_or_closed() -> None:
    cards = {card.label: card.figure for card in words(cohort()).cards}
    assert cards == {"Median turnaround": "1\N{NO-BREAK SPACE}d\N{NO-BREAK SPACE}4\N{NO-BREAK SPACE}h"} | {
        "Open documents": "2",
        "Closed documents": "3",
    }
    assert for_machines(cohort())["activity"] is None
    assert "Hours" not in load_workbook(io.BytesIO(render("xlsx", cohort(), IDENTITY).body)).sheetnames


def test_what_nobody_knows_is_a_dash_and_never_zero() -> None:
    empty = report(insights=EMPTY)
    assert [card.figure for card in words(empty).cards] == ["—", "0", "0", "—"]
    assert (words(empty).span, for_machines(empty)["documents"]["turnaround"]) == ("", None)
    assert "Events by hour of the day" not in texts(empty)["pdf"]


def test_a_snapshot_that_was_read_without_them_says_nothing_of_them() -> None:
    for name, text in texts(report(insights=None)).items():
        assert "Median turnaround" not in text, name
    assert for_machines(report(insights=None)) is None


@pytest.mark.parametrize(
    ("outlook", "on", "text"),
    [
        (Outlook.USED_UP, 12, "It was used up on 12 Oct 2026."),
        (Outlook.RUNS_OUT, 29, "At the current pace it will run out on 29 Oct 2026."),
        (Outlook.TOO_EARLY, None, "It is too early in the month for a forecast."),
        (Outlook.LASTS, None, "At the current pace it will last the month."),
    ],
)
def test_the_allowance_is_told_in_sentences(outlook: Outlook, on: int | None, text: str) -> None:
    month = parse_period("2026-10")
    day = None if on is None else dt.date(2026, 10, on)
    use = AllowanceUse(month, dt.date(2026, 10, 20), 100, 64, outlook, day)
    said = words(report(allowance=use)).allowance
    assert said == f"Allowance for October 2026: 64 of 100 documents used by 20 Oct 2026. {text}"


def test_a_month_that_is_over_lasted() -> None:
    use = AllowanceUse(parse_period("2026-10"), dt.date(2026, 10, 31), 100, 64, Outlook.LASTS, None)
    assert words(report(allowance=use)).allowance.endswith("It lasted the month.")


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (dt.timedelta(), "0 s"),
        (dt.timedelta(seconds=59, microseconds=999_999), "59 s"),
        (dt.timedelta(seconds=89), "1 min"),
        (dt.timedelta(seconds=90), "2 min"),
        (dt.timedelta(minutes=59, seconds=29), "59 min"),
        (dt.timedelta(minutes=59, seconds=30), "1 h"),
        (3.5 * HOUR, "3 h 30 min"),
        (24 * HOUR - dt.timedelta(seconds=31), "23 h 59 min"),
        (24 * HOUR - dt.timedelta(seconds=30), "1 d"),
        (27.5 * HOUR, "1 d 4 h"),
        (47.6 * HOUR, "2 d"),
        (24 * 1234 * HOUR, "1,234 d"),
    ],
)
def test_a_duration_has_two_units_at_most(duration: dt.timedelta, text: str) -> None:
    assert Formats.of(ACME).duration(duration).replace("\N{NO-BREAK SPACE}", " ") == text


@given(st.timedeltas(dt.timedelta(), dt.timedelta(days=4000)))
def test_a_duration_is_off_by_half_its_smaller_unit_at_most(duration: dt.timedelta) -> None:
    units = {"s": dt.timedelta(seconds=1), "min": dt.timedelta(minutes=1), "h": HOUR, "d": 24 * HOUR}
    parts = Formats.of(ACME).duration(duration).replace(",", "").split("\N{NO-BREAK SPACE}")
    said = sum(
        (int(number) * units[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True)), dt.timedelta()
    )
    smaller = units["s"] if duration < units["min"] else units["min"] if duration < units["d"] else units["h"]
    assert abs(said - duration) <= (smaller if smaller == units["s"] else smaller / 2 + units["s"])
