"""From the queue to the events table, until the queue is empty."""

from prefect import flow

from signtally.use_cases.ingesting import IngestOutcome
from tasks.ingest import drain_queue
from tasks.summaries import figures, publish_summary


@flow(name="ingest", flow_run_name="ingest with {consumers} consumers")
def ingest(consumers: int = 4, time_budget_seconds: int = 300) -> IngestOutcome:
    """Move events from SQS to the usage store until the queue is empty or the time is up."""
    outcome = drain_queue(consumers, time_budget_seconds)
    publish_summary("ingest", figures(outcome.as_dict()), description="What this run took off the queue")
    return outcome
