"""Scheduled reports: made once for every occurrence that is due, whoever runs this and however often."""

import dataclasses
import datetime as dt

from signtally.domain.reports import ReportManifest, ReportRequest, ordered_formats
from signtally.domain.schedules import Occurrence
from signtally.services import Services
from signtally.use_cases.delivery_run import DeliveryKind, DeliveryRun, delivery_key
from signtally.use_cases.reporting import report_now

# A lease: longer than a report takes to make, so a run that holds the claim for longer has died.
_REPORT_LEASE = dt.timedelta(minutes=15)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SchedulesOutcome:
    """Counts of occurrences, and by occurrence why it failed."""

    due: int  # found by this run
    made: int
    waiting: int  # being made by another run
    held: int  # of tenants on hold: they stay due
    failures: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def run_schedules(*, services: Services, as_of: dt.datetime | None = None) -> SchedulesOutcome:
    """Make the files of every occurrence that is due by *as_of* (now, if None) and not made yet.

    Any number of runs may overlap. Raises DeliveriesPendingError, after every other tenant was served, when a service
    failed for some: run it again.
    """
    kind = DeliveryKind("reports", lambda _: True, services.stores.deliveries.reported_periods)
    run = DeliveryRun(kind, services=services, as_of=as_of or services.clock())
    made = waiting = 0

    def deliver(occurrence: Occurrence) -> bool:
        nonlocal made, waiting
        manifest = make_scheduled_report(occurrence, services=services, as_of=as_of)
        made += manifest is not None
        waiting += manifest is None
        return manifest is not None

    run.run(deliver)
    return SchedulesOutcome(due=run.due, made=made, waiting=waiting, held=run.held, failures=run.failures)


def make_scheduled_report(
    occurrence: Occurrence, *, services: Services, as_of: dt.datetime | None
) -> ReportManifest | None:
    """Make an occurrence's report and record it in the ledger; None when another run is making or has made it.

    *as_of* (now, if None) decides what the report says, the services' own clock whether a claim has lapsed.
    """
    deliveries, key = services.stores.deliveries, delivery_key(occurrence)
    if not deliveries.claim_report(key, now=services.clock(), lease=_REPORT_LEASE):
        return None
    try:
        manifest = current_report(occurrence, services=services.at(as_of))
    except BaseException:
        deliveries.release_report(key)
        raise
    deliveries.record_report(key, manifest.key)
    return manifest


def current_report(occurrence: Occurrence, *, services: Services) -> ReportManifest:
    """The report with today's figures: the newest version, or the next one if figures have changed since."""
    schedule = occurrence.schedule
    request = ReportRequest(occurrence.tenant.tenant_id, occurrence.period, ordered_formats(schedule.formats))
    return report_now(request, requested_by=f"schedule {schedule.name}", services=services)
