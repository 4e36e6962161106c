"""A copy: month by month what the target lacks, then the names of who was erased since, then both sides' proof."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from typing import cast

from signtally.domain.erasures import Person
from signtally.domain.periods import EARLIEST_DAY, Period, PeriodKind, period_between, period_of
from signtally.domain.reconciliation import to_differences
from signtally.ports.usage_store import UsageStore
from signtally.services import Services
from signtally.use_cases.copying.months import MonthCopier
from signtally.use_cases.copying.outcome import CopyOutcome, CopyProgress, MonthCopy, Proof
from signtally.use_cases.erasing import forget_stored_names
from signtally.use_cases.importing.config import ImportConfig
from signtally.use_cases.importing.writing import chunk_writer
from signtally.use_cases.reconciling import compare_days, compare_reports, instants_of

_MAX_LISTED = 1_000


def copy_store(
    source: Services,
    target: Services,
    *,
    tenant_id: str | None = None,
    prove: bool = True,
    on_progress: Callable[[CopyProgress], None] = lambda _: None,
) -> CopyOutcome:
    """Bring *target*'s usage store up to *source*'s, of one tenant or of all; both have the same bucket.

    What is there is not written again: broken off, the same call goes on, and later it brings what came since. The
    bucket stays as it is, and nothing is written to the source. Raises ServiceError.
    """
    target.usage_store.provision()
    config = ImportConfig.from_settings(target.settings)
    months = [*_months(source, tenant_id)]
    done: list[MonthCopy] = []
    with chunk_writer(target.usage_store, config=config) as writer:
        copier = MonthCopier(source.usage_store, target.usage_store, writer, tenant_id=tenant_id)
        for month in months:
            done.append(copier.copy(month))
            on_progress(CopyProgress(month, done[-1]))
    return CopyOutcome(
        months=len(months),
        copied=MonthCopy.total(done),
        names_forgotten=_forget_names(target, tenant_id),
        source=_proof(source, months, tenant_id) if prove else None,
        target=_proof(_in_zones_of(source, target), months, tenant_id) if prove else None,
    )


def _months(services: Services, tenant_id: str | None) -> Iterator[Period]:
    """Months of whose days, in any zone, there are events or figures, the oldest first."""
    for year in range(EARLIEST_DAY.year, services.clock().year + 2):
        whole = period_of(PeriodKind.YEAR, dt.date(year, 1, 1))
        if _has_anything(whole, tenant_id, services.usage_store):
            months = (period_of(PeriodKind.MONTH, dt.date(year, number, 1)) for number in range(1, 13))
            yield from (each for each in months if _has_anything(each, tenant_id, services.usage_store))


def _has_anything(days: Period, tenant_id: str | None, store: UsageStore) -> bool:
    since, until = instants_of(days)
    tenant_ids = None if tenant_id is None else [tenant_id]
    return store.has_events(since=since, until=until, tenant_ids=tenant_ids) or store.has_daily_usage(
        first=days.first, last=days.last, tenant_ids=tenant_ids
    )


def _forget_names(target: Services, tenant_id: str | None) -> int:
    """Of users whose names an earlier copy has brought, and who were erased since."""
    erased = target.stores.erasures.users()
    people = [Person(tenant, user) for tenant, users in erased.users.items() for user in users]
    people += [Person(tenant, None) for tenant in erased.tenants]
    wanted = (each for each in people if tenant_id in {None, each.tenant_id})
    return sum(forget_stored_names(each, services=target) for each in wanted)


def _proof(services: Services, months: list[Period], tenant_id: str | None) -> Proof | None:
    """As a reconciliation compares all days, without what it mends: that is the source's to do, for both."""
    today = services.clock().date()
    if not months or months[0].first > today:
        return None
    span = period_between(months[0].first, min(today, months[-1].last))
    days = compare_days(span, tenant_id=tenant_id, services=services)
    reports = compare_reports(tenant_id=tenant_id, services=services)
    return Proof(
        tenant_days=len(days.compared),
        pending=len(days.pending),
        mismatches=tuple(to_differences(days.mismatches.head(_MAX_LISTED))),
        report_mismatches=reports.mismatches,
    )


def _in_zones_of(source: Services, target: Services) -> Services:
    copied = _CopiedStore(target.usage_store, source.usage_store)
    return dataclasses.replace(target, usage_store=cast("UsageStore", copied))


class _CopiedStore:
    """The target, whose rows are those of the source: counted in the same zones, as the bucket has them."""

    def __init__(self, store: UsageStore, source: UsageStore) -> None:
        self._store = store
        self._source = source

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def usage_generation(self) -> str:
        return self._source.usage_generation()
