"""A period's documents, one row each: what a report lists, read alone."""

import dataclasses
import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from signtally.domain.document_lifecycles import of_senders
from signtally.domain.document_rows import document_rows
from signtally.domain.periods import Period, end_of_day, start_of_day
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.use_cases.reading import read_period_rows


@dataclasses.dataclass(frozen=True, slots=True)
class DocumentList:
    """The documents that were open at any moment of *period*, in the order of the schema DOCUMENT_ROWS."""

    period: Period  # clipped to today
    data_through: dt.datetime | None
    rows: pl.DataFrame  # schema DOCUMENT_ROWS


def read_documents(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: tuple[str, ...] | None = None
) -> DocumentList:
    """The rows of a report on activity basis, names included; *user_ids* narrows them to what these users sent.

    Raises FuturePeriodError or a ServiceError.
    """
    now = services.clock()
    clipped, at_once = period.clip(tenant.today(now)), services.at(now)
    since, until = start_of_day(clipped.first, tenant.zone), end_of_day(clipped.last, tenant.zone)
    with ThreadPoolExecutor(1) as beside:
        documents = beside.submit(services.usage_store.documents, tenant.tenant_id, since=since, until=until)
        usage = read_period_rows(tenant, clipped, services=at_once, user_ids=user_ids)
        lives = of_senders(documents.result(), user_ids)
    rows = document_rows(lives, as_of=min(until, now), names=usage.names)
    return DocumentList(clipped, usage.snapshot.data_through, rows)
