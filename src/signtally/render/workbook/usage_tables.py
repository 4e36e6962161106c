"""Tables of the counts: by day, by week or month where days are many, and by user and day."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from signtally.domain.actions import MEASURES, Action, Counts
from signtally.domain.documents import USER_DAYS_MOST_DAYS
from signtally.domain.periods import PeriodKind
from signtally.render.chart import UsageChart, usage_chart
from signtally.render.contents import Contents
from signtally.render.workbook.cells import Value, id_text, person_text, serial
from signtally.render.workbook.charts import BarSeries, BarSpec, Labels
from signtally.render.workbook.sheets import Book, Sheet, column_width
from signtally.render.workbook.styles import ADDRESS, FIGURE, MUTED, NAME, TEXT
from signtally.render.workbook.tables import Column, Table, Total, add_table, area

MOST_DAILY_BARS = 62  # beyond, charts show weeks or months
FIGURE_WIDTH, _WIDEST_FIGURE = 11.5, 18
_WIDTHS_LOOK_AT = 2_000
_PRINTED_FOR_PIVOTS = 50  # rows: a page that shows what is there


def measure_columns(book: Book, totals: Counts | None) -> list[Column]:
    """The eight counts; with *totals* below them unless None."""
    style = dataclasses.replace(FIGURE, number_format=book.numbers.count)
    values = [None] * len(MEASURES) if totals is None else list(totals.as_tuple())
    headings = [book.contents.heading(action) for action in Action]
    widths = [column_width([heading], least=7, most=_WIDEST_FIGURE - 3) + 3 for heading in headings]
    return [
        Column(heading, style, max(width, FIGURE_WIDTH), None if value is None else Total("sum", value))
        for heading, width, value in zip(headings, widths, values, strict=True)
    ]


def date_column(book: Book, heading: str) -> Column:
    style = dataclasses.replace(TEXT, number_format=book.numbers.date)
    return Column(heading, style, book.numbers.date_width)


@dataclasses.dataclass(frozen=True, slots=True)
class UsageOverTime:
    """Where the chart of usage over time finds its figures: the days, or their weeks or months."""

    sheet: Sheet
    table: Table
    first_days: Sequence[dt.date]
    counts: Sequence[Counts]
    date_format: str
    steps: UsageChart

    def chart(self, book: Book) -> BarSpec:
        theme, first_figure = book.contents.theme, len(self.table.columns) - len(MEASURES) + 1
        series = [
            BarSeries(
                book.contents.heading(action),
                area(self.sheet, self.table, first_figure + list(Action).index(action)),
                [counts.as_dict()[action] for counts in self.counts],
                colour,
                hollow=[index for index, bar in enumerate(self.steps.bars) if bar.is_partial],
            )
            for action, colour in ((Action.SENT, theme.fill), (Action.COMPLETED, theme.neutral))
        ]
        dates = [int(serial(day)) for day in self.first_days]
        labels = Labels(area(self.sheet, self.table, self._date_column), dates, self.date_format)
        return BarSpec(book.words.gettext("Documents sent and completed"), labels, series)

    @property
    def _date_column(self) -> int:
        return 1 if self.table.name == "Days" else 2


def add_days(book: Book) -> UsageOverTime:
    """The sheet of days, and one of weeks or months where a bar a day would be too thin."""
    snapshot, words, weekday = book.contents.snapshot, book.words, book.contents.formats.weekday
    columns = [
        date_column(book, words.gettext("Date")),
        Column(words.gettext("Weekday"), MUTED, 13, total=words.gettext("Total")),
        *measure_columns(book, snapshot.totals),
    ]
    rows: Iterator[list[Value]] = (
        [day.day, weekday(day.day.weekday()), *day.counts.as_tuple()] for day in snapshot.days
    )
    table = Table(
        "Days",
        words.gettext("Days"),
        columns,
        rows,
        len(snapshot.days),
        frozen="C2",
        is_idle=not any(snapshot.totals.as_tuple()),
    )
    sheet = add_table(book, table)
    if len(snapshot.days) > MOST_DAILY_BARS:
        return _add_longer_steps(book)
    days = [day.day for day in snapshot.days]
    steps = usage_chart(book.contents, most_bars=MOST_DAILY_BARS)
    return UsageOverTime(sheet, table, days, [day.counts for day in snapshot.days], book.numbers.date, steps)


def _add_longer_steps(book: Book) -> UsageOverTime:
    snapshot, words, formats = book.contents.snapshot, book.words, book.contents.formats
    chart = usage_chart(book.contents, most_bars=MOST_DAILY_BARS)
    weekly = chart.step == PeriodKind.WEEK
    name, title = ("Weeks", words.gettext("Weeks")) if weekly else ("Months", words.gettext("Months"))
    heading = words.gettext("Week") if weekly else words.gettext("Month")
    spans = [(bar.first, bar.last) for bar in chart.bars]
    counts = list(_counts_of(book.contents, spans))
    labels = [formats.dates(*span) if weekly else formats.month(span[0]) for span in spans]
    columns = [
        Column(heading, TEXT, column_width(labels, least=18, most=40), total=words.gettext("Total")),
        date_column(book, words.gettext("From")),
        date_column(book, words.gettext("To")),
        *measure_columns(book, snapshot.totals),
    ]
    rows: list[list[Value]] = [
        [label, *span, *each.as_tuple()] for label, span, each in zip(labels, spans, counts, strict=True)
    ]
    table = Table(name, title, columns, rows, len(rows), frozen="B2", is_idle=not any(snapshot.totals.as_tuple()))
    date_format = book.numbers.date if weekly else book.numbers.month
    return UsageOverTime(add_table(book, table), table, [first for first, _ in spans], counts, date_format, chart)


def _counts_of(contents: Contents, spans: Sequence[tuple[dt.date, dt.date]]) -> Iterator[Counts]:
    by_day = {usage.day: usage.counts for usage in contents.snapshot.days}
    for first, last in spans:
        days = (first + dt.timedelta(days=offset) for offset in range((last - first).days + 1))
        yield Counts.total(by_day[day] for day in days)


def add_user_days(book: Book) -> None:
    """One row a user and day, or month where days are many: what pivot tables are made from."""
    snapshot, words = book.contents.snapshot, book.words
    frame = snapshot.user_days
    by_month = snapshot.period.day_count > USER_DAYS_MOST_DAYS
    names = {user.user_id: person_text(user.user_name, user.user_email, user.user_id) for user in snapshot.users}
    day_style = dataclasses.replace(TEXT, number_format=book.numbers.month if by_month else book.numbers.date)
    sample = list(names.values())[:_WIDTHS_LOOK_AT]
    columns = [
        Column(
            words.gettext("User"),
            NAME,
            column_width(sample, least=18, most=42),
            total=words.gettext("Total"),
            is_id=True,
        ),
        Column(words.gettext("User ID"), ADDRESS, 24, total=words.gettext("All users"), is_id=True),
        Column(words.gettext("Month") if by_month else words.gettext("Date"), day_style, 14),
        *measure_columns(book, Counts.of(frame.select(pl.col(MEASURES).sum()).row(0, named=True))),
    ]
    rows = _user_day_rows(frame, names)
    title = words.gettext("User days")
    add_table(
        book, Table("UserDays", title, columns, rows, frame.height, frozen="D2", most_printed=_PRINTED_FOR_PIVOTS)
    )


def _user_day_rows(frame: pl.DataFrame, names: dict[str, str | None]) -> Iterator[list[Value]]:
    for user_id, day, *counts in frame.select("user_id", "day", *MEASURES).iter_rows():
        yield [names.get(user_id), id_text(user_id), day, *counts]
