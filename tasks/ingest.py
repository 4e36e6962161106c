"""The drain of the queue, as a task."""

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff
from signtally.use_cases.ingesting import IngestOutcome

from signtally.use_cases import ingesting
from tasks.retrying import passing_trouble
from tasks.services import services


@task(
    retries=3,
    retry_delay_seconds=exponential_backoff(10),
    retry_condition_fn=passing_trouble,
    cache_policy=NO_CACHE,
)
def drain_queue(consumers: int, time_budget_seconds: int) -> IngestOutcome:
    return ingesting.drain(services=services(), consumers=consumers, budget_seconds=time_budget_seconds)
