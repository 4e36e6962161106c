"""Bars of charts: none over another, wide where there are few, hollow where their period is counted in part."""

import dataclasses
import datetime as dt
import itertools
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from signtally.domain.actions import Counts
from signtally.domain.periods import parse_period
from signtally.domain.snapshot import UsageSnapshot
from signtally.render import pdf
from signtally.render.contents import Contents
from signtally.render.drawn_charts import SVG
from signtally.render.theme import Theme
from tests.support.report_samples import ACME, IDENTITY
from tests.support.whole_reports import whole_report
from tests.support.workbooks import ReadBook

_TODAY = dt.date(2026, 11, 28)
_NUMBERS = pytest.mark.parametrize("number", [2, 3, 6, 13])
_COLOURS = {Theme().fill: "sent", Theme().neutral: "completed"}


def _to_date(number: int, *, locale: str = "en") -> UsageSnapshot:
    """November to date and the periods before, of which the first is counted in part, too."""
    tenant = ACME.model_copy(update={"locale": locale})
    report = whole_report(period=parse_period("2026-11").clip(_TODAY), tenant=tenant)
    points = tuple(
        dataclasses.replace(point, totals=Counts(sent=60 + 7 * index, completed=50))
        for index, point in enumerate(report.trend[-number:])
    )
    taken_at = dt.datetime.combine(_TODAY, dt.time(9), tzinfo=dt.UTC)
    began = points[0].period.first + dt.timedelta(days=9)
    return dataclasses.replace(report, trend=points, first_data_day=began, taken_at=taken_at)


@dataclasses.dataclass(frozen=True)
class _Bar:
    colour: str
    left: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width


def _printed(report: UsageSnapshot) -> list[_Bar]:
    """Of the trend, from the left; the inside of a hollow bar follows it."""
    *_, chart = (
        chart
        for chart in ET.fromstring(pdf.page(Contents(report), IDENTITY)).iter(f"{SVG}svg")  # noqa: S314  # our own
        if chart.get("height") == "40.0mm"
    )
    return [
        _Bar(each.get("fill", ""), *(float(each.get(name, "nan")) for name in ("x", "width", "height")))
        for each in chart.iter(f"{SVG}rect")
    ]


@_NUMBERS
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_printed_bars_stand_apart_and_are_hollow_where_counted_in_part(number: int, locale: str) -> None:
    found = _printed(_to_date(number, locale=locale))
    bars = [bar for bar in found if bar.colour in _COLOURS]
    assert [_COLOURS[bar.colour] for bar in bars] == ["sent", "completed"] * number
    gaps = [after.left - before.right for before, after in itertools.pairwise(bars)]
    assert min(gaps) >= 0.79
    assert all(between > 2 * within for within, between in zip(gaps[::2], gaps[1::2], strict=False))
    followed = [before for before, after in itertools.pairwise([*found, found[0]]) if after.colour == Theme().paper]
    assert followed == [*bars[:2], *bars[-2:]]
    insides = [bar for bar in found if bar.colour == Theme().paper]
    assert all(
        0 < inside.width == pytest.approx(bar.width - 3.2) for inside, bar in zip(insides, followed, strict=True)
    )


def test_the_fewer_printed_bars_the_wider_they_are() -> None:
    widths = [_printed(_to_date(number))[0].width for number in (13, 6, 3, 2)]
    assert widths == sorted(widths)
    assert widths[-1] > 2 * widths[0]


def test_one_document_is_seen_beside_thousands_and_a_low_bar_is_hollow_too() -> None:
    report = _to_date(3)
    totals = (Counts(sent=300, completed=250), Counts(sent=9_000, completed=1), Counts(sent=300, completed=250))
    trend = tuple(dataclasses.replace(one, totals=each) for one, each in zip(report.trend, totals, strict=True))
    bars = _printed(dataclasses.replace(report, trend=trend))
    assert min(bar.height for bar in bars if bar.colour in _COLOURS) == 1
    assert sum(bar.colour == Theme().paper for bar in bars) == 4


@_NUMBERS
def test_bars_of_the_workbook_stand_apart(number: int) -> None:
    """Spreadsheets draw an outline on the edge of its bar: of two that touch, one lies over the other."""
    sheet: Any = ReadBook.of(_to_date(number)).shown["Trend"]  # openpyxl's stubs know no charts
    (chart,) = sheet._charts  # noqa: SLF001
    assert chart.overlap < 0
    bars_and_gap = 2 - 2 * chart.overlap / 100 + chart.gapWidth / 100
    assert 28 / number / bars_and_gap < 3  # centimetres wide
    assert (chart.gapWidth == 50) == (number == 13)
