"""What events in PostgreSQL say of documents, hours and users: of one tenant, or of many in one query."""

from collections.abc import Callable, Sequence

import polars as pl

from signtally.domain.actions import Counts
from signtally.domain.activity import ACTIVITY
from signtally.domain.cohorts import COHORTS, SENDER_COHORTS
from signtally.domain.document_lifecycles import DOCUMENTS
from signtally.domain.document_pages import DocumentSelection
from signtally.domain.schemas import by_tenant
from signtally.domain.user_counts import COUNTS, EVERYBODY, USER_COUNTS, UserSelection
from signtally.ports.document_store import TenantSpan
from signtally.postgresql import document_sql, usage_sql
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.document_sql import TenantSpans
from signtally.postgresql.schema import PostgresqlSchema


class PostgresqlDocuments:
    """The part of the usage store that `signtally.ports.document_store.DocumentStore` describes."""

    def __init__(self, connections: PostgresqlConnections, schema: PostgresqlSchema) -> None:
        self._connections = connections
        self._schema = schema

    def documents(self, span: TenantSpan) -> pl.DataFrame:
        return self.documents_by_tenant([span]).drop("tenant_id")

    def documents_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return self._by_tenant(DOCUMENTS, spans, document_sql.select_documents)

    def document_page(self, span: TenantSpan, *, selection: DocumentSelection) -> pl.DataFrame:
        return self._frame(document_sql.select_document_page(self._tenants([span]), selection), DOCUMENTS)

    def document_count(self, span: TenantSpan, *, selection: DocumentSelection) -> int:
        query = document_sql.select_document_count(self._tenants([span]), selection)
        return int(self._frame(query, document_sql.COUNT).item())

    def documents_sent(self, span: TenantSpan) -> pl.DataFrame:
        return self._by_tenant(DOCUMENTS, [span], document_sql.select_documents_sent).drop("tenant_id")

    def cohorts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        found = self._by_tenant(COHORTS, [span], lambda tenants: document_sql.select_cohorts(tenants, user_ids))
        return found.drop("tenant_id")

    def cohorts_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return self._by_tenant(COHORTS, spans, lambda tenants: document_sql.select_cohorts(tenants, None))

    def sender_cohorts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        return self._sender_cohorts([span], user_ids).drop("tenant_id")

    def sender_cohorts_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return self._sender_cohorts(spans, None)

    def activity(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        found = self._by_tenant(ACTIVITY, [span], lambda tenants: document_sql.select_activity(tenants, user_ids))
        return found.drop("tenant_id")

    def activity_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return self._by_tenant(ACTIVITY, spans, lambda tenants: document_sql.select_activity(tenants, None))

    def user_counts(self, span: TenantSpan, *, page: UserSelection = EVERYBODY) -> pl.DataFrame:
        return self._frame(usage_sql.select_user_counts(self._schema.table("events"), span, page=page), USER_COUNTS)

    def event_counts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> Counts:
        query = usage_sql.select_event_counts(self._schema.table("events"), span, user_ids=user_ids)
        return Counts(*self._frame(query, COUNTS).row(0))

    def _sender_cohorts(self, spans: Sequence[TenantSpan], user_ids: Sequence[str] | None) -> pl.DataFrame:
        return self._by_tenant(
            SENDER_COHORTS, spans, lambda tenants: document_sql.select_sender_cohorts(tenants, user_ids)
        )

    def _by_tenant(
        self, schema: pl.Schema, spans: Sequence[TenantSpan], select: Callable[[TenantSpans], str]
    ) -> pl.DataFrame:
        whole = by_tenant(schema)
        return self._frame(select(self._tenants(spans)), whole) if spans else whole.to_frame()

    def _tenants(self, spans: Sequence[TenantSpan]) -> TenantSpans:
        return TenantSpans(self._schema.table, spans)

    def _frame(self, query: str, schema: pl.Schema) -> pl.DataFrame:
        return self._connections.frame(self._schema.what, query, schema)
