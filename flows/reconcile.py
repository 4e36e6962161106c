"""The proof that events, daily usage and lately made reports say the same."""

import datetime as dt

from prefect import flow

from signtally.domain.counted import counted
from signtally.domain.reconciliation import Difference, ReportDifference
from signtally.use_cases.reconciling import ReconcileOutcome
from tasks.failures import explain_failure
from tasks.integrity import reconcile_days
from tasks.run_names import days_of_tenant
from tasks.summaries import Row, figures, publish_summary

_SHOWN = 5_000


class MismatchError(Exception):
    """Figures and events contradict each other; the run's artifact `reconcile-differences` says where."""


@flow(name="reconcile", flow_run_name=days_of_tenant, on_failure=[explain_failure], on_crashed=[explain_failure])
def reconcile(
    tenant_id: str | None = None, first: dt.date | None = None, last: dt.date | None = None
) -> ReconcileOutcome:
    """Compare every day that is over; on a mismatch, hold the scheduled sends of its tenants and fail."""
    outcome = reconcile_days(tenant_id, first, last)
    publish_summary("reconcile", figures(outcome.figures()), description="What this run compared")
    if not outcome.is_clean:
        _publish_differences(outcome)
        raise MismatchError(str(outcome))
    return outcome


def _publish_differences(outcome: ReconcileOutcome) -> None:
    by_events = [_row(each, "events", said=each.events) for each in outcome.mismatches]
    by_reports = [
        _row(each, f"report {each.report_id} v{each.version}", said=each.reported) for each in outcome.report_mismatches
    ]
    rows = [*by_events, *by_reports][:_SHOWN]
    shown = "all of them" if len(rows) == outcome.mismatched else f"the first {len(rows)}"
    description = (
        f"{counted(outcome.mismatched, 'difference')}, {shown}. `signtally rebuild` mends days that differ from events"
    )
    publish_summary("reconcile-differences", rows, description=description)


def _row(found: Difference | ReportDifference, source: str, *, said: int) -> Row:
    user_id = found.user_id if isinstance(found, Difference) else None
    where = {"tenant": found.tenant_id, "day": found.day.isoformat(), "user": user_id or "", "action": found.action}
    return {**where, "source": source, "said": said, "aggregates": found.aggregates}
