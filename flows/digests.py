"""The emails that tenants' schedules ask for by now."""

from prefect import flow

from signtally.use_cases.delivering import DigestsOutcome
from tasks.failures import explain_failure
from tasks.fan_out import fan_out, tenant_batches
from tasks.run_names import due_by
from tasks.schedules import find_due_digests, record_sent_digests, send_deferred_digests, send_due_digests
from tasks.summaries import figures, publish_summary


@flow(name="digests", flow_run_name=due_by, on_failure=[explain_failure], on_crashed=[explain_failure])
def digests() -> DigestsOutcome:
    """Email the figures of every due occurrence to each of its recipients, once; those of many tenants batch by batch.

    Raises DeliveriesFailedError when something is refused, in doubt, given up, overdue, pending or failed.
    """
    batches = fan_out(send_due_digests, tenant_batches(find_due_digests()))
    outcome = DigestsOutcome.merge([*batches.outcomes, send_deferred_digests()])
    record_sent_digests(outcome.done)
    publish_summary("digests", figures(outcome.as_dict()), description="What was due and was sent")
    batches.raise_first()
    outcome.require_all_well()
    return outcome
