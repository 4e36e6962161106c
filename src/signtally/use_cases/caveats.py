"""What a report has to say about its figures: days that were restated, and days that are provisional."""

import datetime as dt

from signtally.domain.periods import Period, days_within
from signtally.domain.restatements import RestatedDay, since_reported
from signtally.domain.tenants import TenantProfile
from signtally.services import Services


def restated_days(tenant: TenantProfile, period: Period, *, services: Services) -> tuple[RestatedDay, ...]:
    """The period's days whose figures have changed since a report first told them. Raise a ServiceError."""
    records = services.usage_store.restatements(first=period.first, last=period.last, tenant_ids=[tenant.tenant_id])
    if records.is_empty():
        return ()
    told = services.stores.reported_periods.first_told(tenant.tenant_id, period)
    return since_reported(records, told)


def provisional_days(tenant: TenantProfile, period: Period, *, services: Services) -> tuple[dt.date, ...]:
    """The period's days between the first and the last event that is stored and could not be read yet."""
    days: set[dt.date] = set()
    for span in services.stores.provisional.spans(tenant.tenant_id):
        days.update(days_within(span.since, span.until, tenant.zone))
    return tuple(sorted(day for day in days if period.first <= day <= period.last))
