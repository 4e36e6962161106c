"""From the events table to daily usage: the days that ingest touched since the last run."""

import dataclasses

from prefect import flow

from signtally.use_cases.aggregating.restating import AggregationOutcome
from tasks.aggregate import aggregate_part, aggregate_touched, publish_counted, read_settled
from tasks.failures import explain_failure
from tasks.fan_out import fan_out
from tasks.summaries import figures, publish_summary


@flow(
    name="aggregate",
    flow_run_name="aggregate, shards: {shards}",
    on_failure=[explain_failure],
    on_crashed=[explain_failure],
)
def aggregate(shards: int = 1, due_only: bool = False) -> AggregationOutcome:  # noqa: FBT001, FBT002 -- a form in the UI
    """Count every touched tenant day anew and write the rows that changed.

    With several *shards*, each a part of the tenants, they are counted side by side: where to is the setting
    `SIGNTALLY_TASK_RUNNER`. With *due_only*, events that could not be read a short time ago are left for later.
    """
    outcome = aggregate_touched(due_only=due_only) if shards == 1 else _aggregate_in(shards, due_only=due_only)
    publish_summary("aggregate", figures(outcome.as_dict()), description="What this run counted anew")
    return outcome


def _aggregate_in(shards: int, *, due_only: bool) -> AggregationOutcome:
    """Read the watermark before the shards start, and publish it once all have ended: no shard knows of the others."""
    settled_through = read_settled()
    parts = fan_out(
        aggregate_part, [{"index": index, "count": shards, "due_only": due_only} for index in range(shards)]
    )
    parts.raise_first()  # nothing is published then
    publish_counted(settled_through)
    return dataclasses.replace(AggregationOutcome.total(parts.outcomes), data_through=settled_through)
