"""SQL that makes documents, cohorts and quarter-hours of events, of the tenants and spans of time that it names.

An id stands once among the events, so that, unlike in a store that takes repeated ids, nothing has to be ranked.
"""

import dataclasses
from collections.abc import Sequence

import polars as pl

from signtally.domain.actions import Action
from signtally.domain.activity import QUARTERS_A_WEEK
from signtally.domain.cohorts import COHORT_PREFIX, COHORTS, EVENTS_PREFIX, STAGES
from signtally.domain.document_lifecycles import DOCUMENTS, ENDINGS, RECIPIENT_ACTIONS
from signtally.domain.document_pages import DocumentPosition, DocumentSelection
from signtally.domain.documents import DocumentStatus
from signtally.domain.schemas import IDENTITY, by_tenant
from signtally.ports.usage_store import TenantSpan
from signtally.postgresql.literals import instant_literal, list_literal, literal

_QUARTER_SECONDS = 15 * 60
_FIRST_END = "least(declined_at, cancelled_at, expired_at)"  # of nulls and instants: the first instant
# As `signtally.domain.document_lifecycles.outcome` has it.
_OUTCOME = (
    "CASE WHEN completed_at IS NOT NULL THEN 'completed' "
    + " ".join(f"WHEN {each}_at = {_FIRST_END} THEN '{each}'" for each in ENDINGS if each is not Action.COMPLETED)
    + " END"
)
_ENDED_AT = f"coalesce(completed_at, {_FIRST_END})"
_CLOSED_AT = "least(completed_at, declined_at, cancelled_at, expired_at)"
# As `signtally.domain.document_lifecycles.concerning` has it.
_CONCERNED = (
    "(first_sent_at IS NOT NULL OR completed_at IS NOT NULL)"
    f" AND ({_CLOSED_AT} IS NULL OR {_CLOSED_AT} >= span.since OR first_sent_at >= span.since"
    " OR completed_at >= span.since)"
)
_SENT_WITHIN = "first_sent_at >= span.since AND first_sent_at < span.until"
COUNT = pl.Schema({"documents": pl.Int64()})
_FIRST_EVENT = "occurred_at, received_at, message_id, user_id, action"


@dataclasses.dataclass(frozen=True, slots=True)
class TenantEvents:
    """The events of some tenants but for those superseded; no tenant has two spans."""

    events: str  # the table
    superseded: str
    spans: Sequence[TenantSpan]

    @property
    def span(self) -> str:
        """What follows FROM: a row a tenant."""
        rows = [
            f"({literal(each.tenant_id)}, {instant_literal(each.since)}, {instant_literal(each.until)},"
            f" ARRAY[{', '.join(map(instant_literal, each.parted_at))}]::timestamptz[])"
            for each in self.spans
        ]
        return f"(VALUES {', '.join(rows)}) AS span (tenant_id, since, until, parted_at)"

    def select(self, columns: Sequence[str], *, since: bool, until: bool) -> str:
        """Within the spans' bounds that are asked for. All of them together are named too: they spare partitions."""
        bounds = ["occurred_at >= span.since"] * since + ["occurred_at < span.until"] * until
        if since:
            bounds.append(f"occurred_at >= {instant_literal(min(each.since for each in self.spans))}")
        if until:
            bounds.append(f"occurred_at < {instant_literal(max(each.until for each in self.spans))}")
        same = " AND ".join(f"apart.{name} = event.{name}" for name in IDENTITY)
        return (
            f"SELECT {', '.join(columns)} FROM {self.span} JOIN {self.events} AS event USING (tenant_id)"  # noqa: S608 -- names of ours and literals
            f" WHERE {' AND '.join([*bounds, f'NOT EXISTS (SELECT FROM {self.superseded} AS apart WHERE {same})'])}"
        )


def select_documents(events: TenantEvents) -> str:
    """Columns of schema DOCUMENTS by tenant."""
    return _of_documents(events, [*by_tenant(DOCUMENTS)], _CONCERNED, until=True)


def select_documents_sent(events: TenantEvents) -> str:
    """The same columns."""
    return _of_documents(events, [*by_tenant(DOCUMENTS)], _SENT_WITHIN, until=False)


def select_document_page(events: TenantEvents, selection: DocumentSelection) -> str:
    """Columns of schema DOCUMENTS, in order, of one tenant."""
    found = _placed(events, [*DOCUMENTS, f"{_ENDED_AT} AS ended_at"], selection)
    behind = f" WHERE {_behind(selection.after)}" if selection.after else ""
    return (
        f"SELECT {', '.join(DOCUMENTS)} FROM {found}{behind}"  # noqa: S608 -- as above
        " ORDER BY outcome IS NOT NULL, CASE WHEN outcome IS NULL THEN first_sent_at END, ended_at DESC, document_id"
        f" LIMIT {selection.limit}"
    )


def select_document_count(events: TenantEvents, selection: DocumentSelection) -> str:
    """The column of schema COUNT, of one tenant."""
    return f"SELECT count(*) AS documents FROM {_placed(events, ['document_id'], selection)}"  # noqa: S608 -- as above


def _placed(events: TenantEvents, columns: Sequence[str], selection: DocumentSelection) -> str:
    """What follows FROM: some columns of the documents that are meant, and their outcome."""
    where = _CONCERNED + list_literal(selection.sender_ids, "sender_id")
    found = _of_documents(events, [*columns, "first_sent_at AS sent", f"{_OUTCOME} AS outcome"], where, until=True)
    chosen = _of_status(selection.status)
    if selection.sent_by:
        chosen.append(f"sent <= {instant_literal(selection.sent_by)}")
    return f"(SELECT * FROM ({found}) AS found WHERE {' AND '.join(chosen) or 'true'}) AS placed"  # noqa: S608 -- as above


def select_cohorts(events: TenantEvents, sender_ids: Sequence[str] | None) -> str:
    """Columns of schema COHORTS by tenant."""
    columns = ["tenant_id", "width_bucket(first_sent_at, span.parted_at)::bigint AS part", f"{_OUTCOME} AS outcome"]
    columns += ["completed_at", *map(str, RECIPIENT_ACTIONS)]
    where = _SENT_WITHIN + list_literal(sender_ids, "sender_id")
    figures = {f"{COHORT_PREFIX}{stage}": _stage(stage) for stage in STAGES} | {f"{EVENTS_PREFIX}sent": "count(*)"}
    figures |= {f"{EVENTS_PREFIX}{each}": f"sum({each})::bigint" for each in RECIPIENT_ACTIONS}
    figures |= {f"{EVENTS_PREFIX}{each}": f"count(*) FILTER (WHERE outcome = {literal(each)})" for each in ENDINGS}
    named = [f"{figures[name]} AS {name}" for name in [*COHORTS][1:]]
    return (
        f"SELECT tenant_id, part, {', '.join(named)} FROM ({_of_documents(events, columns, where, until=False)})"  # noqa: S608 -- as above
        " AS parted GROUP BY tenant_id, part"
    )


def select_activity(events: TenantEvents, user_ids: Sequence[str] | None) -> str:
    """Columns of schema ACTIVITY by tenant. A document opens the quarter of its first event."""
    columns = ["event.tenant_id", "document_id", "occurred_at", "span.parted_at"]
    counted = events.select(columns, since=True, until=True) + list_literal(user_ids, "user_id")
    part = "width_bucket(occurred_at, parted_at)::bigint"
    # The floor of a float is exact: it tells microseconds apart for centuries, and is far quicker than a numeric.
    quarter = f"floor(date_part('epoch', occurred_at))::bigint / {_QUARTER_SECONDS} % {QUARTERS_A_WEEK}"
    first = "SELECT tenant_id, parted_at, min(occurred_at) AS occurred_at FROM counted GROUP BY 1, 2, document_id"
    return (
        f"WITH counted AS MATERIALIZED ({counted}), "  # noqa: S608 -- as above
        f"happened AS (SELECT tenant_id, {part} AS part, {quarter} AS quarter, count(*) AS events, "
        "min(occurred_at) AS first_at, max(occurred_at) AS last_at FROM counted GROUP BY 1, 2, 3), "
        f"opened AS (SELECT tenant_id, {part} AS part, {quarter} AS quarter, count(*) AS documents "
        f"FROM ({first}) AS first GROUP BY 1, 2, 3) "
        "SELECT tenant_id, part, quarter, events, coalesce(documents, 0) AS documents, first_at, last_at "
        "FROM happened LEFT JOIN opened USING (tenant_id, part, quarter)"
    )


def _of_documents(events: TenantEvents, columns: Sequence[str], where: str, *, until: bool) -> str:
    """Some *columns* of the documents that meet a condition, which may name their tenant's `span`."""
    names = ["tenant_id", "document_id", "user_id", "action", "occurred_at", "received_at", "message_id", "sent_at"]
    counted = events.select([*names, "user_name", "user_email"], since=False, until=until)
    endings = [f"{_first(action)} AS {action}_at" for action in ENDINGS]
    counts = [f"count(*) FILTER (WHERE action = {literal(each)}) AS {each}" for each in RECIPIENT_ACTIONS]
    grouped = [
        f"least({_first(Action.SENT)}, min(sent_at)) AS first_sent_at",
        f"{_first(Action.VIEWED)} AS first_viewed_at",
        f"max(occurred_at) FILTER (WHERE action = {literal(Action.SIGNED)}) AS last_signed_at",
    ]
    # Its first sent event names the sender, else its first completion.
    named = "user_id AS sender_id, user_name AS sender_name, user_email AS sender_email"
    naming = f"action IN ({literal(Action.SENT)}, {literal(Action.COMPLETED)})"
    by_document = "tenant_id, document_id"
    return (
        f"WITH counted AS MATERIALIZED ({counted}), "  # noqa: S608 -- names of ours and literals
        f"grouped AS (SELECT {by_document}, {', '.join([*grouped, *endings, *counts])} FROM counted "
        f"GROUP BY {by_document}), "
        f"senders AS (SELECT DISTINCT ON ({by_document}) {by_document}, {named} FROM counted WHERE {naming} "
        f"ORDER BY {by_document}, action DESC, {_FIRST_EVENT}) "
        f"SELECT {', '.join(columns)} FROM grouped LEFT JOIN senders USING ({by_document}) "
        f"JOIN {events.span} USING (tenant_id) WHERE {where}"
    )


def _first(action: Action) -> str:
    return f"min(occurred_at) FILTER (WHERE action = {literal(action)})"


def _stage(stage: str) -> str:
    """As `signtally.domain.cohorts` counts: a stage is reached by whatever comes after it too."""
    completed = "completed_at IS NOT NULL"
    reached = {
        "sent": "true",
        "viewed": f"viewed > 0 OR signed > 0 OR {completed}",
        "signed": f"signed > 0 OR {completed}",
        "completed": completed,
        "open": "outcome IS NULL",
    }
    return f"count(*) FILTER (WHERE {reached[stage]})"


def _of_status(status: DocumentStatus | None) -> list[str]:
    if status is None:
        return []
    return ["outcome IS NULL" if status is DocumentStatus.OPEN else f"outcome = {literal(status)}"]


def _behind(after: DocumentPosition) -> str:
    instant, behind = instant_literal(after.at), f"document_id > {literal(after.document_id)}"
    if after.is_closed:
        return f"(outcome IS NOT NULL AND (ended_at < {instant} OR (ended_at = {instant} AND {behind})))"
    later = f"first_sent_at > {instant} OR (first_sent_at = {instant} AND {behind})"
    return f"(outcome IS NOT NULL OR {later})"
