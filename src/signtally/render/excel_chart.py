"""The workbook's own chart of daily usage: native, so that it can be restyled, copied and pasted into slides."""

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from openpyxl.chart import BarChart, LineChart
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import AxDataSource, NumData, NumDataSource, NumRef, NumVal, StrRef
from openpyxl.chart.marker import Marker
from openpyxl.chart.series import Series, SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RichTextProperties
from openpyxl.utils import get_column_letter

from signtally.domain.actions import MEASURES, Action
from signtally.render.chart import axis
from signtally.render.contents import Contents
from signtally.render.theme import Theme

Chart: TypeAlias = Any  # a bar or a line chart, whose stubs know neither axes nor legends

_EXCEL_EPOCH = dt.date(1899, 12, 30)
_FIRST_MEASURE_COLUMN = 3  # after the date and the weekday
_FIRST_ROW = 2
_WIDTH_CM, _HEIGHT_CM = 18.5, 7.5
_GAP_PERCENT = 50
_MOST_LABELS, _MOST_BARS = 10, 93
_LINE_EMU = 19_050  # 1.5 points
_LABEL_SIZE = 900  # hundredths of a point


def daily_chart(contents: Contents, *, days_sheet: str) -> Chart:
    """Documents sent and completed by day, drawn from the sheet of days; lines where bars would be too thin."""
    theme = contents.theme
    lines = len(contents.snapshot.days) > _MOST_BARS
    chart: Chart = LineChart() if lines else BarChart(gapWidth=_GAP_PERCENT, overlap=0)
    chart.grouping = "standard" if lines else "clustered"
    chart.width, chart.height = _WIDTH_CM, _HEIGHT_CM
    chart.legend.position = "t"
    chart.legend.txPr = _label_text(theme)
    for index, (action, colour) in enumerate(((Action.SENT, theme.fill), (Action.COMPLETED, theme.neutral))):
        series = _series(contents, action, index=index, sheet=days_sheet)
        series.spPr = _line(colour) if lines else GraphicalProperties(solidFill=colour.removeprefix("#"))
        series.marker, series.smooth = Marker("none") if lines else None, False if lines else None
        chart.series.append(series)
    chart.graphical_properties = GraphicalProperties(ln=LineProperties(noFill=True))
    _style_axes(chart, contents)
    return chart


def _line(colour: str) -> GraphicalProperties:
    return GraphicalProperties(ln=LineProperties(solidFill=colour.removeprefix("#"), w=_LINE_EMU))


def _series(contents: Contents, action: Action, *, index: int, sheet: str) -> Series:
    """With the figures cached, for viewers that draw a chart without reading the cells."""
    days = contents.snapshot.days
    column = get_column_letter(_FIRST_MEASURE_COLUMN + MEASURES.index(action))
    last_row = _FIRST_ROW + len(days) - 1
    figures = [usage.counts.as_dict()[action] for usage in days]
    dates = [(usage.day - _EXCEL_EPOCH).days for usage in days]
    series = Series(idx=index, order=index)
    series.tx = SeriesLabel(strRef=StrRef(f"'{sheet}'!${column}$1"))
    series.val = NumDataSource(_reference(f"'{sheet}'!${column}${_FIRST_ROW}:${column}${last_row}", figures, "General"))
    series.cat = AxDataSource(_reference(f"'{sheet}'!$A${_FIRST_ROW}:$A${last_row}", dates, "d mmm"))
    return series


def _reference(cells: str, values: Sequence[float], number_format: str) -> NumRef:
    points = [NumVal(idx=index, v=f"{value:g}") for index, value in enumerate(values)]
    return NumRef(f=cells, numCache=NumData(formatCode=number_format, ptCount=len(points), pt=points))


def _style_axes(chart: Chart, contents: Contents) -> None:
    theme, steps = contents.theme, axis(max(_highest(contents), 1))
    for side in (chart.x_axis, chart.y_axis):
        side.delete = False
        side.txPr = _label_text(theme)
        side.majorTickMark = side.minorTickMark = "none"
    rule = LineProperties(solidFill=theme.line.removeprefix("#"))
    chart.x_axis.number_format, chart.x_axis.noMultiLvlLbl = "d mmm", True
    chart.x_axis.tickLblSkip = math.ceil(len(contents.snapshot.days) / _MOST_LABELS)
    chart.x_axis.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=theme.neutral.removeprefix("#")))
    chart.y_axis.number_format = "#,##0"
    chart.y_axis.scaling.min, chart.y_axis.scaling.max, chart.y_axis.majorUnit = 0, steps[-1], steps[1]
    chart.y_axis.majorGridlines = ChartLines(GraphicalProperties(ln=rule))
    chart.y_axis.graphicalProperties = GraphicalProperties(ln=LineProperties(noFill=True))


def _highest(contents: Contents) -> int:
    return max(max(usage.counts.sent, usage.counts.completed) for usage in contents.snapshot.days)


def _label_text(theme: Theme) -> RichText:
    face = CharacterProperties(sz=_LABEL_SIZE, solidFill=theme.muted.removeprefix("#"))
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=face), endParaRPr=face)
    return RichText(bodyPr=RichTextProperties(), p=[paragraph])
