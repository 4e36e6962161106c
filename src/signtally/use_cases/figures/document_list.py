"""A period's documents a page at a time: what a report lists, read as far as it is asked for."""

import dataclasses
import datetime as dt

import polars as pl

from signtally.domain.document_pages import DocumentPosition, DocumentSelection
from signtally.domain.document_rows import document_rows
from signtally.domain.documents import DocumentStatus
from signtally.domain.highlights import is_stuck, stuck_if_sent_by
from signtally.domain.periods import Period
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.use_cases.figures.spans import ReportSpans
from signtally.use_cases.figures.usage_pages import names_in_report


@dataclasses.dataclass(frozen=True, slots=True)
class DocumentPage:
    """Some of the documents that were open at any moment of *period*; *after* is where the next page begins."""

    period: Period  # clipped to today
    data_through: dt.datetime | None
    rows: pl.DataFrame  # schema DOCUMENT_ROWS, in its order
    after: DocumentPosition | None  # None on the last page


def read_document_page(
    tenant: TenantProfile, period: Period, *, services: Services, selection: DocumentSelection
) -> DocumentPage:
    """The rows of a report on activity basis that were selected, names included.

    Raises FuturePeriodError or a ServiceError.
    """
    now = services.clock()
    spans, at_once = ReportSpans.of(tenant, period, now=now), services.at(now)
    # Before the documents: what is written between the two reads may only make them fresher than they say.
    data_through = services.stores.watermarks.data_through()
    one_more = dataclasses.replace(selection, limit=selection.limit + 1)
    lives = services.usage_store.document_page(spans.current, selection=one_more)
    shown = lives.head(selection.limit)
    senders = tuple(shown["sender_id"].drop_nulls().unique().sort())
    names = names_in_report(spans, of=senders, user_ids=selection.sender_ids, services=at_once)
    rows = document_rows(shown, as_of=min(spans.current.until, now), names=names)
    after = DocumentPosition.of(rows.row(-1, named=True)) if len(lives) > len(shown) else None
    return DocumentPage(spans.period, data_through, rows, after)


@dataclasses.dataclass(frozen=True, slots=True)
class DocumentCount:
    """How many documents a list has, on all of its pages."""

    period: Period  # clipped to today
    data_through: dt.datetime | None
    documents: int


def count_documents(
    tenant: TenantProfile, period: Period, *, services: Services, selection: DocumentSelection, stuck: bool = False
) -> DocumentCount:
    """How many documents `read_document_page` lists page after page; *stuck*: those that `stuck_ones` leaves.

    Raises FuturePeriodError or a ServiceError.
    """
    now = services.clock()
    spans = ReportSpans.of(tenant, period, now=now)
    data_through = services.stores.watermarks.data_through()
    if stuck and selection.status is not DocumentStatus.OPEN:
        return DocumentCount(spans.period, data_through, 0)
    if stuck:
        selection = dataclasses.replace(selection, sent_by=stuck_if_sent_by(min(spans.current.until, now)))
    found = services.usage_store.document_count(spans.current, selection=selection)
    return DocumentCount(spans.period, data_through, found)


def stuck_ones(page: DocumentPage) -> DocumentPage:
    """Of a page that begins with open documents, those that are stuck: the oldest stand first, so the rest is none."""
    rows = page.rows.filter(is_stuck())
    return dataclasses.replace(page, rows=rows, after=page.after if len(rows) == len(page.rows) else None)
