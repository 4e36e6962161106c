"""The reports that tenants' schedules ask for by now."""

from prefect import flow

from signtally.use_cases.delivering import SchedulesOutcome
from tasks.failures import explain_failure
from tasks.fan_out import fan_out, tenant_batches
from tasks.run_names import due_by
from tasks.schedules import find_due_reports, make_due_reports, record_made_reports
from tasks.summaries import figures, publish_summary


@flow(name="scheduled-reports", flow_run_name=due_by, on_failure=[explain_failure], on_crashed=[explain_failure])
def scheduled_reports() -> SchedulesOutcome:
    """Make the files of every occurrence that is due and not made yet, those of many tenants batch by batch.

    Raises DeliveriesFailedError when something is overdue, pending or failed.
    """
    batches = fan_out(make_due_reports, tenant_batches(find_due_reports()))
    outcome = SchedulesOutcome.merge(batches.outcomes)
    record_made_reports(outcome.done)
    publish_summary("scheduled-reports", figures(outcome.as_dict()), description="What was due and was made")
    batches.raise_first()
    outcome.require_all_well()
    return outcome
