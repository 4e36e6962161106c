"""Scheduled reports: made once for every occurrence that is due, whoever runs this and however often."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

from signtally.domain.reports import ReportManifest, ReportRequest, ordered_formats
from signtally.domain.schedules import Occurrence
from signtally.services import Services
from signtally.use_cases.delivery_run import DeliveryKind, DeliveryRun, Reading, delivery_key, tenants_with_due
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
    done: dict[str, str] = dataclasses.field(default_factory=dict)  # for `record_schedules`

    def as_dict(self) -> dict[str, object]:
        return {name: figure for name, figure in dataclasses.asdict(self).items() if name != "done"}

    @classmethod
    def merge(cls, outcomes: Iterable["SchedulesOutcome"]) -> "SchedulesOutcome":
        """Of runs for different tenants."""
        each = [*outcomes]
        return cls(
            due=sum(one.due for one in each),
            made=sum(one.made for one in each),
            waiting=sum(one.waiting for one in each),
            held=sum(one.held for one in each),
            failures={label: why for one in each for label, why in one.failures.items()},
            done={schedule: period for one in each for schedule, period in one.done.items()},
        )


def tenants_with_due_reports(*, services: Services) -> list[str]:
    """Those for whom `run_schedules` may have something to make."""
    return tenants_with_due(_kind(services), services=services)


def record_schedules(done: dict[str, str], *, services: Services) -> None:
    """Remember what `run_schedules` found done for some tenants, so that it is not looked up again."""
    services.stores.done_occurrences(_kind(services).name).record(done)


def run_schedules(
    *, services: Services, as_of: dt.datetime | None = None, tenant_ids: Sequence[str] | None = None
) -> SchedulesOutcome:
    """Make the files of every occurrence that is due by *as_of* (now, if None) and not made yet.

    Of all tenants, or of those named. Any number of runs may overlap. Raises DeliveriesPendingError, after every other
    tenant was served, when a service failed for some: run it again.
    """
    run = DeliveryRun(_kind(services), services=services, as_of=as_of, tenant_ids=tenant_ids)
    made = waiting = 0

    def deliver(occurrence: Occurrence, reading: Reading) -> bool:
        nonlocal made, waiting
        manifest = make_scheduled_report(occurrence, services=reading.services, as_of=reading.at)
        made += manifest is not None
        waiting += manifest is None
        return manifest is not None

    run.run(deliver)
    return SchedulesOutcome(
        due=run.due, made=made, waiting=waiting, held=run.held, failures=run.failures, done=run.done
    )


def _kind(services: Services) -> DeliveryKind:
    return DeliveryKind("reports", lambda _: True, services.stores.deliveries.reported_periods)


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
    request = ReportRequest(
        occurrence.tenant.tenant_id, occurrence.period, ordered_formats(schedule.formats), locale=schedule.locale
    )
    return report_now(request, requested_by=f"schedule {schedule.name}", services=services)
