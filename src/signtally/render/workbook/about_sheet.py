"""The last sheet: what the report says of itself, its control totals, and the definitions."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

from signtally.domain.snapshot import ReportIdentity
from signtally.render.contents import Contents
from signtally.render.version_changes import changes_line
from signtally.render.visible_text import one_line
from signtally.render.workbook.cells import Value
from signtally.render.workbook.clocks import wall_clock
from signtally.render.workbook.sheets import Book, Sheet, column_width, lines
from signtally.render.workbook.styles import PROSE, SECTION

_WIDTHS = (30, 72)  # characters of the body's size: of values, of what stands beside them
_LEAST_LABELS, _MOST_LABELS = 26, 40
_LINE_HEIGHT = 15.5  # points
_PROSE_DENSITY = 1.15  # letters are narrower than the figures that widths are measured in
_TERM = dataclasses.replace(PROSE, bold=True)
_NOTE = dataclasses.replace(PROSE, colour="muted")


def write_about(sheet: Sheet, identity: ReportIdentity) -> None:
    contents, words = sheet.book.contents, sheet.book.words
    facts = list(_facts(contents, identity))
    terms = [*(label for label, _, _ in facts), *(line.term for line in contents.definitions)]
    label_width, value_width, note_width = column_width(terms, least=_LEAST_LABELS, most=_MOST_LABELS), *_WIDTHS
    sheet.widths(label_width, value_width, note_width)
    sheet.printed(landscape=False, repeat_header=False)
    sheet.append([words.gettext("About this report")], [SECTION], height=24)
    for label, value, note in facts:
        is_wide = isinstance(value, str) and not note
        room = value_width + note_width if is_wide else value_width
        needed = max(lines(label, label_width), lines(str(value), room), lines(note, note_width))
        styles = [_TERM, dataclasses.replace(PROSE, number_format=_format_of(sheet.book, value)), _NOTE]
        sheet.append([label, value, note or None], styles, height=needed * _LINE_HEIGHT)
        if is_wide:
            _merge(sheet)
    sheet.append([], [])
    sheet.append([words.gettext("Definitions")], [SECTION], height=24)
    for line in contents.definitions:
        height = lines(line.meaning, round((value_width + note_width) * _PROSE_DENSITY)) * _LINE_HEIGHT
        sheet.append([line.term, line.meaning, None], [_TERM, PROSE, PROSE], height=height)
        _merge(sheet)


def _merge(sheet: Sheet) -> None:
    """The last row's value takes the room of what would stand beside it."""
    sheet.worksheet.merged_cells.add(f"B{sheet.rows_written}:C{sheet.rows_written}")


def _facts(contents: Contents, identity: ReportIdentity) -> Iterator[tuple[str, Value, str]]:
    yield from _what_is_reported(contents)
    yield from _what_is_in_it(contents)
    words = contents.words
    yield words.gettext("Report ID"), identity.report_id, ""
    yield words.gettext("Version"), identity.version, ""
    yield words.gettext("Created"), *wall_clock(contents, identity.made_at)
    changes = changes_line(identity.changes, contents.formats)
    if changes:
        yield words.gettext("Changes"), changes, ""


def _what_is_reported(contents: Contents) -> Iterator[tuple[str, Value, str]]:
    snapshot, words = contents.snapshot, contents.words
    tenant_id = words.gettext("ID %(id)s", id=one_line(snapshot.tenant.tenant_id))
    yield words.gettext("Organization"), contents.tenant_name, tenant_id
    yield words.gettext("Period"), contents.period, contents.dates
    yield words.gettext("From"), snapshot.period.first, words.gettext("included")
    yield words.gettext("To"), snapshot.period.last, words.gettext("included")
    yield words.gettext("Previous period"), contents.previous_period, contents.previous_dates
    yield words.gettext("Time zone"), snapshot.tenant.timezone, contents.zone
    yield words.gettext("Basis"), contents.basis, ""
    some = words.gettext("All users") if snapshot.user_ids is None else words.gettext("Some users")
    yield words.gettext("Filter"), some, contents.filters()
    through, zone = wall_clock(contents, snapshot.data_through)
    yield words.gettext("Data through"), through or contents.data_through, zone


def _what_is_in_it(contents: Contents) -> Iterator[tuple[str, Value, str]]:
    """How many rows each table has, and what they add up to."""
    snapshot, words = contents.snapshot, contents.words
    yield words.gettext("User rows"), len(snapshot.users), words.gettext("in the table Users")
    yield words.gettext("Day rows"), len(snapshot.days), words.gettext("in the table Days")
    if snapshot.cohort is not None:
        yield words.gettext("Document rows"), snapshot.documents.height, words.gettext("in the table Documents")
        yield words.gettext("User day rows"), snapshot.user_days.height, words.gettext("in the table UserDays")
    note = words.gettext("the sum of the rows of Days, and of Users")
    for line in contents.measures:
        yield words.gettext("Control total: %(measure)s", measure=line.heading), line.now, note


def _format_of(book: Book, value: Value) -> str:
    if isinstance(value, dt.datetime):
        return book.numbers.instant
    if isinstance(value, dt.date):
        return book.numbers.date
    return book.numbers.count if isinstance(value, int) else "General"
