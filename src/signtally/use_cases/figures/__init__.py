"""Figures of a tenant's period: read from the usage store, as files, page and emails say them."""

from signtally.use_cases.figures.document_list import DocumentPage, count_documents, read_document_page, stuck_ones
from signtally.use_cases.figures.read_ahead import read_ahead
from signtally.use_cases.figures.reading import provisional_days, read_usage
from signtally.use_cases.figures.report import read_report
from signtally.use_cases.figures.source_marks import Sources, look_digest, source_mark
from signtally.use_cases.figures.usage_pages import read_totals, read_user_page

__all__ = [
    "DocumentPage",
    "Sources",
    "count_documents",
    "look_digest",
    "provisional_days",
    "read_ahead",
    "read_document_page",
    "read_report",
    "read_totals",
    "read_usage",
    "read_user_page",
    "source_mark",
    "stuck_ones",
]
