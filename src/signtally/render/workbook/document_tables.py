"""Tables of documents: each with its outcome, the oldest open one first; and how far those sent have come."""

import dataclasses
from collections.abc import Iterator

import polars as pl

from signtally.domain.documents import Cohort, DocumentStatus
from signtally.domain.wording import translatable
from signtally.render.workbook.cells import Value, id_text, name_text, person_text
from signtally.render.workbook.charts import BarSeries, BarSpec, Labels, add_bar_chart
from signtally.render.workbook.sheets import Book, column_width
from signtally.render.workbook.styles import ADDRESS, FIGURE, FIGURE_MUTED, NAME, TEXT
from signtally.render.workbook.tables import Column, Table, Total, add_table, area

STATUSES = {
    DocumentStatus.OPEN: translatable("Open"),
    DocumentStatus.COMPLETED: translatable("Completed"),
    DocumentStatus.DECLINED: translatable("Declined"),
    DocumentStatus.CANCELLED: translatable("Cancelled"),
    DocumentStatus.EXPIRED: translatable("Expired"),
}
_INSTANTS = ("sent_at", "first_viewed_at", "last_signed_at", "closed_at")
_DAYS_FROM_EXCELS_EPOCH = 25_569  # to 1970
_DAY_MICROSECONDS = 86_400_000_000
_FUNNEL_HEIGHT_CM = 6.5
_WIDTHS_LOOK_AT = 2_000


def add_documents(book: Book) -> None:
    """One row a document that was open at any time of the period; its times are those of the tenant's clocks."""
    frame, words = book.contents.snapshot.documents, book.words
    statuses = {str(status): words.gettext(text) for status, text in STATUSES.items()}
    columns = _document_columns(book, frame)
    rows = _document_rows(frame, zone=book.contents.snapshot.tenant.timezone, statuses=statuses)
    add_table(book, Table("Documents", words.gettext("Documents"), columns, rows, frame.height, frozen="B2"))


def _document_columns(book: Book, frame: pl.DataFrame) -> list[Column]:
    words, numbers = book.words, book.numbers
    instant = dataclasses.replace(TEXT, number_format=numbers.instant)
    figure = dataclasses.replace(FIGURE, number_format=numbers.count)
    hours = dataclasses.replace(FIGURE, number_format=numbers.decimal)
    sums = frame.select(pl.col("received", "viewed", "signed").sum()).row(0)
    received, viewed, signed = (Total("sum", value) for value in sums)
    width = column_width(frame["document_id"].head(_WIDTHS_LOOK_AT).to_list(), least=26, most=42)
    return [
        Column(words.gettext("Document ID"), NAME, width, total=words.gettext("Total"), is_id=True),
        Column(words.gettext("Status"), TEXT, 13, total=Total("count", frame.height)),
        Column(words.gettext("Sender"), NAME, 24, is_id=True),
        Column(words.gettext("Sender email"), ADDRESS, 26),
        Column(words.gettext("Sender ID"), ADDRESS, 18, total=words.gettext("All users"), is_id=True),
        Column(words.pgettext("time", "Sent"), instant, numbers.instant_width),
        Column(words.pgettext("time", "First viewed"), instant, numbers.instant_width),
        Column(words.pgettext("time", "Last signed"), instant, numbers.instant_width),
        Column(words.pgettext("time", "Closed"), instant, numbers.instant_width),
        Column(words.gettext("Turnaround in hours"), hours, 13, Total("average", _mean(frame))),
        Column(words.gettext("Days open"), figure, 10),
        Column(words.gettext("Times received"), figure, 11, received),
        Column(words.gettext("Times viewed"), figure, 11, viewed),
        Column(words.gettext("Times signed"), figure, 11, signed),
    ]


def _mean(frame: pl.DataFrame) -> float | None:
    mean = frame["turnaround_hours"].mean()
    return float(mean) if isinstance(mean, float) else None


def _document_rows(frame: pl.DataFrame, *, zone: str, statuses: dict[str, str]) -> Iterator[list[Value]]:
    shown = frame.with_columns(_on_excels_clock(pl.col(_INSTANTS), zone))
    for row in shown.iter_rows():
        document_id, status, user_id, name, email, *times = row
        sender = [person_text(name, email, user_id), name_text(email), id_text(user_id)]
        yield [id_text(document_id), statuses[status], *sender, *times]


def _on_excels_clock(instants: pl.Expr, zone: str) -> pl.Expr:
    """Days since Excel's epoch, on the zone's wall clock: Excel knows no zones."""
    local = instants.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return local.dt.epoch("us") / _DAY_MICROSECONDS + _DAYS_FROM_EXCELS_EPOCH


def add_funnel(book: Book, cohort: Cohort) -> None:
    """How many of the documents that were sent in the period came how far."""
    words, numbers = book.words, book.numbers
    before = book.contents.snapshot.previous_cohort if book.contents.is_previous_known else None
    stages = [
        (words.pgettext("stage", "Sent"), "sent"),
        (words.pgettext("stage", "Viewed"), "viewed"),
        (words.pgettext("stage", "Signed"), "signed"),
        (words.pgettext("stage", "Completed"), "completed"),
    ]
    figure, share = (dataclasses.replace(FIGURE, number_format=code) for code in (numbers.count, numbers.percent))
    muted, muted_share = (
        dataclasses.replace(FIGURE_MUTED, number_format=code) for code in (numbers.count, numbers.percent)
    )
    columns = [
        Column(words.gettext("Stage"), TEXT, 22),
        Column(words.gettext("Documents"), figure, 14),
        Column(words.gettext("Share of sent"), share, 14),
        Column(words.gettext("Documents before"), muted, 14),
        Column(words.gettext("Share of sent before"), muted_share, 14),
    ]
    rows = [[label, *_reached(cohort, stage), *_reached(before, stage)] for label, stage in stages]
    is_idle = not cohort.sent and not (before and before.sent)
    table = Table("Funnel", words.gettext("Funnel"), columns, rows, len(rows), is_idle=is_idle)
    sheet = add_table(book, table)
    labels = Labels(area(sheet, table, 1), [label for label, _ in stages])
    figures = [getattr(cohort, stage) for _, stage in stages]
    series = [BarSeries(words.gettext("Documents"), area(sheet, table, 2), figures, book.contents.theme.fill)]
    title = words.gettext("Documents sent in the period, and how far they have come")
    spec = BarSpec(title, labels, series, horizontal=True, height_cm=_FUNNEL_HEIGHT_CM)
    add_bar_chart(sheet, spec, anchor=f"A{sheet.rows_written + 2}")


def _reached(cohort: Cohort | None, stage: str) -> tuple[Value, Value]:
    if cohort is None:
        return None, None
    documents: int = getattr(cohort, stage)
    return documents, documents / cohort.sent if cohort.sent else None
