"""What events in memory say of documents, hours and users: of one tenant, or of many."""

import abc
import datetime as dt
from collections.abc import Iterable, Sequence

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.activity import ACTIVITY, activity_rows
from signtally.domain.cohorts import COHORTS, SENDER_COHORTS, cohorts_by_part, sender_cohorts
from signtally.domain.document_lifecycles import (
    DOCUMENTS,
    concerning,
    document_lifecycles,
    of_senders,
    sent_within,
)
from signtally.domain.document_pages import DocumentSelection, count_of_documents, page_of_documents
from signtally.domain.schemas import IDENTITY, by_tenant
from signtally.domain.user_counts import EVERYBODY, UserSelection, page_of, user_counts
from signtally.ports.document_store import TenantSpan

EVER, FOR_EVER = dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)


class MemoryDocuments(abc.ABC):
    """The part of the usage store that `signtally.ports.document_store` describes, made of all of a tenant's events."""

    @abc.abstractmethod
    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame: ...

    @abc.abstractmethod
    def superseded(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame: ...

    def documents(self, span: TenantSpan) -> pl.DataFrame:
        events = self._valid_events(span.tenant_id, since=EVER, until=span.until)
        return concerning(document_lifecycles(events), since=span.since)

    def document_page(self, span: TenantSpan, *, selection: DocumentSelection) -> pl.DataFrame:
        return page_of_documents(self.documents(span), selection)

    def document_count(self, span: TenantSpan, *, selection: DocumentSelection) -> int:
        return count_of_documents(self.documents(span), selection)

    def documents_sent(self, span: TenantSpan) -> pl.DataFrame:
        events = self._valid_events(span.tenant_id, since=EVER, until=FOR_EVER)
        return sent_within(document_lifecycles(events), since=span.since, until=span.until)

    def cohorts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        return cohorts_by_part(of_senders(self.documents_sent(span), user_ids), parted_at=span.parted_at)

    def sender_cohorts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        return sender_cohorts(of_senders(self.documents_sent(span), user_ids), parted_at=span.parted_at)

    def activity(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        events = self._valid_events(span.tenant_id, since=span.since, until=span.until)
        return activity_rows(events, parted_at=span.parted_at, user_ids=user_ids)

    def user_counts(self, span: TenantSpan, *, page: UserSelection = EVERYBODY) -> pl.DataFrame:
        counted = user_counts(self.events(since=span.since, until=span.until, tenant_ids=[span.tenant_id]))
        return page_of(counted, page)

    def event_counts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> Counts:
        counted = self.user_counts(span)
        wanted = counted if user_ids is None else counted.filter(pl.col("user_id").is_in(list(user_ids)))
        return Counts(*wanted.select(pl.col(MEASURES).sum()).row(0))

    def documents_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return together(DOCUMENTS, ((each.tenant_id, self.documents(each)) for each in spans))

    def cohorts_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return together(COHORTS, ((each.tenant_id, self.cohorts(each, user_ids=None)) for each in spans))

    def sender_cohorts_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        found = ((each.tenant_id, self.sender_cohorts(each, user_ids=None)) for each in spans)
        return together(SENDER_COHORTS, found)

    def activity_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return together(ACTIVITY, ((each.tenant_id, self.activity(each, user_ids=None)) for each in spans))

    def _valid_events(self, tenant_id: str, *, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        events = self.events(since=since, until=until, tenant_ids=[tenant_id])
        superseded = self.superseded(since=since, until=until, tenant_ids=[tenant_id])
        return events if superseded.is_empty() else events.join(superseded, on=[*IDENTITY], how="anti")


def together(schema: pl.Schema, answers: Iterable[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    """The answers about each tenant, one below the other, behind a column `tenant_id`."""
    named = (frame.with_columns(tenant_id=pl.lit(tenant_id)) for tenant_id, frame in answers)
    return pl.concat([by_tenant(schema).to_frame(), *(each.match_to_schema(by_tenant(schema)) for each in named)])
