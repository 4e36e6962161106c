"""From the queue to the events table, until the queue is empty."""

import time

from prefect import flow

from signtally.use_cases.ingesting import IngestOutcome
from tasks.failures import explain_failure
from tasks.ingest import drain_queue
from tasks.summaries import figures, publish_summary


@flow(
    name="ingest",
    flow_run_name="ingest with {consumers} consumers",
    on_failure=[explain_failure],
    on_crashed=[explain_failure],
)
def ingest(consumers: int = 4, time_budget_seconds: int = 300) -> IngestOutcome:
    """Move events from SQS to the usage store until the queue is empty or the time is up."""
    began = time.monotonic()
    outcome = drain_queue(consumers, time_budget_seconds)
    summary = {**outcome.as_dict(), **outcome.rates(seconds=time.monotonic() - began)}
    publish_summary("ingest", figures(summary), description="What this run took off the queue")
    return outcome
