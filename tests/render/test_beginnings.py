"""Where a tenant's figures begin: before, nothing is printed as zero, and a period that is counted in part says so."""

import dataclasses
import datetime as dt
import io
import json
import re
import zipfile
from typing import Any

import polars as pl
import pytest

from signtally.domain.actions import Counts
from signtally.domain.documents import Cohort
from signtally.domain.periods import Period, parse_period
from signtally.domain.schedule_terms import Recipient
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.trend import TrendPoint
from signtally.render import pdf
from signtally.render.chart import usage_chart
from signtally.render.contents import Contents
from signtally.render.email import DigestContext, digest_message
from signtally.render.email_chart import email_chart
from signtally.render.files import render
from signtally.render.progress import trend_chart, trend_note, trend_rows
from tests.support.report_samples import ACME, IDENTITY, user
from tests.support.whole_reports import whole_report
from tests.support.workbooks import ReadBook

OCTOBER = parse_period("2026-10")
_CELLS = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)


def _first(began: dt.date | None, *, locale: str = "en") -> UsageSnapshot:
    """October of a tenant of whom nothing is known before it."""
    people = tuple(dataclasses.replace(user(number), previous=Counts()) for number in range(3))
    report = whole_report(people, tenant=ACME.model_copy(update={"locale": locale}))
    return dataclasses.replace(
        report,
        users=tuple(dataclasses.replace(one, previous=Counts()) for one in report.users),
        inactive_users=(),
        previous_totals=Counts(),
        previous_cohort=Cohort(),
        trend=report.trend[-1:],
        first_data_day=began,
    )


def _email(report: UsageSnapshot) -> tuple[str, str]:
    context = DigestContext(schedule_name="Monthly", sender="s@acme.example", links={}, page_url="https://app.example/")
    message = digest_message(
        report, context=context, recipient=Recipient(email="a@acme.example"), unsubscribe_url="https://app.example/u"
    )
    parts = [message.get_body((kind,)) for kind in ("plain", "html")]
    plain, html = (part.get_content() if part else "" for part in parts)
    return plain, html


@pytest.mark.parametrize("began", [OCTOBER.first, dt.date(2026, 10, 19), None])
def test_a_period_before_all_data_has_no_column_anywhere(began: dt.date | None) -> None:
    """PDF, email and workbook alike: a zero there would be read as a figure."""
    report = _first(began)
    contents = Contents(report)
    page = pdf.page(contents, IDENTITY)
    totals = page[page.index("<h2>Totals") : page.index("</table>", page.index("<h2>Totals"))]
    assert [len(_CELLS.findall(row)) for row in totals.split("<tr>")[1:]] == [2] * 12
    plain, html = _email(report)
    assert "September 2026</th>" not in html
    lines = [line.strip() for line in plain.splitlines()]
    assert "This period" in lines
    assert next(line for line in lines if line.startswith("Sent ")).split() == ["Sent", str(report.totals.sent)]
    rows = list(ReadBook.of(report).shown["Summary"].iter_rows(values_only=True))
    (head,) = (row for row in rows if row[0] == "Measure")
    assert head[1:] == ("October 2026", None, None, None)
    assert {row[2:] for row in rows if row[0] in {"Sent", "Completion rate", "Active senders"}} == {(None,) * 3}
    for text in (page, plain, html):
        assert "(previous period" not in text
        assert "There are no figures for September 2026" in text


def test_tables_for_analysts_keep_their_columns_and_leave_them_empty() -> None:
    """So that a query for one month works on the next; empty cells are no numbers to calculate with."""
    book = ReadBook.of(_first(OCTOBER.first))
    users, funnel = book.tables["Users"], book.tables["Funnel"]
    for table, headings in (
        (users, ("Sent before", "Difference in sent")),
        (funnel, ("Documents before", "Share of sent before")),
    ):
        for heading in headings:
            assert set(table.column(heading)) == {None}
    assert users.totals is not None
    assert users.totals[users.headings.index("Sent before")] is None


def test_what_is_known_in_part_is_shown_and_not_compared() -> None:
    report = dataclasses.replace(whole_report(), first_data_day=dt.date(2026, 9, 20))
    users = ReadBook.of(report).tables["Users"]
    assert users.column("Sent before") == [one.previous.sent for one in report.users]
    assert set(users.column("Difference in sent")) == {None}
    assert "September 2026</th>" in _email(report)[1]


def test_programs_get_zeros_as_ever_and_the_day_on_which_figures_begin() -> None:
    """Types stay types: an empty cell would make fractions of whole numbers."""
    report = _first(dt.date(2026, 10, 19))
    with zipfile.ZipFile(io.BytesIO(render("zip", report, IDENTITY).body)) as file:
        totals = pl.read_csv(file.read("totals.csv"))
        users = pl.read_csv(file.read("users.csv"))
    assert totals.filter(period_is="compared")["sent"].to_list() == [0]
    assert totals["sent"].dtype == users["previous_sent"].dtype == pl.Int64


def _partial(period: Period, began: dt.date, *, locale: str = "en") -> UsageSnapshot:
    """Of a tenant whose figures begin in the period before the one before *period*."""
    report = whole_report(period=period, tenant=ACME.model_copy(update={"locale": locale}))
    before = report.trend[-2].period.previous
    points = (TrendPoint(before, Counts(sent=3, completed=2), Cohort(3, 2, 2, 2, 1)), *report.trend[-2:])
    return dataclasses.replace(report, trend=points, first_data_day=began)


@pytest.mark.parametrize(
    ("period", "began", "row", "label"),
    [
        ("2026-10", dt.date(2026, 8, 17), "August 2026*", "Aug 2026*"),
        ("2026-Q3", dt.date(2026, 3, 31), "Q1 2026*", "Q1 2026*"),
        ("2025", dt.date(2023, 1, 2), "Year 2023*", "2023*"),
        ("2026-W42", dt.date(2026, 10, 3), "Week of 28 Sept\u2009–\u20094 Oct 2026*", "28 Sept*"),
    ],
)
def test_a_trend_marks_the_period_in_which_figures_begin(period: str, began: dt.date, row: str, label: str) -> None:
    contents = Contents(_partial(parse_period(period), began))
    rows, chart = trend_rows(contents), trend_chart(contents)
    assert [each.period.endswith("*") for each in rows] == [False, False, True]
    assert rows[-1].period == row
    assert chart is not None
    assert [bar.is_partial for bar in chart.bars] == [True, False, False]
    assert chart.bars[0].label == label


def test_the_mark_is_explained_once_in_every_file() -> None:
    report = _partial(OCTOBER, dt.date(2026, 8, 17))
    page = pdf.page(Contents(report), IDENTITY)
    note = "* Figures begin on 17 Aug 2026: this period is counted from that day on."
    assert page.count(note) == 1
    book = ReadBook.of(report)
    assert book.tables["Trend"].column("Period") == ["August 2026*", "September 2026", "October 2026"]
    cells = [cell for row in book.shown["Trend"].iter_rows(values_only=True) for cell in row if cell]
    assert cells.count(note) == 1
    sheet: Any = book.shown["Trend"]  # openpyxl's stubs know no charts
    (chart,) = sheet._charts  # noqa: SLF001
    assert [[point.idx for point in series.dPt] for series in chart.series] == [[0], [0]], "its bars are hollow"


def test_what_is_counted_in_part_is_marked_by_one_rule_everywhere() -> None:
    """The period in which figures begin, and the one that is not over: hollow bars, a reason, and so for programs."""
    today = dt.date(2026, 10, 20)
    report = _partial(OCTOBER.clip(today), dt.date(2026, 8, 17))
    report = dataclasses.replace(report, taken_at=dt.datetime(2026, 10, 20, 9, tzinfo=dt.UTC))
    contents = Contents(report)
    trend, days = trend_chart(contents), usage_chart(contents)
    assert trend is not None
    assert [bar.is_partial for bar in trend.bars] == [True, False, True]
    assert [bar.is_partial for bar in days.bars] == [*[False] * 19, True]
    assert trend_note(contents).endswith(" The last period is not over.")
    assert email_chart(contents).caption == days.caption == "The last day is not over."
    book = ReadBook.of(report)
    sheets: list[Any] = [book.shown[name] for name in ("Trend", "Summary")]
    (of_trend,), (of_days, _) = (sheet._charts for sheet in sheets)  # noqa: SLF001
    assert [[point.idx for point in series.dPt] for series in of_trend.series] == [[0, 2]] * 2
    assert [[point.idx for point in series.dPt] for series in of_days.series] == [[19]] * 2
    with zipfile.ZipFile(io.BytesIO(render("zip", report, IDENTITY).body)) as file:
        totals, about = pl.read_csv(file.read("totals.csv")), json.loads(file.read("about.json"))
    assert totals["is_partial"].to_list() == [True, False, False, True]
    assert (about["first_data_day"], about["period"]["figures_from"]) == ("2026-08-17", None)
    told = [(each["name"], each["figures_from"], each["is_over"]) for each in about["partial_periods"]]
    assert told == [("2026-08", "2026-08-17", True), ("2026-10", None, False)]


@pytest.mark.parametrize("began", [dt.date(2026, 8, 1), dt.date(2026, 7, 31), None])
def test_a_trend_of_whole_periods_has_no_mark(began: dt.date | None) -> None:
    report = dataclasses.replace(_partial(OCTOBER, OCTOBER.first), first_data_day=began)
    contents = Contents(report)
    assert not trend_note(contents)
    assert not any("*" in row.period for row in trend_rows(contents))
