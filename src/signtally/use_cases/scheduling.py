"""Scheduled reports: made once for every occurrence that is due, whoever runs this and however often."""

import dataclasses
import datetime as dt

from signtally.domain.reports import ReportManifest, ReportRequest, ordered_formats
from signtally.domain.schedules import Occurrence
from signtally.services import Services
from signtally.use_cases.occurrences import Owing, Round, as_of, delivery_key
from signtally.use_cases.reporting import report_now

# Longer than a report takes to make: who has not finished by then has died.
_MAKING_LEASE = dt.timedelta(minutes=15)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SchedulesOutcome:
    """*due* is what this run found owed, *waiting* what another one has in hand; *failures* say of what and why."""

    due: int
    made: int
    waiting: int
    held: int  # of tenants whose figures do not match their events: it stays due
    failures: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def run_schedules(*, services: Services, now: dt.datetime | None = None) -> SchedulesOutcome:
    """Make the files of every occurrence that is due by *now* and not made yet.

    Any number of runs may go on at once. Raise OwedOccurrencesError, after everybody else was served, when a service
    failed for some: run it again.
    """
    then = as_of(services, now)
    owing = Owing("reports", lambda _: True, services.stores.deliveries.reported_periods)
    going = Round(owing, services=then)
    made = waiting = 0

    def deliver(occurrence: Occurrence) -> bool:
        nonlocal made, waiting
        manifest = make_scheduled_report(occurrence, services=services, then=then)
        made += manifest is not None
        waiting += manifest is None
        return manifest is not None

    going.go(services.stores.tenants.all(), deliver)
    return SchedulesOutcome(due=going.due, made=made, waiting=waiting, held=going.held, failures=going.failures)


def make_scheduled_report(occurrence: Occurrence, *, services: Services, then: Services) -> ReportManifest | None:
    """Make an occurrence's report and enter it into the ledger; None when another run has it in hand or has made it.

    The clock of *then* decides what the report says, that of *services* who is still at work.
    """
    deliveries, key = services.stores.deliveries, delivery_key(occurrence)
    if not deliveries.claim_report(key, now=services.clock(), lease=_MAKING_LEASE):
        return None
    try:
        manifest = current_report(occurrence, services=then)
    except BaseException:
        deliveries.release_report(key)
        raise
    deliveries.record_report(key, manifest.key)
    return manifest


def current_report(occurrence: Occurrence, *, services: Services) -> ReportManifest:
    """The report that says what is known now: the newest version, or the next one if figures changed since."""
    schedule = occurrence.schedule
    request = ReportRequest(occurrence.tenant.tenant_id, occurrence.period, ordered_formats(schedule.formats))
    return report_now(request, requested_by=f"schedule {schedule.name}", services=services)
