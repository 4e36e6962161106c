"""A part of the tenants' touched days, counted by a run of its own; started by `aggregate` with several shards."""

from prefect import flow

from signtally.use_cases.aggregating.restating import AggregationOutcome
from tasks.aggregate import aggregate_part
from tasks.summaries import figures, publish_summary


@flow(name="aggregate-shard", flow_run_name="shard {index} of {count}")
def aggregate_shard(index: int, count: int, due_only: bool = False) -> AggregationOutcome:  # noqa: FBT001, FBT002 -- a form in the UI
    """Count part *index*, from 0, of *count*; what the figures are complete through is for `aggregate` to publish."""
    outcome = aggregate_part(index, count, due_only=due_only)
    publish_summary("aggregate-shard", figures(outcome.as_dict()), description="What this shard counted anew")
    return outcome
