"""Timestream SQL that makes one page of documents: which they are is found by their dates, before the rest is read."""

from collections.abc import Sequence

from signtally.aws.timestream_document_sql import (
    ENDED_AT,
    FIRST_SENT_AT,
    NAMING,
    OUTCOME,
    ValidEvents,
    concerned,
    documents_of,
    first_time,
)
from signtally.aws.timestream_sql import instant_literal, literal
from signtally.aws.timestream_tenant_groups import TenantGroups
from signtally.domain.actions import Action
from signtally.domain.document_lifecycles import DOCUMENTS, ENDINGS
from signtally.domain.document_pages import DocumentPosition, DocumentSelection
from signtally.domain.documents import DocumentStatus


def select_document_page(
    events: ValidEvents,
    columns: Sequence[str],
    *,
    tenants: TenantGroups,
    senders: str | None,
    selection: DocumentSelection,
) -> str:
    """Columns of schema DOCUMENTS, in order; *senders* is a list of literals.

    Which documents the page lists is found first, by their dates alone; of few senders, which documents are theirs.
    """
    where = tenants.where(lambda group: f"time < {instant_literal(group.until)}")
    known = f"(first_sent_at IS NOT NULL OR completed_at IS NOT NULL) AND {tenants.where(concerned)}"
    page = _page("placed", selection)
    if senders is None:
        found = f"{_dates('dated')}, {_placed('dated', 'found', known)}"
        beside = f"{found}, listed AS (SELECT document_id FROM {_page('found', selection)}), "  # noqa: S608 -- names of ours and literals
        of_these = known
    else:
        beside = (
            "listed AS (SELECT document_id FROM counted WHERE arrival = 1 "  # noqa: S608 -- as above
            f"AND user_id IN ({senders}) AND action IN ({NAMING})), "
        )
        of_these = f"{known} AND sender_id IN ({senders})"
    only = " AND document_id IN (SELECT document_id FROM listed)"
    documents = documents_of(events, columns, where, beside=beside, only=only)
    return f"{documents}, {_placed('documents', 'placed', of_these)} SELECT {', '.join(DOCUMENTS)} FROM {page}"  # noqa: S608 -- as above


def _placed(documents: str, name: str, condition: str) -> str:
    """The table expression *name*: these documents with how they ended, and what they are ordered by."""
    return (
        f"{name} AS (SELECT ended.*, CASE WHEN outcome IS NULL THEN 0 ELSE 1 END AS is_closed, "  # noqa: S608 -- names of ours and literals
        "CASE WHEN outcome IS NULL THEN first_sent_at END AS opened_at "
        f"FROM (SELECT {documents}.*, {OUTCOME} AS outcome, {ENDED_AT} AS ended_at FROM {documents} "
        f"WHERE {condition}) AS ended)"
    )


def _dates(name: str) -> str:
    """The table expression *name*: when each document was sent and how it ended, as `documents` has it."""
    endings = ", ".join(f"{first_time(action)} AS {action}_at" for action in ENDINGS)
    sent = f"{first_time(Action.SENT)} AS first_sent, min(sent_at) AS said_sent"
    grouped = f"SELECT tenant_id, document_id, {sent}, {endings} FROM counted WHERE arrival = 1"  # noqa: S608 -- names of ours and literals
    return f"{name} AS (SELECT brief.*, {FIRST_SENT_AT} FROM ({grouped} GROUP BY tenant_id, document_id) AS brief)"  # noqa: S608 -- as above


def _page(placed: str, selection: DocumentSelection) -> str:
    """What follows FROM."""
    chosen = [*_of_status(selection.status), *([_behind(selection.after)] if selection.after else [])]
    where = f" WHERE {' AND '.join(chosen)}" if chosen else ""
    return f"{placed}{where} ORDER BY is_closed, opened_at, ended_at DESC, document_id LIMIT {selection.limit}"


def _of_status(status: DocumentStatus | None) -> list[str]:
    if status is None:
        return []
    return ["outcome IS NULL" if status is DocumentStatus.OPEN else f"outcome = {literal(status)}"]


def _behind(after: DocumentPosition) -> str:
    instant, behind = instant_literal(after.at), f"document_id > {literal(after.document_id)}"
    if after.is_closed:
        return f"(is_closed = 1 AND (ended_at < {instant} OR (ended_at = {instant} AND {behind})))"
    return f"(is_closed = 1 OR opened_at > {instant} OR (opened_at = {instant} AND {behind}))"
