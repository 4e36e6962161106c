"""SQL that reads documents, cohorts and quarter-hours, of the tenants and spans of time that it names.

Documents are rows of their own, which the database keeps (`schema_versions/0003_documents.sql`).
"""

import dataclasses
from collections.abc import Callable, Sequence

import polars as pl

from signtally.domain.actions import Action
from signtally.domain.activity import QUARTERS_A_WEEK
from signtally.domain.cohorts import COHORT_PREFIX, EVENTS_PREFIX, STAGES
from signtally.domain.document_lifecycles import DOCUMENTS, ENDINGS, RECIPIENT_ACTIONS
from signtally.domain.document_pages import DocumentPosition, DocumentSelection
from signtally.domain.documents import DocumentStatus
from signtally.domain.schemas import by_tenant
from signtally.ports.document_store import TenantSpan
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
_SENDER = (
    "SELECT sender[5] AS sender_id, sender[6] AS sender_name, sender[7] AS sender_email"  # as SQL's `sender` has it
)
_EVER = "'infinity'::timestamptz"


@dataclasses.dataclass(frozen=True, slots=True)
class TenantSpans:
    """Some time of some tenants, of which none has two spans; *named* is how SQL names a table or function."""

    named: Callable[[str], str]
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

    def documents(self, columns: Sequence[str], where: str, *, until: str) -> str:
        """Those that meet a condition, which may name their tenant's `span`, as they were before an instant."""
        return (
            f"SELECT {', '.join(columns)} FROM {self.span}"  # noqa: S608 -- names of ours and literals
            f" JOIN LATERAL {self.named('documents_before')}(span.tenant_id, {until}) AS document USING (tenant_id)"
            f" CROSS JOIN LATERAL ({_SENDER}) AS sent WHERE {where}"
        )

    def events_within(self, columns: Sequence[str]) -> str:
        """But for those superseded. The bounds of all spans together are named too: they spare partitions."""
        bounds = [
            "occurred_at >= span.since AND occurred_at < span.until",
            f"occurred_at >= {instant_literal(min(each.since for each in self.spans))}",
            f"occurred_at < {instant_literal(max(each.until for each in self.spans))}",
            f"(NOT EXISTS (SELECT FROM {self.named('superseded_events')}) OR NOT {self.named('is_superseded')}(event))",
        ]
        return (
            f"SELECT {', '.join(columns)} FROM {self.span} JOIN {self.named('events')} AS event USING (tenant_id)"  # noqa: S608 -- as above
            f" WHERE {' AND '.join(bounds)}"
        )


def select_documents(tenants: TenantSpans) -> str:
    """Columns of schema DOCUMENTS by tenant."""
    return tenants.documents([*by_tenant(DOCUMENTS)], _CONCERNED, until="span.until")


def select_documents_sent(tenants: TenantSpans) -> str:
    """The same columns."""
    return tenants.documents([*by_tenant(DOCUMENTS)], _SENT_WITHIN, until=_EVER)


def select_document_page(tenants: TenantSpans, selection: DocumentSelection) -> str:
    """Columns of schema DOCUMENTS, in order, of one tenant."""
    found = _placed(tenants, [*DOCUMENTS, f"{_ENDED_AT} AS ended_at"], selection)
    behind = f" WHERE {_behind(selection.after)}" if selection.after else ""
    return (
        f"SELECT {', '.join(DOCUMENTS)} FROM {found}{behind}"  # noqa: S608 -- as above
        " ORDER BY outcome IS NOT NULL, CASE WHEN outcome IS NULL THEN first_sent_at END, ended_at DESC, document_id"
        f" LIMIT {selection.limit}"
    )


def select_document_count(tenants: TenantSpans, selection: DocumentSelection) -> str:
    """The column of schema COUNT, of one tenant."""
    return f"SELECT count(*) AS documents FROM {_placed(tenants, ['document_id'], selection)}"  # noqa: S608 -- as above


def _placed(tenants: TenantSpans, columns: Sequence[str], selection: DocumentSelection) -> str:
    """What follows FROM: some columns of the documents that are meant, and their outcome."""
    where = _CONCERNED + list_literal(selection.sender_ids, "sender_id")
    placed = [*columns, "first_sent_at AS sent", f"{_OUTCOME} AS outcome"]
    found = tenants.documents(placed, where, until="span.until")
    chosen = _of_status(selection.status)
    if selection.sent_by:
        chosen.append(f"sent <= {instant_literal(selection.sent_by)}")
    return f"(SELECT * FROM ({found}) AS found WHERE {' AND '.join(chosen) or 'true'}) AS placed"  # noqa: S608 -- as above


def select_cohorts(tenants: TenantSpans, sender_ids: Sequence[str] | None) -> str:
    """Columns of schema COHORTS by tenant."""
    figures = {f"{EVENTS_PREFIX}sent": "count(*)"}
    figures |= {f"{EVENTS_PREFIX}{each}": f"sum({each})::bigint" for each in RECIPIENT_ACTIONS}
    figures |= {f"{EVENTS_PREFIX}{each}": f"count(*) FILTER (WHERE outcome = {literal(each)})" for each in ENDINGS}
    return _select_cohorts(tenants, sender_ids, by="tenant_id, part", figures=figures)


def select_sender_cohorts(tenants: TenantSpans, sender_ids: Sequence[str] | None) -> str:
    """Columns of schema SENDER_COHORTS by tenant."""
    return _select_cohorts(tenants, sender_ids, by="tenant_id, part, user_id", figures={})


def _select_cohorts(tenants: TenantSpans, sender_ids: Sequence[str] | None, *, by: str, figures: dict[str, str]) -> str:
    """The stages that documents reached, and *figures* beside them, a row for each value of *by*."""
    columns = ["tenant_id", "width_bucket(first_sent_at, span.parted_at)::bigint AS part", "sender_id AS user_id"]
    columns += [f"{_OUTCOME} AS outcome", "completed_at", *map(str, RECIPIENT_ACTIONS)]
    where = _SENT_WITHIN + list_literal(sender_ids, "sender_id")
    stages = {f"{COHORT_PREFIX}{stage}": _stage(stage) for stage in STAGES}
    named = [f"{figure} AS {name}" for name, figure in (stages | figures).items()]
    return (
        f"SELECT {by}, {', '.join(named)} FROM ({tenants.documents(columns, where, until=_EVER)})"  # noqa: S608 -- as above
        f" AS parted GROUP BY {by}"
    )


def select_activity(tenants: TenantSpans, user_ids: Sequence[str] | None) -> str:
    """Columns of schema ACTIVITY by tenant. A document opens the quarter of its first event."""
    some = list_literal(user_ids, "user_id")
    counted = tenants.events_within(["tenant_id", "parted_at", "occurred_at"]) + some
    opened = _opened(tenants) if user_ids is None else _first_events(tenants, some)
    part = "width_bucket(occurred_at, parted_at)::bigint"
    # The floor of a float is exact: it tells microseconds apart for centuries, and is far quicker than a numeric.
    quarter = f"floor(date_part('epoch', occurred_at))::bigint / {_QUARTER_SECONDS} % {QUARTERS_A_WEEK}"
    by = f"tenant_id, {part} AS part, {quarter} AS quarter"
    return (
        f"WITH happened AS (SELECT {by}, count(*) AS events, min(occurred_at) AS first_at, "  # noqa: S608 -- as above
        f"max(occurred_at) AS last_at FROM ({counted}) AS counted GROUP BY 1, 2, 3), "
        f"opened AS (SELECT {by}, count(*) AS documents FROM ({opened}) AS first GROUP BY 1, 2, 3) "
        "SELECT tenant_id, part, quarter, events, coalesce(documents, 0) AS documents, first_at, last_at "
        "FROM happened FULL JOIN opened USING (tenant_id, part, quarter)"  # FULL: never a nested loop
    )


def _first_events(tenants: TenantSpans, some: str) -> str:
    """One row a document, with its first event that meets a condition: found among them all."""
    events = tenants.events_within(["tenant_id", "parted_at", "document_id", "occurred_at"]) + some
    columns = "tenant_id, parted_at, min(occurred_at) AS occurred_at"
    return f"SELECT {columns} FROM ({events}) AS event GROUP BY 1, 2, document_id"  # noqa: S608 -- as above


def _opened(tenants: TenantSpans) -> str:
    """The same of all events: where a document's very first one lies within the span, its row knows it.

    The others, and those with events in months that were dropped, are few; theirs are looked for.
    """
    some = f"FROM {tenants.span} JOIN {tenants.named('documents')} AS document USING (tenant_id)"
    dropped = tenants.named("dropped_months")
    untold = (
        f"(first_event_at < (SELECT max(dropped.until) FROM {dropped} AS dropped)"  # noqa: S608 -- as above
        f" AND last_event_at >= (SELECT min(dropped.since) FROM {dropped} AS dropped))"
    )
    # IS TRUE: it is looked up in a hash table, where a join might become a nested loop.
    later = (
        " AND ((tenant_id, document_id) IN (SELECT tenant_id, document_id FROM others)) IS TRUE"
        " AND occurred_at <= (SELECT max(last_event_at) FROM others)"
    )
    return (
        f"WITH others AS MATERIALIZED (SELECT tenant_id, document_id, last_event_at {some}"
        " WHERE first_event_at < span.until AND last_event_at >= span.since"
        f" AND (first_event_at < span.since OR {untold}))"
        f" SELECT tenant_id, parted_at, first_event_at AS occurred_at {some}"
        f" WHERE first_event_at >= span.since AND first_event_at < span.until AND {untold} IS NOT TRUE"
        f" UNION ALL {_first_events(tenants, later)}"
    )


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
