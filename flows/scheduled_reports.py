"""The reports that tenants' schedules ask for by now."""

from prefect import flow

from signtally.use_cases.scheduling import SchedulesOutcome
from tasks.schedules import make_due_reports
from tasks.summaries import figures, publish_summary


@flow(name="scheduled-reports")
def scheduled_reports() -> SchedulesOutcome:
    """Make the files of every occurrence that is due and not made yet.

    Raises DeliveriesFailedError when something is overdue, pending or failed.
    """
    outcome = make_due_reports()
    publish_summary("scheduled-reports", figures(outcome.as_dict()), description="What was due and was made")
    outcome.require_all_well()
    return outcome
