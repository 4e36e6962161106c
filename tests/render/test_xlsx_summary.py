"""The workbook's summary and its charts."""

import dataclasses
import datetime as dt
import io
import zipfile
from typing import Any

import pytest

from signtally.domain.actions import Counts
from signtally.domain.periods import parse_period
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.render.contents import Contents
from signtally.render.files import render
from signtally.render.highlights import highlight_sentences
from tests.support.report_samples import ACME, IDENTITY, snapshot, user
from tests.support.whole_reports import whole, whole_report
from tests.support.workbooks import ReadBook


def test_charts_are_native_and_carry_their_figures_and_a_text() -> None:
    body = render("xlsx", snapshot((user(185_185_169),), period=parse_period("2026-Q3"), cohort=None), IDENTITY).body
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        charts = [file.read(name).decode() for name in file.namelist() if name.startswith("xl/charts/")]
        drawing = file.read("xl/drawings/drawing1.xml").decode()
    assert len(charts) == 3, "usage, top users, hours"
    assert "<v>185185170</v>" in charts[0], "every digit"
    assert "[$-809]d mmm yyyy" in charts[0], "the axis names the year"
    assert 'descr="Bar chart: Documents sent and completed. Its figures are on the sheet Weeks."' in drawing


def test_the_summary_says_what_is_still_open_and_what_the_allowance_will_come_to() -> None:
    rows = _summary(whole_report())
    assert rows["Sent and still open"][:2] == (5, 3)
    assert rows["Documents used by 31 Oct 2026"][0] == 15
    assert rows["Expected use by the end of the month"][0] == 15


def test_the_summary_begins_with_what_matters_most() -> None:
    report = whole_report()
    sentences = highlight_sentences(Contents(report))
    assert any("open for more than 14 days" in sentence for sentence in sentences)
    assert [text for text in _summary(report) if text in sentences] == list(sentences)


def test_long_names_leave_the_chart_room_and_stay_apart() -> None:
    people = [user(1, "W" * 200, "one@acme.example"), user(2, "W" * 200, "two@acme.example"), user(3, "Ann")]
    labels = [text for text in map(str, _summary(snapshot(tuple(people)))) if text.startswith(("W", "Ann"))]
    assert labels == [f"{'W' * 27}… · one@acme.example", f"{'W' * 27}… · two@acme.example", "Ann"]


def test_a_chart_of_nothing_is_not_drawn() -> None:
    with zipfile.ZipFile(io.BytesIO(render("xlsx", snapshot(insights=None), IDENTITY).body)) as file:
        assert not [name for name in file.namelist() if name.startswith("xl/charts/")]


def test_the_summary_compares_with_the_period_before() -> None:
    report = snapshot((user(1, counts=Counts(sent=10, completed=5)),))
    rows = _summary(report)
    assert rows["Measure"] == ("October 2026", "September 2026", "Difference", "Change")
    assert rows["Sent"] == (10, 8, 2, 0.25)
    assert rows["Completion rate"][:3] == (0.5, 0.5, 0)
    assert rows["Allowance used"][0] == pytest.approx(0.1)


def test_a_period_before_which_there_are_hardly_figures_shows_no_change() -> None:
    period = parse_period("2026-11").clip(dt.date(2026, 11, 1))
    report = snapshot((user(1),), period=period, first_data_day=period.first)
    assert _summary(report)["Measure"][:2] == ("November 2026 (to date)", "October 2026")
    assert set(_summary(report)["Sent"][2:]) == {None}


def _summary(report: UsageSnapshot) -> dict[object, tuple[object, ...]]:
    rows: dict[object, tuple[object, ...]] = {}
    for row in ReadBook.of(report).shown["Summary"].iter_rows(values_only=True):
        rows.setdefault(row[0], row[1:])
    return rows


def test_a_report_of_nothing_prints_what_there_is_to_read_alone() -> None:
    """Sheets of zeros are kept under their names, hidden, and the summary says which."""
    book = ReadBook.of(whole(snapshot()))
    hidden = [sheet.title for sheet in book.shown if sheet.sheet_state == "hidden"]
    assert hidden == ["Days", "Users", "Documents", "User days"]
    assert "Sheets without figures are hidden: Days, Users, Documents, User days." in _summary(whole(snapshot()))
    assert "No user activity in this period." in _summary(whole(snapshot()))
    everything = ReadBook.of(whole_report()).shown
    assert {sheet.sheet_state for sheet in everything} == {"visible"}


def test_a_chart_of_the_summary_is_whole_on_a_page() -> None:
    """With few rows above it the chart is on the first page; else both charts are on the next."""
    plain = ReadBook.of(whole_report(tenant=TenantProfile(tenant_id="acme"))).shown["Summary"]
    (after_chart,) = (each.id for each in plain.row_breaks.brk)
    american = ACME.model_copy(update={"locale": "en-US", "name": "W" * 200})
    october = parse_period("2026-10")
    report = dataclasses.replace(whole_report(tenant=american), provisional_days=(october.first, october.last))
    full = ReadBook.of(report).shown["Summary"]
    (before_chart,) = (each.id for each in full.row_breaks.brk)
    sheets: list[Any] = [plain, full]  # openpyxl's stubs know no charts
    anchors = [[chart.anchor._from.row for chart in sheet._charts] for sheet in sheets]  # noqa: SLF001
    assert anchors[0][0] < after_chart < anchors[0][1]
    assert before_chart <= anchors[1][0] < anchors[1][1]
