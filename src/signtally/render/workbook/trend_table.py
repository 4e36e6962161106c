"""The trend: the periods before and the reported one, as a table and a chart."""

import dataclasses
from collections.abc import Iterator, Sequence

from signtally.domain.actions import Action
from signtally.domain.periods import PeriodKind
from signtally.domain.trend import TrendPoint
from signtally.render.progress import trend_note, trend_title
from signtally.render.workbook.cells import Value, serial
from signtally.render.workbook.charts import BarSeries, BarSpec, Labels, add_bar_chart
from signtally.render.workbook.sheets import Book, Sheet, column_width
from signtally.render.workbook.styles import CAPTION, FIGURE, TEXT
from signtally.render.workbook.tables import Column, Table, add_table, area
from signtally.render.workbook.usage_tables import FIGURE_WIDTH, date_column, measure_columns

_WIDTH_CM = 28
_FIRST_COUNT = 4  # its column
_NOTE_COLUMNS, _NOTE_CHARACTERS = "A:G", 90
_WITH_SHORT_NAMES = frozenset({PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR})


def add_trend(book: Book) -> None:
    """With what became of the documents that were sent in each period; a period alone has no chart."""
    contents, words = book.contents, book.words
    points = contents.snapshot.trend
    names = [trend_title(point, contents) for point in points]
    is_idle = not any(any(point.totals.as_tuple()) for point in points)
    table = Table(
        "Trend",
        words.gettext("Trend"),
        _columns(book, names),
        _rows(points, names),
        len(points),
        frozen="B2",
        is_idle=is_idle,
    )
    sheet = add_table(book, table)
    note = trend_note(contents)
    if note:
        sheet.append([], [])
        sheet.append_wide(note, CAPTION, columns=_NOTE_COLUMNS, characters=_NOTE_CHARACTERS)
    if len(points) > 1:
        _add_chart(sheet, table, names)


def _columns(book: Book, names: Sequence[str]) -> list[Column]:
    words = book.words
    figure, rate = (
        dataclasses.replace(FIGURE, number_format=code) for code in (book.numbers.count, book.numbers.percent)
    )
    return [
        Column(words.gettext("Period"), TEXT, column_width(names, least=20, most=40)),
        date_column(book, words.gettext("From")),
        date_column(book, words.gettext("To")),
        *measure_columns(book, None),
        Column(words.gettext("Documents sent"), figure, FIGURE_WIDTH),
        Column(words.gettext("Of these completed"), figure, 13),
        Column(words.gettext("Of these open"), figure, FIGURE_WIDTH),
        Column(words.gettext("Completion rate"), rate, 13),
    ]


def _rows(points: Sequence[TrendPoint], names: Sequence[str]) -> Iterator[list[Value]]:
    for name, point in zip(names, points, strict=True):
        period, cohort = point.period, point.cohort
        followed = [cohort.sent, cohort.completed, cohort.open, cohort.completion_rate]
        yield [name, period.first, period.last, *point.totals.as_tuple(), *followed]


def _add_chart(sheet: Sheet, table: Table, names: Sequence[str]) -> None:
    book, contents = sheet.book, sheet.book.contents
    points, theme = contents.snapshot.trend, contents.theme
    hollow = [index for index, point in enumerate(points) if contents.snapshot.is_partial(point.period)]
    series = [
        BarSeries(
            contents.heading(action),
            area(sheet, table, _FIRST_COUNT + list(Action).index(action)),
            [point.totals.as_dict()[action] for point in points],
            colour,
            hollow=hollow,
        )
        for action, colour in ((Action.SENT, theme.fill), (Action.COMPLETED, theme.neutral))
    ]
    labels = Labels(area(sheet, table, 1), names)
    if contents.snapshot.period.kind not in _WITH_SHORT_NAMES:
        dates = [int(serial(point.period.first)) for point in points]
        labels = Labels(area(sheet, table, 2), dates, book.numbers.date)
    title = book.words.gettext("Documents sent and completed")
    add_bar_chart(sheet, BarSpec(title, labels, series, width_cm=_WIDTH_CM), anchor=f"A{sheet.rows_written + 2}")
