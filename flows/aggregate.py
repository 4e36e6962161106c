"""From the events table to daily usage: the days that ingest touched since the last run."""

from prefect import flow

from signtally.use_cases.aggregating.restating import AggregationOutcome
from tasks.aggregate import aggregate_touched
from tasks.summaries import figures, publish_summary


@flow(name="aggregate")
def aggregate() -> AggregationOutcome:
    """Count every touched tenant day anew and write the rows that changed."""
    outcome = aggregate_touched()
    publish_summary("aggregate", figures(outcome.as_dict()), description="What this run counted anew")
    return outcome
