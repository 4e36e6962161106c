"""The restatement of touched days, as a task."""

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from signtally.use_cases import aggregating
from signtally.use_cases.aggregating.restating import AggregationOutcome
from tasks.retrying import passing_trouble
from tasks.services import services


@task(
    retries=3,
    retry_delay_seconds=exponential_backoff(10),
    retry_condition_fn=passing_trouble,
    cache_policy=NO_CACHE,
)
def aggregate_touched() -> AggregationOutcome:
    return aggregating.aggregate_touched(services=services())
