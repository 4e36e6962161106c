"""The sheet that opens first: the totals beside those of the period before, and what rests on documents."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

from signtally.domain.snapshot import ReportIdentity
from signtally.render.contents import Contents
from signtally.render.formats import rounded
from signtally.render.highlights import highlight_sentences
from signtally.render.insights import InsightContents
from signtally.render.version_changes import changes_line
from signtally.render.workbook.cells import Value
from signtally.render.workbook.clocks import wall_clock
from signtally.render.workbook.sheets import Book, Sheet, lines
from signtally.render.workbook.styles import (
    ASIDE,
    CAPTION,
    FIGURE,
    FIGURE_MUTED,
    HEAD,
    HEAD_OF_FIGURES,
    MUTED,
    STATEMENT,
    TEXT,
    TITLE,
    Style,
)

WIDTHS = (34, 22, 22, 14, 14)  # characters of the body's size
_BODY_SIZE = 10
_HEADER_HEIGHT = 20  # points
_HIGHLIGHT = dataclasses.replace(STATEMENT, size=11, bold=False)

Row = tuple[list[Value], list[Style]]


def write_summary(sheet: Sheet, identity: ReportIdentity) -> None:
    """Everything but the charts, which need the sheets behind this one."""
    contents, words = sheet.book.contents, sheet.book.words
    sheet.widths(*WIDTHS)
    sheet.printed(landscape=False, repeat_header=False)
    _write_masthead(sheet, contents, changes_line(identity.changes, contents.formats))
    before = [contents.previous_period] if contents.is_previous_known else []
    changes = [words.gettext("Difference"), words.gettext("Change")] if contents.is_comparable else []
    heads = [words.gettext("Measure"), contents.period, *before, *changes]
    height = max(lines(head, WIDTHS[1]) for head in heads) * _HEADER_HEIGHT
    sheet.append(heads, [HEAD, *[HEAD_OF_FIGURES] * (len(heads) - 1)], height=height)
    for values, styles in _measure_rows(sheet.book):
        sheet.append(values[: len(heads)], styles[: len(heads)])
    sheet.append([], [])
    write_line(sheet, contents.comparison, CAPTION)
    sheet.append([], [])
    insights = InsightContents.of(contents)
    if insights is not None:
        _write_insights(sheet, insights)


def _write_masthead(sheet: Sheet, contents: Contents, changes: str) -> None:
    accent = dataclasses.replace(STATEMENT, size=11, colour="accent")
    write_line(sheet, contents.tenant_name, accent)
    title = sheet.book.words.gettext("Usage for %(period)s", period=contents.period_in_text)
    write_line(sheet, title, TITLE)
    write_line(sheet, contents.lead, CAPTION)
    if not contents.is_on_activity:
        write_line(sheet, contents.basis, CAPTION)
    write_line(sheet, contents.freshness, STATEMENT)
    if contents.caveat:
        write_line(sheet, contents.caveat, dataclasses.replace(STATEMENT, colour="warning"))
    if changes:
        write_line(sheet, changes, CAPTION)
    sheet.append([], [])
    sentences = highlight_sentences(contents)
    if not any(contents.snapshot.totals.as_tuple()):
        sentences = (contents.emptiness, *sentences)
    for sentence in sentences:
        write_line(sheet, sentence, _HIGHLIGHT)
    if sentences:
        sheet.append([], [])


def write_line(sheet: Sheet, text: str, style: Style) -> None:
    characters = round(sum(WIDTHS) * _BODY_SIZE / style.size)
    sheet.append_wide(text, style, columns="A:E", characters=characters)


def _measure_rows(book: Book) -> Iterator[Row]:
    """Five columns each; the last ones fall away where nothing can be compared. What is undefined is empty."""
    contents, words, numbers = book.contents, book.words, book.numbers
    count, count_before, signed, change = _formats(
        (FIGURE, numbers.count),
        (FIGURE_MUTED, numbers.count),
        (FIGURE_MUTED, numbers.signed),
        (FIGURE_MUTED, numbers.signed_percent),
    )
    for line in contents.measures:
        share = (line.now - line.before) / line.before if line.before else None
        values: list[Value] = [line.heading, line.now, line.before, line.now - line.before, share]
        yield values, [TEXT, count, count_before, signed, change]
    unit = words.gettext("%(points)s pts", points="").strip()
    rate, rate_before, points = _formats(
        (FIGURE, numbers.percent), (FIGURE_MUTED, numbers.percent), (FIGURE_MUTED, numbers.signed_points(unit))
    )
    for pair in contents.rates:
        moved = None if pair.now is None or pair.before is None else (pair.now - pair.before) * 100
        difference = None if moved is None else float(rounded(moved, 1))
        yield [pair.heading, pair.now, pair.before, difference, None], [TEXT, rate, rate_before, points, MUTED]
    if contents.snapshot.cohort is not None:
        was = contents.snapshot.previous_cohort
        still_open: list[Value] = [words.gettext("Sent and still open"), contents.snapshot.cohort.open]
        yield [*still_open, was.open if was else None, None, None], [TEXT, count, count_before, MUTED, MUTED]
    senders, before = contents.snapshot.active_senders, contents.snapshot.previous_active_senders
    grown = (senders - before) / before if before else None
    of_senders: list[Value] = [words.gettext("Active senders"), senders, before, senders - before, grown]
    yield of_senders, [TEXT, count, count_before, signed, change]
    for label, value, style in _allowance_rows(book):
        yield [label, value, None, None, None], [TEXT, style, *[MUTED] * 3]


def _allowance_rows(book: Book) -> Iterator[tuple[str, Value, Style]]:
    contents, words, use = book.contents, book.words, book.contents.allowance
    if use is None:
        return
    count, rate = _formats((FIGURE, book.numbers.count), (FIGURE, book.numbers.percent))
    month = contents.formats.month_in_full(use.month.first)
    yield words.gettext("Allowance for %(month)s", month=month), use.allowed, count
    yield words.gettext("Documents used by %(day)s", day=contents.formats.date(use.as_of)), use.used, count
    yield words.gettext("Allowance used"), use.share, rate
    yield words.gettext("Expected use by the end of the month"), use.expected, count


def _formats(*pairs: tuple[Style, str]) -> list[Style]:
    return [dataclasses.replace(style, number_format=code) for style, code in pairs]


def _write_insights(sheet: Sheet, insights: InsightContents) -> None:
    """A second table below the totals: a figure a row, and beside it what it rests on."""
    words = sheet.book.words
    title = words.gettext("Documents and hours") if insights.hours else words.gettext("Documents")
    sheet.append([title, None, None, None, None], [HEAD, HEAD_OF_FIGURES, *[HEAD] * 3], height=_HEADER_HEIGHT)
    for label, value, note in _insight_rows(sheet.book, insights):
        figure = dataclasses.replace(FIGURE, number_format=_format_of(sheet.book, value))
        sheet.append([label, value, note, None, None], [TEXT, figure, *[ASIDE] * 3])
        sheet.worksheet.merged_cells.add(f"C{sheet.rows_written}:E{sheet.rows_written}")
    sheet.append([], [])
    if insights.allowance:
        write_line(sheet, insights.allowance, CAPTION)
        sheet.append([], [])


def _insight_rows(book: Book, insights: InsightContents) -> Iterator[tuple[str, Value, str]]:
    figures, contents, words = insights.insights.documents, insights.contents, book.words
    took, open_card = figures.turnaround, insights.cards[1]
    rests_on = _rests_on(contents, took.documents if took else 0, of=figures.completed)
    yield words.gettext("Median turnaround in hours"), _hours(took.median if took else None), rests_on
    yield words.gettext("Mean turnaround in hours"), _hours(took.mean if took else None), rests_on
    yield words.gettext("90th percentile in hours"), _hours(took.p90 if took else None), rests_on
    yield open_card.label, figures.open, open_card.note
    activity = insights.insights.activity
    if activity is None:
        yield insights.cards[2].label, insights.insights.distinct_documents - figures.open, insights.cards[2].note
        return
    distinct, busiest = insights.cards[2:]
    yield distinct.label, insights.insights.distinct_documents, distinct.note
    hour = activity.busiest_hour
    events = None if hour is None else activity.hours[hour]
    yield busiest.label, events, " · ".join(filter(None, (busiest.figure if events else "", busiest.note)))
    yield words.gettext("First activity"), *wall_clock(contents, activity.first_at)
    yield words.gettext("Last activity"), *wall_clock(contents, activity.last_at)


def _rests_on(contents: Contents, documents: int, *, of: int) -> str:
    number, words = contents.formats.number, contents.words
    if documents == of:
        return words.ngettext("%(count)s completed document", "%(count)s completed documents", of, count=number(of))
    return words.ngettext(
        "%(count)s of %(all)s completed document",
        "%(count)s of %(all)s completed documents",
        of,
        count=number(documents),
        all=number(of),
    )


def _hours(duration: dt.timedelta | None) -> float | None:
    return None if duration is None else duration / dt.timedelta(hours=1)


def _format_of(book: Book, value: Value) -> str:
    if isinstance(value, dt.datetime):
        return book.numbers.instant
    return book.numbers.decimal if isinstance(value, float) else book.numbers.count
