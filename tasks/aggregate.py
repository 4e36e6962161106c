"""The restatement of touched days, whole or by shards, as tasks."""

import datetime as dt

from signtally.domain.shards import Shard
from signtally.log_fields import log_fields
from signtally.use_cases import aggregating
from signtally.use_cases.aggregating.restating import AggregationOutcome
from tasks.service_tasks import service_task
from tasks.services import services


@service_task()
def aggregate_touched(*, due_only: bool) -> AggregationOutcome:
    return aggregating.aggregate_touched(due_only=due_only, services=services())


@service_task(run_name="shard {index} of {count}")
def aggregate_part(index: int, count: int, *, due_only: bool) -> AggregationOutcome:
    with log_fields(shard=f"{index}/{count}"):
        return aggregating.aggregate_touched(shard=Shard(index, count), due_only=due_only, services=services())


@service_task()
def read_settled() -> dt.datetime | None:
    return aggregating.settled_now(services=services())


@service_task()
def publish_counted(settled_through: dt.datetime | None) -> None:
    aggregating.publish_counted(settled_through, services=services())
