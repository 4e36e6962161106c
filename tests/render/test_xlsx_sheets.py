"""The workbook's sheets: their order, columns and formats, in which language, and how they are printed."""

import datetime as dt
from typing import Any

import pytest
from babel import Locale
from babel.localedata import locale_identifiers
from openpyxl.worksheet.worksheet import Worksheet

from signtally.domain.periods import parse_period
from signtally.domain.tenants import TenantProfile
from signtally.render.formats import Formats
from signtally.render.workbook import tables
from signtally.render.workbook.number_formats import PAPER_A4, PAPER_LETTER, NumberFormats, paper_size
from tests.support.report_samples import ACME, snapshot, user
from tests.support.whole_reports import whole_report
from tests.support.workbooks import ReadBook


@pytest.mark.parametrize("locale", ["ar", "de", "en-US", "fr", "ja"])
def test_columns_of_instants_have_room_for_the_longest(locale: str) -> None:
    """Where a number has none, spreadsheets show ### in its stead."""
    formats = Formats.of(ACME.model_copy(update={"locale": locale}))
    numbers = NumberFormats.of(formats.locale)
    instants = [dt.datetime(2026, month, 28, 22, 58, tzinfo=dt.UTC) for month in range(1, 13)]
    assert numbers.instant_width > max(len(formats.clock(instant)) for instant in instants)
    assert numbers.date_width > max(len(formats.date(instant.date())) for instant in instants)


@pytest.mark.parametrize(
    ("locale", "shown"), [("de", '0.0"\xa0"%'), ("fr", '0.0"\xa0"%'), ("en", "0.0%"), ("ja", "0.0%")]
)
def test_a_share_has_the_space_of_its_language(locale: str, shown: str) -> None:
    """`74,9 %` in German and French, as in the PDF."""
    numbers = NumberFormats.of(Formats.of(ACME.model_copy(update={"locale": locale})).locale)
    assert numbers.percent == shown
    assert numbers.signed_percent.count(shown.removeprefix("0.0")) == 3


def test_every_locale_has_its_paper() -> None:
    """Norwegian, `no`, is likely written in `no_Latn_NO`, of which there are no data."""
    found = {name: paper_size(Locale.parse(name)) for name in locale_identifiers()}
    assert set(found.values()) == {PAPER_A4, PAPER_LETTER}
    assert (found["no"], found["en"], found["es_MX"]) == (PAPER_A4, PAPER_LETTER, PAPER_LETTER)
    assert NumberFormats.of(Formats.of(ACME.model_copy(update={"locale": "no"})).locale).date.endswith("yyyy")


def test_a_wide_table_is_printed_on_two_pages_beside_each_other() -> None:
    """Both begin with the names; letters half as high are for nobody."""
    book = ReadBook.of(whole_report((user(1, "W" * 50, f"{'w' * 50}@acme.example"),))).shown
    assert (book["Users"].page_setup.fitToWidth, book["Users"].print_titles) == (2, "'Users'!$1:$1,'Users'!$A:$A")
    assert (book["Days"].page_setup.fitToWidth, book["Days"].print_titles) == (1, "'Days'!$1:$1")


def test_sheets_are_ready_to_work_with() -> None:
    book = ReadBook.of(snapshot(tuple(user(number) for number in range(5)), cohort=None)).shown
    assert book.sheetnames == ["Summary", "Hours", "Days", "Users", "About"]
    assert book["Users"].freeze_panes == "B2"
    assert book["Users"].tables["Users"].ref == "A1:K7"
    assert book["Users"].tables["Users"].autoFilter.ref == "A1:K6", "the totals stay out of sorting"
    assert book["Users"].print_title_rows == "$1:$1"
    set_up = book["Users"].sheet_properties.pageSetUpPr
    assert set_up is not None
    assert set_up.fitToPage
    assert book["Users"]["D2"].number_format == "#,##0"
    assert book.properties.title == "Acme: usage for October 2026"


def test_sheets_are_printed_short_ones_first_and_say_what_they_are() -> None:
    """Rows of a user and day are many: on upright paper they take half the pages."""
    book = ReadBook.of(whole_report()).shown
    assert book.sheetnames[-3:] == ["Documents", "User days", "About"]
    assert {sheet.oddHeader.left.text for sheet in book if sheet.oddHeader} == {"&A"}
    assert book["User days"].page_setup.orientation == "portrait"
    assert book["Documents"].page_setup.orientation == "landscape"


def test_a_long_table_prints_its_beginning_and_says_so() -> None:
    book = ReadBook.of(whole_report(tuple(user(number) for number in range(60)))).shown
    assert book["User days"].print_area == "'User days'!$A$1:$K$51"
    heads = {sheet.title: sheet.oddHeader.left.text for sheet in book if sheet.oddHeader}
    assert heads["User days"] == "&A · the first 50 of 60 rows of this sheet"
    assert not book["Users"].print_area


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS_PER_SHEET", 4)
    report = snapshot(tuple(user(number) for number in range(10)), period=parse_period("2026-10-01"))
    book = ReadBook.of(report)
    assert [title for title in book.shown.sheetnames if title.startswith("Users")] == ["Users", "Users 2", "Users 3"]
    parts = [book.tables[name] for name in ("Users", "Users_2", "Users_3")]
    assert [found for part in parts for found in part.column("User ID")] == [one.user_id for one in report.users]
    assert [part.totals is None for part in parts] == [True, True, False]
    assert book.calculated_totals["Users_3"][3:11] == parts[-1].totals[3:11] == report.totals.as_tuple()  # type: ignore[index]


@pytest.mark.parametrize(
    ("locale", "code", "paper"),
    [
        ("en", "[$-809]d mmm yyyy", 9),
        ("en-US", '[$-409]mmm d", "yyyy', 1),
        ("en-CA", '[$-1009]mmm d", "yyyy', 1),
        ("de", '[$-407]d". "mmm yyyy', 9),
        ("ja", '[$-411]yyyy"年"m"月"d"日"', 9),
        ("es-MX", "[$-80A]d mmm yyyy", 1),
        ("not a locale", "[$-809]d mmm yyyy", 9),
    ],
)
def test_dates_and_paper_are_the_locales(locale: str, code: str, paper: int) -> None:
    sheet = _sheet_of("Days", ReadBook.of(snapshot((user(1),), tenant=_tenant(locale))))
    assert sheet["A2"].number_format == code
    assert int(sheet.page_setup.paperSize or 0) == paper


def test_arabic_sheets_run_from_right_to_left() -> None:
    """Figures end at their units, as digits run to the right in Arabic too, and headings stand above them."""
    book = ReadBook.of(whole_report(tenant=_tenant("ar")))
    assert all(sheet.sheet_view.rightToLeft for sheet in book.shown)
    users, days = _sheet_of("Users", book), _sheet_of("Days", book)
    assert users["A2"].alignment.horizontal == "right"
    for sheet, columns in ((users, "DEFGHIJKLMNOPQRST"), (days, "CDEFGHIJ")):
        cells = [sheet[f"{column}{row}"] for column in columns for row in (1, 2)]
        assert {(cell.alignment.horizontal, cell.alignment.indent) for cell in cells} == {("right", 1)}
    summary: Any = book.shown["الملخص"]  # openpyxl's stubs know no charts
    over_time, most_active = summary._charts  # noqa: SLF001
    turned = [over_time.x_axis, most_active.x_axis, most_active.y_axis]
    assert [axis.scaling.orientation for axis in turned] == ["maxMin"] * 3


def _sheet_of(table: str, book: ReadBook) -> Worksheet:
    return next(sheet for sheet in book.shown.worksheets if table in sheet.tables)


def _tenant(locale: str) -> TenantProfile:
    return ACME.model_copy(update={"locale": locale})
