"""Timestream SQL that makes one page of documents: which they are is found by their dates, before the rest is read."""

from collections.abc import Sequence

from signtally.aws.timestream_document_sql import (
    ENDED_AT,
    FIRST_SENT_AT,
    NAMING,
    OUTCOME,
    ValidEvents,
    concerned,
    counted,
    documents_of,
    first_time,
)
from signtally.aws.timestream_sql import instant_literal, literal
from signtally.aws.timestream_tenant_groups import TenantGroups
from signtally.domain.actions import Action
from signtally.domain.document_lifecycles import DOCUMENTS, ENDINGS
from signtally.domain.document_pages import DocumentPosition, DocumentSelection
from signtally.domain.documents import DocumentStatus

_ONLY_LISTED = " AND document_id IN (SELECT document_id FROM listed)"


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
    where, known = _until(tenants), _known(tenants)
    page = _page("placed", selection)
    if senders is None:
        found = f"{_dates('dated')}, {_placed('dated', 'found', known)}"
        beside = f"{found}, listed AS (SELECT document_id FROM {_page('found', selection)}), "  # noqa: S608 -- names of ours and literals
        of_these = known
    else:
        beside = _named_by(senders)
        of_these = f"{known} AND sender_id IN ({senders})"
    documents = documents_of(events, columns, where, beside=beside, only=_ONLY_LISTED)
    return f"{documents}, {_placed('documents', 'placed', of_these)} SELECT {', '.join(DOCUMENTS)} FROM {page}"  # noqa: S608 -- as above


def select_document_count(
    events: ValidEvents,
    columns: Sequence[str],
    *,
    tenants: TenantGroups,
    senders: str | None,
    selection: DocumentSelection,
) -> str:
    """The column `documents`: how many the selection lists on all pages."""
    where, known = _until(tenants), _known(tenants)
    if senders is None:
        said_sent = "sent_at" if "sent_at" in columns else "CAST(NULL AS TIMESTAMP) AS sent_at"
        arrived = counted(events.where(where), ["tenant_id", "document_id", "action", "time", said_sent])
        found = f"WITH {arrived}, {_dates('dated')}, {_placed('dated', 'found', known)}"
    else:
        documents = documents_of(events, columns, where, beside=_named_by(senders), only=_ONLY_LISTED)
        found = f"{documents}, {_placed('documents', 'found', f'{known} AND sender_id IN ({senders})')}"
    return f"{found} SELECT count(*) AS documents FROM found{_where(_chosen(selection))}"  # noqa: S608 -- as above


def _until(tenants: TenantGroups) -> str:
    return tenants.where(lambda group: f"time < {instant_literal(group.until)}")


def _known(tenants: TenantGroups) -> str:
    return f"(first_sent_at IS NOT NULL OR completed_at IS NOT NULL) AND {tenants.where(concerned)}"


def _named_by(senders: str) -> str:
    """The table expression `listed`: documents of which some event may name one of these as its sender."""
    return (
        "listed AS (SELECT document_id FROM counted WHERE arrival = 1 "  # noqa: S608 -- names of ours and literals
        f"AND user_id IN ({senders}) AND action IN ({NAMING})), "
    )


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
    chosen = [*_chosen(selection), *([_behind(selection.after)] if selection.after else [])]
    return f"{placed}{_where(chosen)} ORDER BY is_closed, opened_at, ended_at DESC, document_id LIMIT {selection.limit}"


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _chosen(selection: DocumentSelection) -> list[str]:
    """Conditions on placed documents."""
    status, sent_by = selection.status, selection.sent_by
    chosen = [] if sent_by is None else [f"first_sent_at <= {instant_literal(sent_by)}"]
    if status is not None:
        chosen.append("outcome IS NULL" if status is DocumentStatus.OPEN else f"outcome = {literal(status)}")
    return chosen


def _behind(after: DocumentPosition) -> str:
    instant, behind = instant_literal(after.at), f"document_id > {literal(after.document_id)}"
    if after.is_closed:
        return f"(is_closed = 1 AND (ended_at < {instant} OR (ended_at = {instant} AND {behind})))"
    return f"(is_closed = 1 OR opened_at > {instant} OR (opened_at = {instant} AND {behind}))"
