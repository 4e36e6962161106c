"""From the events table to daily usage: the days that ingest touched since the last run."""

import datetime as dt

from prefect import flow
from prefect.futures import wait

from signtally.use_cases.aggregating.restating import AggregationOutcome
from tasks.aggregate import aggregate_touched, publish_counted, read_settled, run_shard
from tasks.summaries import figures, publish_summary


@flow(name="aggregate")
def aggregate(shards: int = 1, due_only: bool = False) -> AggregationOutcome | None:  # noqa: FBT001, FBT002 -- a form in the UI
    """Count every touched tenant day anew and write the rows that changed.

    With several *shards*, that many runs of `aggregate-shard` count, each a part of the tenants, on any worker; their
    figures are in their own summaries. This run waits for them, and takes a worker's slot itself. With *due_only*,
    events that could not be read a short time ago are left for later.
    """
    if shards == 1:
        outcome = aggregate_touched(due_only=due_only)
        publish_summary("aggregate", figures(outcome.as_dict()), description="What this run counted anew")
        return outcome
    data_through = _aggregate_in(shards, due_only=due_only)
    summary = figures({"shards": shards, "data_through": data_through})
    publish_summary("aggregate", summary, description="What the runs of this run's shards have in common")
    return None


def _aggregate_in(shards: int, *, due_only: bool) -> dt.datetime | None:
    """Read the watermark before the shards start, and publish it once all have ended: no shard knows of the others."""
    settled_through = read_settled()
    runs = [run_shard.submit(index, shards, due_only=due_only) for index in range(shards)]
    wait(runs)
    for run in runs:
        run.result()  # raises what went wrong: nothing is published then
    publish_counted(settled_through)
    return settled_through
