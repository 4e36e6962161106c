"""The workbook's own bar charts: native, so that they can be restyled, copied and pasted into slides."""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeAlias

from openpyxl.chart import BarChart
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import (
    AxDataSource,
    NumData,
    NumDataSource,
    NumRef,
    NumVal,
    StrData,
    StrRef,
    StrVal,
)
from openpyxl.chart.marker import DataPoint
from openpyxl.chart.series import Series, SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import (
    CharacterProperties,
    Paragraph,
    ParagraphProperties,
    RegularTextRun,
    RichTextProperties,
)

from signtally.render.chart import axis
from signtally.render.theme import Theme
from signtally.render.workbook.cells import name_text
from signtally.render.workbook.sheets import Area, Sheet

Chart: TypeAlias = Any  # a bar chart, whose stubs know neither axes nor legends

WIDTH_CM, HEIGHT_CM = 20, 7.5
_LEAST_GAP, _MOST_GAP, _GAP_SHARED = 50, 325, 650  # between steps, in hundredths of a bar
_APART = 8  # the bars of a step, so that the outlines of hollow ones do not touch
_MOST_LABELS, _MOST_DATES = 13, 8
_LABEL_SIZE, _TITLE_SIZE = 900, 1100  # hundredths of a point
_OUTLINE_EMU = 19_050  # 1.5 points


@dataclasses.dataclass(frozen=True, slots=True)
class BarSeries:
    """Bars of one colour; the figures are cached in the chart for viewers that do not read the cells."""

    name: str
    area: Area
    figures: Sequence[float]
    colour: str
    hollow: Sequence[int] = ()  # which bars stand for a step that is counted in part


@dataclasses.dataclass(frozen=True, slots=True)
class Labels:
    """What stands below the bars: texts, or with a *date_format* days as Excel counts them."""

    area: Area
    values: Sequence[str | int]
    date_format: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class BarSpec:
    title: str
    labels: Labels
    series: Sequence[BarSeries]
    horizontal: bool = False
    width_cm: float = WIDTH_CM
    height_cm: float = HEIGHT_CM

    @property
    def is_empty(self) -> bool:
        """Whether there is no bar to draw."""
        return not any(figure for one in self.series for figure in one.figures)


def add_bar_chart(sheet: Sheet, spec: BarSpec, *, anchor: str) -> None:
    """The chart on the sheet, its upper corner at the cell *anchor*; nothing where all figures are zero."""
    if spec.is_empty:
        return
    theme = sheet.book.contents.theme
    chart: Chart = BarChart(gapWidth=_gap(spec), overlap=-_APART)
    chart.type, chart.grouping = ("bar" if spec.horizontal else "col"), "clustered"
    chart.width, chart.height = spec.width_cm, spec.height_cm
    chart.title = _title(spec.title, theme)
    chart.series = [_series(one, spec.labels, index=index, paper=theme.paper) for index, one in enumerate(spec.series)]
    if len(spec.series) > 1:
        chart.legend.position, chart.legend.overlay, chart.legend.txPr = "t", False, _label_text(theme)
    else:
        chart.legend = None
    chart.graphical_properties = GraphicalProperties(ln=LineProperties(noFill=True))
    chart.roundedCorners = False
    _style_axes(chart, spec, theme, is_mirrored=sheet.book.right_to_left)
    chart.alternative_text = sheet.book.words.gettext(
        "Bar chart: %(title)s. Its figures are on the sheet %(sheet)s.", title=spec.title, sheet=spec.labels.area.sheet
    )
    sheet.worksheet.add_chart(chart, anchor)


def _gap(spec: BarSpec) -> int:
    """Few steps have wide bars, and yet more room between them; bars below each other share a height made for them."""
    return _LEAST_GAP if spec.horizontal else min(_MOST_GAP, max(_LEAST_GAP, _GAP_SHARED // len(spec.labels.values)))


def _series(one: BarSeries, labels: Labels, *, index: int, paper: str) -> Series:
    series = Series(idx=index, order=index)
    series.tx = SeriesLabel(v=one.name)
    series.spPr = GraphicalProperties(solidFill=one.colour.removeprefix("#"))
    series.invertIfNegative = False
    series.dPt = [_hollow(bar, one.colour, paper) for bar in one.hollow]
    series.val = NumDataSource(_numbers(one.area, one.figures, "#,##0"))
    series.cat = _categories(labels)
    return series


def _hollow(bar: int, colour: str, paper: str) -> DataPoint:
    outline = LineProperties(solidFill=colour.removeprefix("#"), w=_OUTLINE_EMU)
    return DataPoint(
        idx=bar, invertIfNegative=False, spPr=GraphicalProperties(solidFill=paper.removeprefix("#"), ln=outline)
    )


def _categories(labels: Labels) -> AxDataSource:
    if labels.date_format is not None:
        dates = [int(value) for value in labels.values]
        return AxDataSource(_numbers(labels.area, dates, labels.date_format))
    points = [StrVal(idx=index, v=name_text(str(text)) or " ") for index, text in enumerate(labels.values)]
    return AxDataSource(strRef=StrRef(labels.area.reference, StrData(ptCount=len(points), pt=points)))


def _numbers(area: Area, values: Sequence[float], number_format: str) -> NumRef:
    points = [NumVal(idx=index, v=repr(value)) for index, value in enumerate(values)]
    return NumRef(f=area.reference, numCache=NumData(formatCode=number_format, ptCount=len(points), pt=points))


def _style_axes(chart: Chart, spec: BarSpec, theme: Theme, *, is_mirrored: bool) -> None:
    highest = max((figure for one in spec.series for figure in one.figures), default=0)
    steps = axis(max(int(highest), 1))
    for side in (chart.x_axis, chart.y_axis):
        side.delete = False
        side.txPr = _label_text(theme)
        side.majorTickMark = side.minorTickMark = "none"
    chart.x_axis.number_format, chart.x_axis.noMultiLvlLbl = spec.labels.date_format or "General", True
    most = _MOST_DATES if spec.labels.date_format else _MOST_LABELS
    chart.x_axis.tickLblSkip = 1 if spec.horizontal else -(-len(spec.labels.values) // most)
    chart.x_axis.graphicalProperties = GraphicalProperties(ln=_rule(theme.neutral))
    if spec.horizontal:  # the first row of the table above the others
        chart.x_axis.scaling.orientation, chart.y_axis.crosses = "maxMin", "max"
    if is_mirrored:  # the first bar stands where reading begins
        across = chart.y_axis if spec.horizontal else chart.x_axis
        across.scaling.orientation = "maxMin"
    chart.y_axis.number_format = "#,##0"
    chart.y_axis.scaling.min, chart.y_axis.scaling.max, chart.y_axis.majorUnit = 0, steps[-1], steps[1]
    chart.y_axis.majorGridlines = ChartLines(GraphicalProperties(ln=_rule(theme.line)))
    chart.y_axis.graphicalProperties = GraphicalProperties(ln=LineProperties(noFill=True))


def _rule(colour: str) -> LineProperties:
    return LineProperties(solidFill=colour.removeprefix("#"))


def _label_text(theme: Theme) -> RichText:
    face = CharacterProperties(sz=_LABEL_SIZE, solidFill=theme.muted.removeprefix("#"))
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=face), endParaRPr=face)
    return RichText(bodyPr=RichTextProperties(), p=[paragraph])


def _title(text: str, theme: Theme) -> Title:
    face = CharacterProperties(sz=_TITLE_SIZE, b=True, solidFill=theme.ink.removeprefix("#"))
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=face), r=[RegularTextRun(rPr=face, t=text)])
    rich = RichText(bodyPr=RichTextProperties(), p=[paragraph])
    return Title(tx=Text(rich=rich), overlay=False)
