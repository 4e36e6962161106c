"""What events in Timestream say of documents, hours and users: of one tenant, or of many in few queries."""

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Sequence

import polars as pl

from signtally.aws import timestream_document_page_sql as document_page_sql
from signtally.aws import timestream_document_sql as document_sql
from signtally.aws import timestream_event_counts_sql as event_counts_sql
from signtally.aws import timestream_sql as sql
from signtally.aws.timestream_access import Selection, TimestreamAccess
from signtally.aws.timestream_sql import UserPage
from signtally.aws.timestream_tables import EVENTS_TABLE, SUPERSEDED_TABLE
from signtally.aws.timestream_tenant_groups import TenantGroups, tenant_groups
from signtally.domain.actions import Counts
from signtally.domain.activity import ACTIVITY, activity_rows
from signtally.domain.cohorts import COHORTS, SENDER_COHORTS
from signtally.domain.document_lifecycles import DOCUMENTS
from signtally.domain.document_pages import DocumentSelection, page_of_documents
from signtally.domain.schemas import EVENTS, IDENTITY, by_tenant
from signtally.domain.user_counts import COUNTS, EVERYBODY, USER_COUNTS, UserSelection, page_of
from signtally.ports.document_store import TenantSpan

_COUNT = pl.Schema({"documents": pl.Int64()})
_SelectByTenant = Callable[[TenantGroups, str, Sequence[str]], str]


class TimestreamDocuments:
    """The part of the usage store that `signtally.ports.document_store.DocumentStore` describes."""

    def __init__(self, access: TimestreamAccess) -> None:
        self._access = access

    def documents(self, span: TenantSpan) -> pl.DataFrame:
        return self.documents_by_tenant([span]).drop("tenant_id")

    def documents_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        def select(tenants: TenantGroups, table: str, columns: Sequence[str]) -> str:
            return document_sql.select_documents(self._valid(table), columns, tenants=tenants)

        return self._derive_by_tenant(DOCUMENTS, spans, select)

    def document_page(self, span: TenantSpan, *, selection: DocumentSelection) -> pl.DataFrame:
        tenants = TenantGroups([span])
        lists = [*user_lists(selection.sender_ids)]

        def select(senders: str | None, table: str, columns: Sequence[str]) -> str:
            return document_page_sql.select_document_page(
                self._valid(table), columns, tenants=tenants, senders=senders, selection=selection
            )

        parts = [self._derive(DOCUMENTS, functools.partial(select, senders)) for senders in lists]
        return parts[0] if len(parts) == 1 else page_of_documents(pl.concat([DOCUMENTS.to_frame(), *parts]), selection)

    def document_count(self, span: TenantSpan, *, selection: DocumentSelection) -> int:
        tenants = TenantGroups([span])

        def select(senders: str | None, table: str, columns: Sequence[str]) -> str:
            return document_page_sql.select_document_count(
                self._valid(table), columns, tenants=tenants, senders=senders, selection=selection
            )

        parts = [self._derive(_COUNT, functools.partial(select, each)) for each in user_lists(selection.sender_ids)]
        return sum(int(part["documents"].sum()) for part in parts)

    def documents_sent(self, span: TenantSpan) -> pl.DataFrame:
        def select(tenants: TenantGroups, table: str, columns: Sequence[str]) -> str:
            return document_sql.select_documents_sent(self._valid(table), columns, tenants=tenants)

        return self._derive_by_tenant(DOCUMENTS, [span], select).drop("tenant_id")

    def cohorts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        lists = [self._cohorts([span], senders=senders) for senders in user_lists(user_ids)]
        parts = pl.concat([COHORTS.to_frame(), *(each.drop("tenant_id") for each in lists)])
        return parts.group_by("part").agg(pl.all().sum())

    def cohorts_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return self._cohorts(spans, senders=None)

    def sender_cohorts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        lists = [self._sender_cohorts([span], senders=senders) for senders in user_lists(user_ids)]
        return pl.concat([by_tenant(SENDER_COHORTS).to_frame(), *lists]).drop("tenant_id")

    def sender_cohorts_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return self._sender_cohorts(spans, senders=None)

    def activity(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        lists = [*user_lists(user_ids)]
        if len(lists) != 1:  # more users than a query can name, or none
            events, superseded = (
                self._of_span(EVENTS_TABLE, EVENTS, span),
                self._of_span(SUPERSEDED_TABLE, IDENTITY, span),
            )
            valid = events.join(superseded, on=[*IDENTITY], how="anti")
            return activity_rows(valid, parted_at=span.parted_at, user_ids=user_ids)
        return self._activity([span], users=lists[0]).drop("tenant_id")

    def activity_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return self._activity(spans, users=None)

    def user_counts(self, span: TenantSpan, *, page: UserSelection = EVERYBODY) -> pl.DataFrame:
        lists = [*user_lists(page.user_ids)]

        def select(users: str | None, table: str, columns: Sequence[str]) -> str:
            counted = event_counts_sql.select_user_counts(table, columns, span)
            return event_counts_sql.page_of_users(counted, UserPage(page.after, page.limit, users))

        parts = [self._derive(USER_COUNTS, functools.partial(select, users)) for users in lists]
        return parts[0] if len(parts) == 1 else page_of(pl.concat([USER_COUNTS.to_frame(), *parts]), page)

    def event_counts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> Counts:
        lists = [*user_lists(user_ids)]

        def select(table: str, _: Sequence[str]) -> str:
            return event_counts_sql.select_event_counts(table, span, users=lists.pop())

        parts = [self._derive(COUNTS, select) for _ in range(len(lists))]
        return Counts.total(Counts(*row) for part in parts for row in part.iter_rows()) if parts else Counts()

    def _cohorts(self, spans: Sequence[TenantSpan], *, senders: str | None) -> pl.DataFrame:
        def select(tenants: TenantGroups, table: str, columns: Sequence[str]) -> str:
            return document_sql.select_cohorts(self._valid(table), columns, tenants=tenants, senders=senders)

        return self._derive_by_tenant(COHORTS, spans, select)

    def _sender_cohorts(self, spans: Sequence[TenantSpan], *, senders: str | None) -> pl.DataFrame:
        def select(tenants: TenantGroups, table: str, columns: Sequence[str]) -> str:
            return document_sql.select_sender_cohorts(self._valid(table), columns, tenants=tenants, senders=senders)

        return self._derive_by_tenant(SENDER_COHORTS, spans, select)

    def _activity(self, spans: Sequence[TenantSpan], *, users: str | None) -> pl.DataFrame:
        def select(tenants: TenantGroups, table: str, _: Sequence[str]) -> str:
            return document_sql.select_activity(self._valid(table), tenants=tenants, users=users)

        return self._derive_by_tenant(ACTIVITY, spans, select)

    def _derive_by_tenant(
        self, schema: pl.Schema, spans: Sequence[TenantSpan], select: _SelectByTenant
    ) -> pl.DataFrame:
        whole = by_tenant(schema)
        parts = [self._derive(whole, functools.partial(select, tenants)) for tenants in tenant_groups(spans)]
        return pl.concat([whole.to_frame(), *parts])

    def _derive(self, schema: pl.Schema, select: Callable[[str, Sequence[str]], str]) -> pl.DataFrame:
        """A frame of what a query makes of the events, given their table and the columns that it has by now."""
        columns = self._access.columns(EVENTS_TABLE, EVENTS)
        if not columns:
            return schema.to_frame()
        query = select(self._access.name(EVENTS_TABLE), columns)
        return self._access.frame(EVENTS_TABLE, [query], columns=[*schema], schema=schema)

    def _valid(self, events: str) -> document_sql.ValidEvents:
        """Until an event is superseded, the table of those has no columns that a query could name."""
        some = self._access.columns(SUPERSEDED_TABLE, IDENTITY)
        return document_sql.ValidEvents(events, self._access.name(SUPERSEDED_TABLE) if some else None)

    def _of_span(self, table: str, schema: pl.Schema, span: TenantSpan) -> pl.DataFrame:
        return self._within(table, schema, since=span.since, until=span.until, tenant_ids=[span.tenant_id])

    def _within(
        self, table: str, schema: pl.Schema, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        select = self._selection_within(table, since, until)
        return self._access.read(table, schema, tenant_ids=tenant_ids, select=select)

    def _selection_within(self, table: str, since: dt.datetime, until: dt.datetime) -> Selection:
        def select(columns: Sequence[str], tenants: str | None) -> str:
            return sql.select_within(self._access.name(table), columns, since=since, until=until, tenants=tenants)

        return select


def user_lists(user_ids: Sequence[str] | None) -> Iterable[str | None]:
    """Users as lists for queries, none for nobody; one query without a list for everybody."""
    return [None] if user_ids is None else sql.literal_lists(user_ids)
