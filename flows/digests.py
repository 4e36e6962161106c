"""The emails that tenants' schedules ask for by now."""

from prefect import flow

from signtally.use_cases.digesting import DigestsOutcome
from tasks.schedules import send_due_digests
from tasks.summaries import figures, publish_summary


@flow(name="digests")
def digests() -> DigestsOutcome:
    """Email the figures of every due occurrence to each of its recipients, once.

    Raises DeliveriesFailedError when something is refused, in doubt, given up, overdue, pending or failed.
    """
    outcome = send_due_digests()
    publish_summary("digests", figures(outcome.as_dict()), description="What was due and was sent")
    outcome.require_all_well()
    return outcome
