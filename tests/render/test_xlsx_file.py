"""The workbook's tables, read back by openpyxl and pandas."""

import dataclasses
import datetime as dt
import io
import re
import unicodedata
import zipfile

import pandas as pd
import pytest
from hypothesis import given, settings
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from signtally.domain.actions import MEASURES, Action, Counts
from signtally.domain.definitions import HEADINGS
from signtally.domain.documents import DOCUMENT_ROWS, DocumentStatus
from signtally.domain.periods import Period, parse_period
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.files import render
from signtally.render.workbook.cells import id_text, name_text
from tests.support.examples import examples
from tests.support.report_samples import IDENTITY, nasty_snapshot, periods, restated, snapshot, snapshots, user
from tests.support.whole_reports import whole, whole_report
from tests.support.workbooks import ReadBook, ReadTable

_HEADINGS = [HEADINGS[action] for action in Action]


def _figures(table: ReadTable, headings: list[str]) -> list[Counts]:
    columns = [table.headings.index(heading) for heading in headings]
    return [Counts(*(int(str(row[column])) for column in columns)) for row in table.rows if row[columns[0]] is not None]


@given(snapshots())
@settings(max_examples=examples(10, soak=200), deadline=None)
def test_rows_and_totals_of_every_table_of_counts_are_the_snapshots(report: UsageSnapshot) -> None:
    book = ReadBook.of(whole(report))
    found = book.tables
    for name in ("Days", "Users", "UserDays"):
        headings = found[name].headings[-8:] if name != "Users" else found[name].headings[3:11]
        assert Counts.total(_figures(found[name], headings) or [Counts()]) == report.totals
        at = found[name].headings.index(headings[0])
        totals = found[name].totals
        assert totals is not None
        assert totals[at : at + len(MEASURES)] == report.totals.as_tuple()


@given(snapshots())
@settings(max_examples=examples(10, soak=200), deadline=None)
def test_totals_are_what_a_program_calculates(report: UsageSnapshot) -> None:
    """Who does not calculate shows the value beside the formula, so both must be equal."""
    book = ReadBook.of(whole(report))
    calculated, shown = book.calculated_totals, book.tables
    for name, values in calculated.items():
        for value, cached in zip(values, shown[name].totals or (), strict=True):
            assert cached == (pytest.approx(value) if isinstance(value, float) else value), name


@given(snapshots())
@settings(max_examples=examples(10, soak=200), deadline=None)
def test_every_name_comes_back_as_a_text(report: UsageSnapshot) -> None:
    """No formula, no error value; nothing lost but what would turn or hide its neighbours."""
    book = ReadBook.of(report)
    assert not [cell for sheet in book.shown for row in sheet.iter_rows() for cell in row if cell.data_type in "fe"]
    rows = [tuple(map(_unescaped, row[:3])) for row in book.tables["Users"].rows if row[2] is not None]
    expected = [(name_text(one.user_name), name_text(one.user_email), id_text(one.user_id)) for one in report.users]
    assert rows == [(name or email or user_id, email, user_id) for name, email, user_id in expected]
    assert not [text for row in rows for text in row if text and any(map(_is_unruly, text))]


def _is_unruly(character: str) -> bool:
    """Able to turn its surroundings, or to break the line."""
    return unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "B"}


def _unescaped(text: object) -> str | None:
    return None if text is None else re.sub(r"_x005F_(?=x[0-9A-Fa-f]{4}_)", "_", str(text))


def test_a_text_that_looks_like_a_formula_stays_one_when_it_is_edited() -> None:
    sheet = ReadBook.of(nasty_snapshot()).shown["Users"]
    by_name = {cell.value: cell for (cell,) in sheet.iter_rows(min_row=2, max_col=1)}
    assert by_name["=1+1"].data_type == "s"
    assert by_name["=1+1"].quotePrefix
    assert not by_name["<b>Ann</b>"].quotePrefix


def test_controls_in_names_disappear_and_those_in_ids_are_shown() -> None:
    spoof = dataclasses.replace(user(1, "abc\u202egnp.exe", "two\r\nlines"), user_id="a\u202eb\nc\x00")
    (row,) = ReadBook.of(snapshot((spoof,))).tables["Users"].rows
    assert row[:3] == ("abcgnp.exe", "two lines", "a\N{REPLACEMENT CHARACTER}b␊c␀")


@given(periods())
@settings(max_examples=examples(10), deadline=None)
def test_days_are_dates_and_weekdays_are_words(period: Period) -> None:
    days = ReadBook.of(snapshot((user(1),), period=period)).tables["Days"]
    assert [day.date() for day in days.column("Date") if isinstance(day, dt.datetime)] == list(period.days())
    assert days.column("Weekday") == [f"{day:%A}" for day in period.days()]


def test_every_table_has_a_name_of_its_own_and_headings_that_are_its_cells() -> None:
    report = dataclasses.replace(
        whole_report(period=parse_period("2026-Q3")), restated=restated(parse_period("2026-Q3"))
    )
    book = ReadBook.of(report)
    names = ["Trend", "Funnel", "Hours", "Days", "Weeks", "Users", "InactiveUsers", "Restated", "Documents", "UserDays"]
    assert list(book.tables) == names
    for sheet in book.shown:
        for table in sheet.tables.values():
            read = book.tables[table.name]
            assert table.column_names == read.headings
            assert len({heading.casefold() for heading in read.headings}) == len(read.headings)
            assert table.autoFilter.ref.split(":")[0] == "A1"
            assert (table.totalsRowCount == 1) == (read.totals is not None)


def test_what_is_undefined_is_an_empty_cell() -> None:
    """No text stands among numbers, so that a column can be summed, sorted and read by a program."""
    book = ReadBook.of(whole_report((user(0, counts=Counts(viewed=1)), user(1))))
    users = book.tables["Users"]
    assert users.column("Completion rate") == [None, 0.5]
    assert users.column("Median turnaround in hours") == [None, 27.5]
    summary = {row[0]: row[1:] for row in book.shown["Summary"].iter_rows(values_only=True) if row[0]}
    assert summary["Received"] == (2, 0, 2, None)


def test_documents_are_a_list_to_act_on() -> None:
    documents = ReadBook.of(whole_report()).tables["Documents"]
    assert documents.column("Status") == ["Open"] * 5 + ["Completed"] * 5
    assert documents.column("Document ID")[0] == "doc_9912140633506421"
    assert documents.column("Sent")[0] == dt.datetime(2026, 8, 22, 11, 30)  # noqa: DTZ001  # Berlin's clock
    assert documents.column("Closed")[0] is None
    assert documents.column("Days open")[:2] == [40, 39]
    assert documents.totals is not None
    assert documents.totals[:2] == ("Total", 10)
    assert len(documents.headings) == len(DOCUMENT_ROWS)
    assert set(documents.column("Status")) <= {str(status).capitalize() for status in DocumentStatus}


def test_the_funnel_and_the_trend_are_the_cohorts() -> None:
    report = whole_report()
    book = ReadBook.of(report).tables
    assert report.cohort is not None
    assert book["Funnel"].column("Documents") == [report.cohort.sent, 15, 10, report.cohort.completed]
    assert len(book["Trend"].rows) == len(report.trend)
    assert book["Trend"].column("Completion rate")[-1] == report.cohort.completion_rate


def test_long_periods_get_a_table_of_weeks_or_months() -> None:
    quarter = ReadBook.of(whole_report(period=parse_period("2026-Q3"))).tables
    assert quarter["Weeks"].column("From")[0] == dt.datetime(2026, 7, 1)  # noqa: DTZ001  # Excel knows no zones
    years = Period(parse_period("2024").kind, dt.date(2024, 1, 1), dt.date(2025, 12, 31))
    assert len(ReadBook.of(snapshot((user(1),), period=years)).tables["Months"].rows) == 24
    assert "Weeks" not in ReadBook.of(whole_report()).tables


def test_about_carries_what_the_report_says_of_itself() -> None:
    report = snapshot((user(1), user(2)), user_ids=("u_1", "u_2"))
    about: dict[object, tuple[object, ...]] = {}
    for row in ReadBook.of(report).shown["About"].iter_rows(values_only=True):
        about.setdefault(row[0], row[1:])  # the definitions below explain some of the same words
    assert about["From"][0] == dt.datetime(2026, 10, 1)  # noqa: DTZ001  # Excel knows no zones
    assert about["Data through"] == (dt.datetime(2026, 11, 1, 9, 5, 2), "Europe/Berlin, UTC+01:00")  # noqa: DTZ001
    assert about["User rows"][0] == 2
    assert about["Day rows"][0] == 31
    totals = [about[f"Control total: {heading}"][0] for heading in _HEADINGS]
    assert totals == list(report.totals.as_tuple())
    assert about["Filter"] == ("Some users", "2 users: u_1, u_2")
    assert about["Report ID"][0] == IDENTITY.report_id
    assert about["Version"][0] == 3
    assert "Completion rate" in about
    assert "Allowance used" not in about, "a part of the users has no allowance"


def test_a_user_is_called_the_same_in_every_table() -> None:
    """By the email or the id where the portal sent no name."""
    people = (user(1, "Ann", "ann@acme.example"), user(2, None, "ben@acme.example"), user(3))
    tables = ReadBook.of(whole_report(people)).tables
    for name in ("Users", "UserDays"):
        assert tables[name].column("User") == ["Ann", "ben@acme.example", "u_3"]
    assert set(tables["Documents"].column("Sender")) == {"Ann", "ben@acme.example", "u_3"}
    assert tables["InactiveUsers"].column("User") == ["Gone Girl", "bond@acme.example"]


def test_ids_stay_texts_in_pandas() -> None:
    """By default it makes numbers of a column with nothing but digits: 00012345 would be 12345."""
    people = tuple(dataclasses.replace(user(number), user_id=f"000{number}") for number in range(3))
    sheets = pd.read_excel(io.BytesIO(render("xlsx", whole_report(people), IDENTITY).body), sheet_name=None)
    assert list(sheets["Users"]["User ID"])[:3] == ["0000", "0001", "0002"]
    assert list(sheets["Documents"]["Sender ID"])[:3] == ["0000", "0001", "0002"]
    assert list(sheets["User days"]["User ID"])[:3] == ["0000", "0001", "0002"]
    assert str(sheets["Users"]["Sent"].dtype) == "int64"
    assert str(sheets["Days"]["Date"].dtype).startswith("datetime64")


def test_numbers_in_ids_raise_no_complaint_in_excel() -> None:
    body = render("xlsx", whole_report(), IDENTITY).body
    book = load_workbook(io.BytesIO(body))
    number = next(number for number, sheet in enumerate(book.worksheets, start=1) if "Users" in sheet.tables)
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        users = file.read(f"xl/worksheets/sheet{number}.xml").decode()
    assert re.search(r'<ignoredError sqref="C2:C6" numberStoredAsText="1"', users)


def test_equal_reports_are_equal_bytes() -> None:
    """A retried run stores the same file again."""
    report = whole(nasty_snapshot())
    assert render("xlsx", report, IDENTITY) == render("xlsx", report, IDENTITY)


def test_a_report_of_nothing_has_tables_of_nothing() -> None:
    """Excel repairs a table without a row, so each has an empty one."""
    book = ReadBook.of(whole_report(()))
    assert book.tables["Users"].rows == [(None,) * len(book.tables["Users"].headings)]
    assert book.calculated_totals["Users"][3:11] == (0,) * 8
    assert book.calculated_totals["Documents"][9] is None, "no average of nothing"
    _assert_is_sheet(book.shown["Documents"])


def _assert_is_sheet(sheet: Worksheet) -> None:
    assert sheet.max_row == 3
