"""A reconciliation: supersede repeated ids, count touched hours, compare, and hold tenants that do not match."""

import datetime as dt
import logging

from signtally.domain.periods import Period, period_between
from signtally.domain.reconciliation import to_differences
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services
from signtally.use_cases.aggregating import aggregate_touched
from signtally.use_cases.reconciling.context import instants_of
from signtally.use_cases.reconciling.day_comparison import compare_days
from signtally.use_cases.reconciling.holding import hold, lift
from signtally.use_cases.reconciling.outcome import ReconcileOutcome
from signtally.use_cases.reconciling.report_comparison import compare_reports
from signtally.use_cases.reconciling.superseded_events import supersede_repeated

_log = logging.getLogger(__name__)
_MAX_LISTED = 100_000


def reconcile(
    *, services: Services, tenant_id: str | None = None, first: dt.date | None = None, last: dt.date | None = None
) -> ReconcileOutcome:
    """Prove that events, daily usage and lately made reports say the same, of one tenant or of all.

    Without *first*, as many days back as the settings say; without *last*, up to the newest day that is over. Ids that
    were received twice are looked for from *first* on, in every tenant, and at least as far back as without it.

    Tenants that do not match are held: their scheduled sends wait. Holds of those that match again are lifted.

    Raises PeriodError, ServiceError.
    """
    span = _span(first, last, services=services)
    superseded = supersede_repeated(since=instants_of(span)[0], services=services)
    aggregate_touched(services=services)
    days = compare_days(span, tenant_id=tenant_id, services=services)
    reports = compare_reports(tenant_id=tenant_id, services=services)
    held = hold(days.mismatches, reports.mismatches, services=services)
    unproven = held | {*days.pending["tenant_id"]}
    lifted = lift(span, tenant_id=tenant_id, unproven=unproven, services=services)
    services.stores.report_days.forget(before=_oldest(services))
    outcome = ReconcileOutcome(
        period=span,
        superseded=superseded,
        tenants=days.compared["tenant_id"].n_unique(),
        tenant_days=len(days.compared),
        pending=len(days.pending),
        reports=reports.compared,
        reports_skipped=reports.skipped,
        mismatched=len(days.mismatches) + len(reports.mismatches),
        mismatches=tuple(to_differences(days.mismatches.head(_MAX_LISTED))),
        report_mismatches=reports.mismatches[:_MAX_LISTED],
        held=tuple(sorted(held)),
        lifted=tuple(sorted(lifted)),
    )
    _log.log(logging.INFO if outcome.is_clean else logging.ERROR, "%s", outcome)
    return outcome


def _span(first: dt.date | None, last: dt.date | None, *, services: Services) -> Period:
    today = services.clock().date()  # of UTC: nowhere on Earth is a later date over
    end = min(last or today, today)
    return period_between(first or min(end, max(_oldest(services), _first_whole(services))), end)


def _first_whole(services: Services) -> dt.date:
    """The first of which retention has taken no event yet, in whichever zone."""
    settings = services.settings
    kept = dt.timedelta(hours=settings.memory_retention_hours, days=settings.magnetic_retention_days)
    return (services.clock() - kept).date() + 2 * ONE_DAY


def _oldest(services: Services) -> dt.date:
    return services.clock().date() - services.settings.reconcile_days * ONE_DAY
