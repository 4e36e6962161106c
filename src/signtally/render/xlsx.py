"""The Excel file: a summary with charts, a table for each kind of figure, and what the report says of itself.

Every figure is a number and every date a date; what is undefined is an empty cell. Totals are formulas that follow a
table's filter, and carry the snapshot's control totals as their values, so that a viewer that does not calculate (a
mail preview, a phone, a script) shows the same. A table's name is the same in every language: formulas and queries of
an analyst work on next month's file.
"""

from signtally.domain.snapshot import ReportIdentity
from signtally.render.contents import Contents
from signtally.render.visible_text import shortened
from signtally.render.workbook.about_sheet import write_about
from signtally.render.workbook.activity_tables import add_hours, add_restated
from signtally.render.workbook.document_tables import add_documents, add_funnel
from signtally.render.workbook.packing import packed
from signtally.render.workbook.sheets import Book
from signtally.render.workbook.summary_charts import add_charts
from signtally.render.workbook.summary_sheet import write_summary
from signtally.render.workbook.trend_table import add_trend
from signtally.render.workbook.usage_tables import UsageOverTime, add_days, add_user_days
from signtally.render.workbook.user_tables import add_inactive_users, add_users

_FOOTER_LIMIT_CHARACTERS = 60


def write(contents: Contents, identity: ReportIdentity) -> bytes:
    """The whole file; equal bytes for an equal snapshot and identity."""
    book = Book(contents, footer=_footer(contents))
    _describe(book, identity)
    summary = book.add_sheet(contents.words.gettext("Summary"))
    write_summary(summary, identity)
    over_time = _add_tables(book)
    add_charts(summary, over_time)
    write_about(book.add_sheet(contents.words.gettext("About")), identity)
    return packed(book, made_at=identity.made_at)


def _add_tables(book: Book) -> UsageOverTime:
    """Every table that the snapshot has something for, in the order of their sheets: the longest come last."""
    snapshot = book.contents.snapshot
    if snapshot.trend:
        add_trend(book)
    if snapshot.cohort is not None:
        add_funnel(book, snapshot.cohort)
    if snapshot.insights is not None and snapshot.insights.activity is not None:
        add_hours(book, snapshot.insights.activity)
    over_time = add_days(book)
    add_users(book)
    if snapshot.inactive_users:
        add_inactive_users(book)
    if snapshot.restated:
        add_restated(book)
    if snapshot.cohort is not None:
        add_documents(book)
        add_user_days(book)
    return over_time


def _footer(contents: Contents) -> str:
    name = shortened(contents.tenant_name, _FOOTER_LIMIT_CHARACTERS)
    title = contents.words.gettext("Usage for %(period)s", period=contents.period_in_text)
    return f"{name} · {title}"


def _describe(book: Book, identity: ReportIdentity) -> None:
    contents, about = book.contents, book.workbook.properties
    words = contents.words
    about.title = words.gettext(
        "%(tenant)s: usage for %(period)s", tenant=contents.tenant_name, period=contents.period_in_text
    )
    about.creator = about.lastModifiedBy = "Signtally"
    about.subject = words.gettext("Usage report")
    about.description = words.gettext(
        "%(report)s, version %(version)s; data through %(instant)s",
        report=identity.report_id,
        version=identity.version,
        instant=contents.data_through,
    )
    about.language = contents.formats.language_tag
