"""The restatement of touched days, whole or by shards, as tasks."""

import datetime as dt
from typing import TYPE_CHECKING, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.deployments import run_deployment

from signtally.domain.shards import Shard
from signtally.use_cases import aggregating
from signtally.use_cases.aggregating.restating import AggregationOutcome
from tasks.service_tasks import service_task
from tasks.services import services

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

SHARD_DEPLOYMENT = "aggregate-shard/aggregate-shard"
_POLL_SECONDS = 2.0


class ShardError(Exception):
    """The run of a shard did not complete; its own page in the Prefect UI says why."""


@service_task()
def aggregate_touched(*, due_only: bool) -> AggregationOutcome:
    return aggregating.aggregate_touched(due_only=due_only, services=services())


@service_task()
def aggregate_part(index: int, count: int, *, due_only: bool) -> AggregationOutcome:
    return aggregating.aggregate_touched(shard=Shard(index, count), due_only=due_only, services=services())


@service_task()
def read_settled() -> dt.datetime | None:
    return aggregating.settled_now(services=services())


@task(task_run_name="shard {index} of {count}", cache_policy=NO_CACHE)
def run_shard(index: int, count: int, *, due_only: bool) -> None:
    """Have a worker, on whatever machine, run one shard; wait for its end. Raises ShardError when it fails."""
    parameters = {"index": index, "count": count, "due_only": due_only}
    started = run_deployment(SHARD_DEPLOYMENT, parameters=parameters, poll_interval=_POLL_SECONDS)
    run = cast("FlowRun", started)  # a coroutine for asynchronous callers only
    if run.state is None or not run.state.is_completed():
        raise ShardError(f"shard {index} of {count}, run {run.name}, ended as {run.state_name}")


@service_task()
def publish_counted(settled_through: dt.datetime | None) -> None:
    aggregating.publish_counted(settled_through, services=services())
