"""The workbook, read back by openpyxl."""

import datetime as dt
import io
import re
from typing import Any

import pytest
from hypothesis import given, settings
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.periods import Period, parse_period
from signtally.domain.snapshot import UsageSnapshot
from signtally.render import xlsx
from signtally.render.files import render
from signtally.render.formats import visible
from tests.support.examples import examples
from tests.support.report_samples import IDENTITY, nasty_snapshot, periods, snapshot, snapshots, user

_FIRST_FIGURE = {"Days": 2, "Users": 3}


def _workbook(report: UsageSnapshot) -> Workbook:
    return load_workbook(io.BytesIO(render("xlsx", report, IDENTITY).body))


def _table(sheet: Worksheet) -> tuple[list[tuple[object, ...]], tuple[object, ...]]:
    """The rows between the header and the empty row, and the total below it."""
    rows: list[tuple[object, ...]] = list(sheet.iter_rows(min_row=2, values_only=True))
    return rows[:-2], rows[-1]


def _unescaped(text: object) -> str:
    return re.sub(r"_x005F_(?=x[0-9A-Fa-f]{4}_)", "_", str(text or ""))


@given(snapshots())
@settings(max_examples=examples(20), deadline=None)
def test_rows_and_totals_of_both_tables_are_the_snapshots(report: UsageSnapshot) -> None:
    book = _workbook(report)
    for title, column in _FIRST_FIGURE.items():
        rows, total = _table(book[title])
        figures = slice(column, column + len(MEASURES))
        sums = Counts(*(sum(int(str(row[index])) for row in rows) for index in range(*figures.indices(99))))
        assert sums == report.totals
        assert total[figures] == report.totals.as_tuple()


@given(snapshots())
@settings(max_examples=examples(20), deadline=None)
def test_every_name_comes_back_as_a_text(report: UsageSnapshot) -> None:
    """No formula, no error value, nothing lost; what no XML can hold is visibly replaced."""
    book = _workbook(report)
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type in "fe"]
    rows, _ = _table(book["Users"])
    read = [tuple(_unescaped(text) for text in row[:3]) for row in rows]
    known = [(one.user_name, one.user_email, one.user_id) for one in report.users]
    assert [tuple(map(_normal, row)) for row in read] == [
        tuple(_normal(visible(text or "")) for text in row) for row in known
    ]


def _normal(text: str) -> str:
    """XML itself reads CRLF and CR as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_a_text_that_looks_like_a_formula_stays_one_when_it_is_edited() -> None:
    sheet = _workbook(nasty_snapshot())["Users"]
    by_name = {cell.value: cell for (cell,) in sheet.iter_rows(min_row=2, max_col=1)}
    assert by_name["=1+1"].data_type == "s"
    assert by_name["=1+1"].quotePrefix
    assert not by_name["<b>Ann</b>"].quotePrefix


@given(periods())
@settings(max_examples=examples(10), deadline=None)
def test_days_are_dates(period: Period) -> None:
    rows, _ = _table(_workbook(snapshot((user(1),), period=period))["Days"])
    assert [row[0].date() for row in rows if isinstance(row[0], dt.datetime)] == list(period.days())


def test_the_summary_compares_with_the_period_before() -> None:
    report = snapshot((user(1, counts=Counts(sent=10, completed=5)),))
    rows = {row[0]: row[1:] for row in _workbook(report)["Summary"].iter_rows(values_only=True) if row[0]}
    assert rows["Measure"] == ("October 2026", "September 2026", "Difference", "Change")
    assert rows["Sent"] == (10, 8, 2, 0.25)
    assert rows["Received"] == (0, 0, 0, "—")
    assert rows["Completion rate"][:3] == (0.5, 0.5, 0)
    assert rows["Allowance used"][0] == pytest.approx(0.1)


def test_a_period_that_is_not_over_shows_no_change() -> None:
    report = snapshot((user(1),), period=parse_period("2026-11").clip(dt.date(2026, 11, 1)))
    rows = {row[0]: row[1:] for row in _workbook(report)["Summary"].iter_rows(values_only=True) if row[0]}
    assert rows["Measure"][:2] == ("November 2026 (to date)", "October 2026")
    assert set(rows["Sent"][2:]) == {None}


def test_about_carries_what_the_report_says_of_itself() -> None:
    report = snapshot((user(1), user(2)), user_ids=("u_1", "u_2"))
    about: dict[object, tuple[object, ...]] = {}
    for row in _workbook(report)["About"].iter_rows(values_only=True):
        about.setdefault(row[0], row[1:])  # the definitions below explain some of the same words
    assert about["From"][0] == dt.datetime(2026, 10, 1)  # noqa: DTZ001  # Excel knows no zones
    assert about["Data through"] == (dt.datetime(2026, 11, 1, 9, 5, 2), "Europe/Berlin, UTC+01:00")  # noqa: DTZ001
    assert about["User rows"][0] == 2
    assert about["Day rows"][0] == 31
    assert [about[f"Control total: {measure}"][0] for measure in MEASURES] == list(report.totals.as_tuple())
    assert about["Filter"] == ("Some users", "2 users: u_1, u_2")
    assert about["Report ID"][0] == IDENTITY.report_id
    assert about["Version"][0] == 3
    assert "Completion rate" in about
    assert "Allowance used" not in about, "a part of the users has no allowance"


def test_sheets_are_ready_to_work_with() -> None:
    report = snapshot(tuple(user(number) for number in range(5)))
    book = _workbook(report)
    assert book.sheetnames == ["Summary", "Days", "Users", "Hours", "About"]
    assert book["Users"].freeze_panes == "B2"
    assert book["Users"].auto_filter.ref == "A1:L6", "the total stays out of sorting"
    assert book["Users"].print_title_rows == "$1:$1"
    set_up = book["Users"].sheet_properties.pageSetUpPr
    assert set_up is not None
    assert set_up.fitToPage
    assert book["Users"]["D2"].number_format == "#,##0"
    summary: Any = book["Summary"]
    assert len(summary._charts) == 1  # noqa: SLF001  # openpyxl's only way
    assert book.properties.title == "Acme: usage for October 2026"


def test_more_users_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS_PER_SHEET", 4)
    report = snapshot(tuple(user(number) for number in range(10)))
    book = _workbook(report)
    assert book.sheetnames == ["Summary", "Days", "Users", "Users 2", "Users 3", "Hours", "About"]
    ids = [sheet.cell(row, 3).value for sheet in book for row in range(2, 6) if sheet.title.startswith("Users")]
    assert [found for found in ids if found] == [one.user_id for one in report.users]
    _, total = _table(book["Users 3"])
    assert total[3:11] == report.totals.as_tuple()


def test_equal_reports_are_equal_bytes() -> None:
    """A retried run stores the same file again."""
    assert render("xlsx", nasty_snapshot(), IDENTITY) == render("xlsx", nasty_snapshot(), IDENTITY)
