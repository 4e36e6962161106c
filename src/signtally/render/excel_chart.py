"""The workbook's own chart of daily usage: native, so that it can be restyled, copied and pasted into slides."""

import datetime as dt
import math
from collections.abc import Sequence

from openpyxl.chart import BarChart
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import AxDataSource, NumData, NumDataSource, NumRef, NumVal, StrRef
from openpyxl.chart.series import Series, SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RichTextProperties
from openpyxl.utils import get_column_letter

from signtally.domain.actions import MEASURES, Action
from signtally.render.contents import Contents
from signtally.render.theme import Theme

_EXCEL_EPOCH = dt.date(1899, 12, 30)
_FIRST_MEASURE_COLUMN = 3  # after the date and the weekday
_FIRST_ROW = 2
_WIDTH_CM, _HEIGHT_CM = 17, 7.5
_GAP_PERCENT = 50
_MOST_LABELS = 10
_LABEL_SIZE = 900  # hundredths of a point


def daily_chart(contents: Contents, *, days_sheet: str) -> BarChart:
    """Documents sent and completed by day, drawn from the sheet of days."""
    theme = contents.theme
    chart = BarChart()
    chart.type, chart.grouping, chart.gapWidth, chart.overlap = "col", "clustered", _GAP_PERCENT, 0
    chart.width, chart.height = _WIDTH_CM, _HEIGHT_CM
    chart.legend.position = "t"
    chart.legend.txPr = _label_text(theme)
    chart.series = [
        _series(contents, action, place=place, sheet=days_sheet, colour=colour)
        for place, (action, colour) in enumerate(((Action.SENT, theme.fill), (Action.COMPLETED, theme.neutral)))
    ]
    chart.graphical_properties = GraphicalProperties(ln=LineProperties(noFill=True))
    _style_axes(chart, theme, labels=len(contents.snapshot.days))
    return chart


def _series(contents: Contents, action: Action, *, place: int, sheet: str, colour: str) -> Series:
    """With the figures cached, for viewers that draw a chart without reading the cells."""
    days = contents.snapshot.days
    column = get_column_letter(_FIRST_MEASURE_COLUMN + MEASURES.index(action))
    last_row = _FIRST_ROW + len(days) - 1
    figures = [usage.counts.as_dict()[action] for usage in days]
    dates = [(usage.day - _EXCEL_EPOCH).days for usage in days]
    series = Series(idx=place, order=place)
    series.tx = SeriesLabel(strRef=StrRef(f"'{sheet}'!${column}$1"))
    series.val = NumDataSource(_reference(f"'{sheet}'!${column}${_FIRST_ROW}:${column}${last_row}", figures, "General"))
    series.cat = AxDataSource(_reference(f"'{sheet}'!$A${_FIRST_ROW}:$A${last_row}", dates, "d mmm"))
    series.spPr = GraphicalProperties(solidFill=colour.removeprefix("#"))
    series.invertIfNegative = False
    return series


def _reference(cells: str, values: Sequence[float], number_format: str) -> NumRef:
    points = [NumVal(idx=place, v=f"{value:g}") for place, value in enumerate(values)]
    return NumRef(f=cells, numCache=NumData(formatCode=number_format, ptCount=len(points), pt=points))


def _style_axes(chart: BarChart, theme: Theme, *, labels: int) -> None:
    for axis in (chart.x_axis, chart.y_axis):
        axis.delete = False
        axis.txPr = _label_text(theme)
        axis.majorTickMark = axis.minorTickMark = "none"
    rule = LineProperties(solidFill=theme.line.removeprefix("#"))
    chart.x_axis.number_format, chart.x_axis.noMultiLvlLbl = "d mmm", True
    chart.x_axis.tickLblSkip = math.ceil(labels / _MOST_LABELS)
    chart.x_axis.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=theme.neutral.removeprefix("#")))
    chart.y_axis.number_format = "#,##0"
    chart.y_axis.scaling.min = 0
    chart.y_axis.majorGridlines = ChartLines(GraphicalProperties(ln=rule))
    chart.y_axis.graphicalProperties = GraphicalProperties(ln=LineProperties(noFill=True))


def _label_text(theme: Theme) -> RichText:
    face = CharacterProperties(sz=_LABEL_SIZE, solidFill=theme.muted.removeprefix("#"))
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=face), endParaRPr=face)
    return RichText(bodyPr=RichTextProperties(), p=[paragraph])
