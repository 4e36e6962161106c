"""Tables of what happened when: events by weekday and hour, and days that changed after they were reported."""

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

from openpyxl.formatting.rule import ColorScaleRule

from signtally.domain.activity import HOURS_A_DAY, PeriodActivity
from signtally.domain.periods import DAYS_A_WEEK
from signtally.domain.restatements import RestatedDay
from signtally.render.restatements import changed_measures, why
from signtally.render.theme import mixed
from signtally.render.workbook.charts import BarSeries, BarSpec, Labels, add_bar_chart
from signtally.render.workbook.sheets import Book
from signtally.render.workbook.styles import FIGURE, FIGURE_MUTED, MUTED, TEXT, argb
from signtally.render.workbook.tables import Column, Table, Total, add_table, area
from signtally.render.workbook.usage_tables import date_column

_TINT_SHARE = 0.35


def add_hours(book: Book, activity: PeriodActivity) -> None:
    """24 rows with a column for each weekday; the busier, the darker."""
    words, formats = book.words, book.contents.formats
    figure = dataclasses.replace(FIGURE, number_format=book.numbers.count)
    totals = [sum(hours) for hours in activity.week]
    all_days = words.gettext("All days")
    columns = [
        Column(words.gettext("Hour"), TEXT, 19, total=words.gettext("Total")),
        *(Column(formats.weekday(day), figure, 13, Total("sum", totals[day])) for day in range(DAYS_A_WEEK)),
        Column(all_days, dataclasses.replace(figure, bold=True), 13, Total("sum", sum(totals))),
    ]
    labels = [formats.hour(hour) for hour in range(HOURS_A_DAY)]
    table = Table(
        "Hours",
        words.gettext("Hours"),
        columns,
        [[label, *(hours[hour] for hours in activity.week), activity.hours[hour]] for hour, label in enumerate(labels)],
        HOURS_A_DAY,
        frozen="B2",
        is_idle=not sum(totals),
    )
    sheet = add_table(book, table)
    theme = book.contents.theme
    tint = argb(mixed(theme.fill, theme.paper, share=_TINT_SHARE))
    scale = ColorScaleRule(  # type: ignore[no-untyped-call]  # openpyxl's stubs leave it out
        start_type="num", start_value=0, start_color=argb(theme.paper), end_type="max", end_color=tint
    )
    sheet.worksheet.conditional_formatting.add(f"B2:H{HOURS_A_DAY + 1}", scale)
    series = [BarSeries(all_days, area(sheet, table, len(columns)), activity.hours, theme.fill)]
    spec = BarSpec(words.gettext("Events by hour of the day"), Labels(area(sheet, table, 1), labels), series)
    add_bar_chart(sheet, spec, anchor=f"A{sheet.rows_written + 2}")


def add_restated(book: Book) -> None:
    """One row a day and measure that changed."""
    words, numbers, restated = book.words, book.numbers, book.contents.snapshot.restated
    count, muted, signed = (
        dataclasses.replace(style, number_format=code)
        for style, code in (
            (FIGURE, numbers.count),
            (FIGURE_MUTED, numbers.count),
            (FIGURE_MUTED, numbers.signed),
        )
    )
    columns = [
        date_column(book, words.gettext("Date")),
        Column(words.gettext("Measure"), TEXT, 16),
        Column(
            words.gettext("Changed"), dataclasses.replace(TEXT, number_format=numbers.instant), numbers.instant_width
        ),
        Column(words.gettext("Why"), MUTED, 30),
        Column(words.gettext("Before"), muted, 11.5),
        Column(words.gettext("Now"), count, 11.5),
        Column(words.gettext("Difference"), signed, 12),
    ]
    zone = book.contents.snapshot.tenant.zone
    formats = book.contents.formats
    changes = [(day, *change) for day in restated for change in changed_measures(day)]
    table = Table(
        "Restated",
        words.gettext("Restated"),
        columns,
        [
            [
                day.day,
                book.contents.heading(action),
                _clock(day, zone),
                why(day, formats),
                before,
                after,
                after - before,
            ]
            for day, action, before, after in changes
        ],
        len(changes),
    )
    add_table(book, table)


def _clock(day: RestatedDay, zone: ZoneInfo) -> dt.datetime:
    return day.restated_at.astimezone(zone).replace(tzinfo=None)
