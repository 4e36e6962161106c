"""Holds: scheduled sends of tenants that do not match wait until the tenants match again."""

import collections
import datetime as dt
from collections.abc import Collection, Sequence

import polars as pl

from signtally.domain.operator_events import mismatch
from signtally.domain.periods import Period
from signtally.domain.reconciliation import ReportDifference, to_differences
from signtally.services import Services
from signtally.stores.holds import Hold
from signtally.threads import ContextThreads

_SAMPLE_SIZE = 20  # differences that a hold lists
_WRITERS = 8
_MOST_TOLD = 500  # tenants: of very many the first say enough


def hold(mismatches: pl.DataFrame, reports: Sequence[ReportDifference], *, services: Services) -> set[str]:
    """Hold every tenant with a mismatch (schema DIFFERENCES, or of a report); return their ids. Raises ServiceError."""
    now, of_reports = services.clock(), collections.defaultdict[str, list[ReportDifference]](list)
    for each in reports:
        of_reports[each.tenant_id].append(each)
    of_days = dict(mismatches.partition_by("tenant_id", as_dict=True, maintain_order=True))
    tenant_ids = {str(tenant_id) for (tenant_id,) in of_days} | of_reports.keys()
    none = mismatches.clear()
    found = [_hold_of(each, of_days.get((each,), none), of_reports[each], now=now) for each in sorted(tenant_ids)]
    with ContextThreads(_WRITERS) as writers:
        list(writers.map(services.stores.holds.put, found))
    for told in found[:_MOST_TOLD]:
        services.tell(mismatch(told.tenant_id, told.differences))
    return tenant_ids


def lift(span: Period, *, tenant_id: str | None, unproven: Collection[str], services: Services) -> set[str]:
    """Lift holds whose days lie within *span*, except of *unproven* tenants; return their ids. Raises ServiceError."""
    holds = services.stores.holds
    proven = {
        each.tenant_id
        for each in holds.all()
        if tenant_id in {None, each.tenant_id}
        and each.tenant_id not in unproven
        and each.is_within(span.first, span.last)
    }
    holds.lift(proven)
    return proven


def _hold_of(tenant_id: str, days: pl.DataFrame, reports: Sequence[ReportDifference], *, now: dt.datetime) -> Hold:
    dates = [*days["day"].unique(), *(each.day for each in reports)]
    sample = [str(each) for each in (*to_differences(days.head(_SAMPLE_SIZE)), *reports)][:_SAMPLE_SIZE]
    return Hold(tenant_id, now, min(dates), max(dates), len(days) + len(reports), tuple(sample))
