"""Source marks: a cheap look at whether anything that a report is made of has changed, in place of its figures.

A mark is taken before the figures that it stands for are read. What changes in between makes the next mark another
one, and the figures are compared: a mark may be too new for its figures, never too old.
"""

import dataclasses
import datetime as dt
import functools

import polars as pl

from signtally.domain.basis import Basis
from signtally.domain.documents import DocumentStatus
from signtally.domain.fingerprints import digest_of
from signtally.domain.periods import Period, PeriodKind, end_of_day
from signtally.domain.reports import ReportRequest, SourceMark
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.threads import ContextThreads
from signtally.use_cases.figures.report import read_report
from signtally.use_cases.figures.spans import same_time_yesterday
from signtally.use_cases.figures.usage_rows import unread_days

_EVER = Period(PeriodKind.RANGE, dt.date.min, dt.date.max)


class Sources:
    """What a version is made of, each read once and when it is first asked for: its digest, and then its figures."""

    def __init__(self, tenant: TenantProfile, request: ReportRequest, *, services: Services) -> None:
        self.tenant = tenant
        self._request = request
        self._services = services

    @functools.cached_property
    def digest(self) -> str | None:
        return source_digest(self.tenant, self._request, services=self._services)

    @functools.cached_property
    def snapshot(self) -> UsageSnapshot:
        _ = self.digest  # before the figures
        request = self._request
        read = read_report(
            self.tenant.in_language(request.locale),
            request.period,
            services=self._services,
            user_ids=request.user_ids,
            basis=request.basis,
        )
        return dataclasses.replace(read, all_users=request.all_users)


def look_digest(tenant: TenantProfile, request: ReportRequest) -> str:
    """A digest of what the tenant's profile gives the report's files beside figures and words, by their formats."""
    return digest_of(tenant.look_of(request.formats), tables=())


def source_digest(tenant: TenantProfile, request: ReportRequest, *, services: Services) -> str | None:
    """A digest that is another one once the report's figures are; None when that cannot be told without reading them.

    So it is while something that was written cannot be read yet, and of a day under way, which is compared with
    yesterday up to the same time. Raises FuturePeriodError or a ServiceError.
    """
    now = services.clock()
    today = tenant.today(now)
    period = request.period.clip(today)
    if same_time_yesterday(tenant, period, now=now) is not None:
        return None
    with ContextThreads(2) as beside:
        provisional = beside.submit(services.stores.provisional.spans, tenant.tenant_id)
        reported = beside.submit(services.stores.reported_periods.overlapping, tenant.tenant_id, period)
        # Before the store is asked: a row is forgotten here once it can be read there.
        unread = unread_days(tenant, _EVER, services=services)
    if unread or provisional.result():
        return None
    revision = services.usage_store.revision(tenant.tenant_id)
    if revision is None:
        return None
    told = reported.result() | {(period.first, period.last)}
    asked = [today, period, request.basis, request.user_ids, request.locale]
    about = (tenant.shown, tenant.look_of(request.formats), asked, revision, sorted(told))
    return digest_of(about, tables=())


def source_mark(digest: str | None, snapshot: UsageSnapshot) -> SourceMark | None:
    """The mark of figures that were read after *digest* was taken."""
    return None if digest is None else SourceMark(digest, _changes_at(snapshot))


def _changes_at(snapshot: UsageSnapshot) -> dt.datetime | None:
    """When the first of the open documents is a day older; None where their age is that at the period's end."""
    ends = end_of_day(snapshot.period.last, snapshot.tenant.zone)
    if snapshot.basis is Basis.ACTIVITY and ends <= snapshot.taken_at:
        return None
    older = pl.col("sent_at") + pl.duration(days=pl.col("days_open") + 1)
    first = snapshot.documents.filter(status=str(DocumentStatus.OPEN)).select(older.min()).item()
    assert first is None or isinstance(first, dt.datetime)  # noqa: S101 -- the schema says so; mypy cannot see it
    return first
