"""Months that are older than what is kept go, where the usage store does not drop them by itself."""

from prefect import flow

from signtally.use_cases.expiring import ExpiryOutcome
from tasks.failures import explain_failure
from tasks.retention import drop_what_is_expired
from tasks.run_names import due_by
from tasks.summaries import publish_summary


@flow(name="retention", flow_run_name=due_by, on_failure=[explain_failure], on_crashed=[explain_failure])
def retention() -> ExpiryOutcome:
    """Drop what retention has ended; by default that is nothing for 200 years."""
    outcome = drop_what_is_expired()
    dropped = [{"dropped": name} for name in outcome.dropped or ["none"]]
    publish_summary("retention", dropped, description="Tables that were older than what is kept")
    return outcome
