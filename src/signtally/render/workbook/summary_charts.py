"""Charts of the first sheet: usage over time, and who sent most, each whole on a page."""

import dataclasses

from openpyxl.worksheet.pagebreak import Break

from signtally.domain.actions import Action
from signtally.render.people import distinct_names
from signtally.render.workbook.charts import HEIGHT_CM, BarSeries, BarSpec, Labels, add_bar_chart
from signtally.render.workbook.sheets import Area, Sheet, lines
from signtally.render.workbook.styles import CAPTION, FIGURE, HEAD, HEAD_OF_FIGURES, NAME
from signtally.render.workbook.summary_sheet import WIDTHS, write_line
from signtally.render.workbook.usage_tables import UsageOverTime

_HEADER_HEIGHT, _TEXT_LINE = 20, 16  # points
_POINTS_A_CM = 28.35
_ROW_CM = _TEXT_LINE / _POINTS_A_CM
_CAPTION_CM = 2 * _ROW_CM
_LEAST_CM = 4.5  # of a chart: where less is left of a page, it stands on the next
_TOP_USERS = 10
_LABEL_CHARACTERS, _SPARE_CHARACTERS = 28, 6
_AROUND_BARS_CM, _BAR_CM = 3.5, 1.0
_LEAST_AROUND_CM, _LEAST_BAR_CM = 2.6, 0.5


def add_charts(sheet: Sheet, over_time: UsageOverTime) -> None:
    """Usage over time, and the users who sent most, beside the figures that it is drawn from."""
    _name_hidden_sheets(sheet)
    pages = _Pages(sheet)
    spec = over_time.chart(sheet.book)
    if not spec.is_empty and len(over_time.counts) > 1:
        caption = over_time.steps.caption
        height_cm = pages.room_cm(HEIGHT_CM, least=_LEAST_CM, above=_CAPTION_CM if caption else 0)
        add_bar_chart(sheet, dataclasses.replace(spec, height_cm=height_cm), anchor=f"A{sheet.rows_written + 1}")
        for _ in range(round(height_cm / _ROW_CM) + 1):
            sheet.append([], [])
        if caption:
            write_line(sheet, caption, CAPTION)
            sheet.append([], [])
    if sheet.book.contents.snapshot.active_senders:
        _write_top_users(sheet, pages)


class _Pages:
    """Where the pages of the printed sheet break."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet, self._began = sheet, 0.0  # points
        self._points_high = sheet.book.page_points_high(sum(WIDTHS))

    def room_cm(self, wanted: float, *, least: float, above: float = 0) -> float:
        """How high a chart may be below *above* of rows: on this page, or where that is less than *least*, the next."""
        used = self._sheet.points_high - self._began
        left = (self._points_high - used) / _POINTS_A_CM - above - _ROW_CM
        if left >= least:
            return min(left, wanted)
        self._sheet.worksheet.row_breaks.append(Break(id=self._sheet.rows_written))
        self._began = self._sheet.points_high
        return wanted


def _name_hidden_sheets(sheet: Sheet) -> None:
    titles = [each.title for each in sheet.book.sheets if each.is_hidden]
    if titles:
        listed = sheet.book.contents.formats.listed(*titles)
        write_line(
            sheet, sheet.book.words.gettext("Sheets without figures are hidden: %(sheets)s.", sheets=listed), CAPTION
        )
        sheet.append([], [])


def _write_top_users(sheet: Sheet, pages: _Pages) -> None:
    contents, words = sheet.book.contents, sheet.book.words
    heads = [contents.heading(action) for action in (Action.SENT, Action.COMPLETED)]
    title = words.gettext("Users who sent the most documents")
    users = [user for user in contents.snapshot.users[:_TOP_USERS] if user.counts.sent]
    names = list(distinct_names(users, most_characters=_LABEL_CHARACTERS).values())
    heights = [_TEXT_LINE * lines(name, WIDTHS[0] - _SPARE_CHARACTERS) for name in names]
    head_height = _HEADER_HEIGHT * lines(title, WIDTHS[0])
    height_cm = pages.room_cm(
        _AROUND_BARS_CM + _BAR_CM * len(users),
        least=_LEAST_AROUND_CM + _LEAST_BAR_CM * len(users),
        above=(head_height + sum(heights)) / _POINTS_A_CM + _ROW_CM,
    )
    sheet.append([title, *heads], [HEAD, *[HEAD_OF_FIGURES] * 2], height=head_height)
    first = sheet.rows_written + 1
    count = dataclasses.replace(FIGURE, number_format=sheet.book.numbers.count)
    wrapped = dataclasses.replace(NAME, wrap=True)
    for name, user, height in zip(names, users, heights, strict=True):
        sheet.append([name, user.counts.sent, user.counts.completed], [wrapped, count, count], height=height)
    last = sheet.rows_written
    figures = [[user.counts.sent for user in users], [user.counts.completed for user in users]]
    colours = (contents.theme.fill, contents.theme.neutral)
    series = [
        BarSeries(head, Area(sheet.title, column, first, last), values, colour)
        for column, (head, values, colour) in enumerate(zip(heads, figures, colours, strict=True), 2)
    ]
    labels = Labels(Area(sheet.title, 1, first, last), names)
    spec = BarSpec(title, labels, series, horizontal=True, height_cm=height_cm)
    add_bar_chart(sheet, spec, anchor=f"A{last + 2}")
