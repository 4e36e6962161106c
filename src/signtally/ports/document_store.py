"""What the usage store says of documents, hours and users: of one tenant, or of many at once.

Every method raises a ServiceError of `signtally.ports.errors`.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import polars as pl

from signtally.domain.actions import Counts
from signtally.domain.document_pages import DocumentSelection
from signtally.domain.user_counts import EVERYBODY, UserSelection


@dataclasses.dataclass(frozen=True, slots=True)
class TenantSpan:
    """Some time of one tenant: since ≤ t < until, parted at these instants."""

    tenant_id: str
    since: dt.datetime
    until: dt.datetime
    parted_at: tuple[dt.datetime, ...] = ()


class DocumentStore(Protocol):
    """What one tenant's events say of documents, hours and users, worked out where they are."""

    def documents(self, span: TenantSpan) -> pl.DataFrame:
        """Documents as the events before the span's end tell of them, schema of `signtally.domain.document_lifecycles`.

        Those that were open when it began, and those sent or completed from then on. Superseded events tell nothing.
        """
        ...

    def document_page(self, span: TenantSpan, *, selection: DocumentSelection) -> pl.DataFrame:
        """What the selection leaves of `documents`, in the order of `signtally.domain.documents.DOCUMENT_ROWS`."""
        ...

    def document_count(self, span: TenantSpan, *, selection: DocumentSelection) -> int:
        """How many documents the pages of the selection list, whatever its `limit` and `after`."""
        ...

    def documents_sent(self, span: TenantSpan) -> pl.DataFrame:
        """Documents first sent within the span, as all that is stored, and not superseded, tells."""
        ...

    def cohorts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        """How far what was sent in each part has come, schema `signtally.domain.cohorts.COHORTS`.

        Of the documents that `documents_sent` names; those of these senders, or of all with None.
        """
        ...

    def sender_cohorts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        """The same of each sender by itself, schema `signtally.domain.cohorts.SENDER_COHORTS`."""
        ...

    def activity(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> pl.DataFrame:
        """When anything happened, schema `signtally.domain.activity.ACTIVITY`; everybody's doing with None.

        Superseded events do not count.
        """
        ...

    def user_counts(self, span: TenantSpan, *, page: UserSelection = EVERYBODY) -> pl.DataFrame:
        """What each user did within the span, schema `signtally.domain.user_counts.USER_COUNTS`.

        Each event id counts once within that time, as it was received first; superseded events are counted too. Of
        the users of a page, in order of their ids.
        """
        ...

    def event_counts(self, span: TenantSpan, *, user_ids: Sequence[str] | None) -> Counts:
        """The sums of `user_counts`: of these users, or of all with None."""
        ...


class ManyTenantsStore(Protocol):
    """What the reports of many tenants are made of, in few queries: the answers about each, one below the other.

    Before the columns of those comes `tenant_id` (`signtally.domain.schemas.by_tenant`). No tenant has two spans.
    """

    def documents_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        """As `documents` of each."""
        ...

    def cohorts_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        """As `cohorts` of each, of all senders."""
        ...

    def sender_cohorts_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        """As `sender_cohorts` of each, of all senders."""
        ...

    def activity_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        """As `activity` of each, of everybody."""
        ...

    def day_totals_by_tenant(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        """As `day_totals` of each, of everybody's rows."""
        ...

    def first_usage_days(self, tenant_ids: Sequence[str]) -> pl.DataFrame:
        """The `first_usage_day` of those that have one, schema TENANT_DAYS."""
        ...
