"""The usage store without the names of erased users: whoever reads gets none, and whoever writes stores none.

Taking names out of a store does not reach everything: what cannot be read yet, a message that is still on the queue, an
event that is sent again. So nobody gets at names but through here.
"""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from signtally.domain.document_pages import DocumentSelection
from signtally.domain.erasures import NAMES, NOBODY, ErasedUsers
from signtally.domain.events import ReceivedEvent
from signtally.domain.user_counts import EVERYBODY, UserSelection
from signtally.ports.document_store import TenantSpan
from signtally.ports.errors import ServiceError
from signtally.ports.usage_store import ALL_COLUMNS, UsageStore, WriteOutcome
from signtally.recent import Recent
from signtally.stores.erasures import Erasures

REREAD_SECONDS = 5.0  # until every program knows of an erasure


class ErasedNames:
    """A `UsageStore` over *store*. It passes on every call that is not written out here."""

    def __init__(self, store: UsageStore, erasures: Erasures, *, seconds: float = REREAD_SECONDS) -> None:
        """*seconds* is how old the list of erased users may be."""
        self._store = store
        self.names_hidden_after_seconds = seconds
        self._erased = Recent(erasures.users, seconds=seconds)
        self._last_known = NOBODY

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        """As the store's. While the bucket is away, what was known last holds: readers are shown no names anyway."""
        if not any(each.event.user_name or each.event.user_email for each in events):
            return self._store.put_events(events)
        with contextlib.suppress(ServiceError):
            self._last_known = self._erased.get()
        erased = self._last_known
        return self._store.put_events([_nameless(each, erased) for each in events] if erased else events)

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._nameless(self._store.events(since=since, until=until, tenant_ids=tenant_ids))

    @contextlib.contextmanager
    def scan_events(
        self,
        *,
        since: dt.datetime,
        until: dt.datetime,
        tenant_ids: Sequence[str] | None,
        columns: Sequence[str] = ALL_COLUMNS,
    ) -> Iterator[pl.LazyFrame]:
        with self._store.scan_events(since=since, until=until, tenant_ids=tenant_ids, columns=columns) as rows:
            yield rows if set(NAMES).isdisjoint(columns) else self._erased.get().nameless(rows)

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._nameless(self._store.daily_usage(first=first, last=last, tenant_ids=tenant_ids))

    @contextlib.contextmanager
    def scan_daily_usage(
        self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None
    ) -> Iterator[pl.LazyFrame]:
        with self._store.scan_daily_usage(first=first, last=last, tenant_ids=tenant_ids) as rows:
            yield self._erased.get().nameless(rows)

    def user_usage(self, tenant_id: str, *, first: dt.date, last: dt.date, page: UserSelection) -> pl.DataFrame:
        return self._nameless(self._store.user_usage(tenant_id, first=first, last=last, page=page), tenant_id=tenant_id)

    def user_counts(self, span: TenantSpan, *, page: UserSelection = EVERYBODY) -> pl.DataFrame:
        return self._nameless(self._store.user_counts(span, page=page), tenant_id=span.tenant_id)

    def documents(self, span: TenantSpan) -> pl.DataFrame:
        return self._senderless(self._store.documents(span), tenant_id=span.tenant_id)

    def document_page(self, span: TenantSpan, *, selection: DocumentSelection) -> pl.DataFrame:
        return self._senderless(self._store.document_page(span, selection=selection), tenant_id=span.tenant_id)

    def documents_sent(self, span: TenantSpan) -> pl.DataFrame:
        return self._senderless(self._store.documents_sent(span), tenant_id=span.tenant_id)

    def documents_by_tenant(self, spans: Sequence[TenantSpan]) -> pl.DataFrame:
        return self._senderless(self._store.documents_by_tenant(spans))

    def _nameless(self, rows: pl.DataFrame, *, tenant_id: str | None = None) -> pl.DataFrame:
        """No rows, no question."""
        return rows if rows.is_empty() else self._erased.get().nameless(rows, tenant_id=tenant_id)

    def _senderless(self, documents: pl.DataFrame, *, tenant_id: str | None = None) -> pl.DataFrame:
        return documents if documents.is_empty() else self._erased.get().senderless(documents, tenant_id=tenant_id)


def _nameless(received: ReceivedEvent, erased: ErasedUsers) -> ReceivedEvent:
    event = received.event
    if not erased.has(event.tenant_id, event.user_id):
        return received
    return dataclasses.replace(received, event=dataclasses.replace(event, user_name=None, user_email=None))
