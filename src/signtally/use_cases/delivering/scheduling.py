"""Scheduled reports: made once for every occurrence that is due, whoever runs this and however often."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence

from signtally.domain.reports import ReportManifest, ReportRequest, ordered_formats
from signtally.domain.schedules import Occurrence
from signtally.domain.snapshot import UsageSnapshot
from signtally.services import Services
from signtally.stores.deliveries import PassedOver
from signtally.use_cases.delivering.due import DeliveryKind, delivery_key, remember_done, tenants_with_due
from signtally.use_cases.delivering.passing_over import why_passed_over
from signtally.use_cases.delivering.run import DeliveryRun, Reading, merged, require_all_well
from signtally.use_cases.reporting import report_with_figures

# A lease: longer than a report takes to make, so a run that holds the claim for longer has died.
_REPORT_LEASE = dt.timedelta(minutes=15)
KIND = DeliveryKind(
    "reports",
    applies_to=lambda _: True,
    delivered=lambda known: known.reported,
    first=lambda known: known.first_report,
)

ReportWithFigures = tuple[ReportManifest, UsageSnapshot]  # which tell the same, unless another process made it


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SchedulesOutcome:
    """Counts of occurrences, and by occurrence what it waits for or why it failed."""

    due: int  # found by this run
    made: int
    waiting: int  # being made by another run
    held: int  # of tenants on hold: they stay due
    missed: int  # passed over, as their schedules say
    suspended: int  # passed over, because their tenants are
    empty: int  # passed over, because nothing happened
    not_needed: int  # passed over, because their conditions do not hold
    passed_over: dict[str, str]  # missed ones that share one record
    incomplete: dict[str, str]  # waits for complete figures
    overdue: dict[str, str]  # the same, for too long
    pending: dict[str, str]  # a service failed: tried again by the next run
    failures: dict[str, str]
    done: dict[str, str] = dataclasses.field(default_factory=dict)  # for `record_schedules`

    def as_dict(self) -> dict[str, object]:
        """What it says to a person."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "done"}

    @classmethod
    def merge(cls, outcomes: Iterable["SchedulesOutcome"]) -> "SchedulesOutcome":
        """Of runs for different tenants."""
        return cls(**merged(cls, outcomes))

    def require_all_well(self) -> None:
        """Raises DeliveriesFailedError when something is overdue, pending or failed."""
        troubles = {"failures": self.failures, "overdue": self.overdue, "pending": self.pending}
        require_all_well("scheduled reports", troubles)


def tenants_with_due_reports(*, services: Services) -> list[str]:
    """Those for whom `run_schedules` may have something to make."""
    return tenants_with_due(KIND, services=services)


def record_schedules(done: dict[str, str], *, services: Services) -> None:
    """Remember what `run_schedules` found done for some tenants, so that it is not looked up again."""
    remember_done(KIND, done, services=services)


def run_schedules(
    *, services: Services, as_of: dt.datetime | None = None, tenant_ids: Sequence[str] | None = None
) -> SchedulesOutcome:
    """Make the files of every occurrence that is due by *as_of* (now, if None) and not made yet.

    Of all tenants, or of those named. Any number of runs may overlap. What fails is in the outcome, never raised,
    unless not even the profiles can be read.
    """
    run = DeliveryRun(KIND, services=services, as_of=as_of, tenant_ids=tenant_ids)
    made = waiting = 0
    passed: Counter[PassedOver] = Counter()

    def deliver(occurrence: Occurrence, reading: Reading, _: bool) -> bool:  # noqa: FBT001 -- as `Deliver` has it
        nonlocal made, waiting
        if why := why_passed_over(occurrence, services=reading.services.at(reading.at)):
            services.stores.deliveries.pass_over(delivery_key(occurrence), now=services.clock(), why=why)
            passed[why] += 1
            return True
        report = make_scheduled_report(occurrence, services=reading.services, as_of=reading.at)
        made += report is not None
        waiting += report is None
        return report is not None

    run.run(deliver)
    return SchedulesOutcome(
        due=run.due,
        made=made,
        waiting=waiting,
        held=run.held,
        missed=run.missed,
        suspended=run.suspended,
        passed_over=run.passed_over,
        empty=passed[PassedOver.EMPTY],
        not_needed=passed[PassedOver.NOT_NEEDED],
        incomplete=run.incomplete,
        overdue=run.overdue,
        pending=run.pending,
        failures=run.failures,
        done=run.done,
    )


def make_scheduled_report(
    occurrence: Occurrence, *, services: Services, as_of: dt.datetime | None
) -> ReportWithFigures | None:
    """Make an occurrence's report and record it in the ledger; None when another run is making or has made it.

    *as_of* (now, if None) decides what the report says, the services' own clock whether a claim has lapsed.
    """
    deliveries, key = services.stores.deliveries, delivery_key(occurrence)
    if not deliveries.claim_report(key, now=services.clock(), lease=_REPORT_LEASE):
        return None
    try:
        report = current_report(occurrence, services=services.at(as_of))
    except BaseException:
        deliveries.release_report(key)
        raise
    manifest, _ = report
    deliveries.record_report(key, manifest.key)
    return report


def current_report(occurrence: Occurrence, *, services: Services) -> ReportWithFigures:
    """The newest version, or the next one if figures have changed since; and the figures as they are now."""
    requested_by = f"schedule {occurrence.schedule.name}"
    request, tenant = scheduled_request(occurrence), occurrence.tenant
    return report_with_figures(request, requested_by=requested_by, services=services, tenant=tenant)


def scheduled_request(occurrence: Occurrence) -> ReportRequest:
    """The report that an occurrence asks for."""
    schedule = occurrence.schedule
    return ReportRequest(
        occurrence.tenant.tenant_id, occurrence.period, ordered_formats(schedule.formats), locale=schedule.locale
    )
