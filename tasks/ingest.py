"""The drain of the queue, as a task."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from signtally.use_cases import ingesting
from signtally.use_cases.ingesting import IngestOutcome, IngestProgress
from tasks.retrying import passing_trouble
from tasks.services import services


@task(
    retries=3,
    retry_delay_seconds=exponential_backoff(10),
    retry_condition_fn=passing_trouble,
    cache_policy=NO_CACHE,
)
def drain_queue(consumers: int, time_budget_seconds: int) -> IngestOutcome:
    return ingesting.drain(
        services=services(), consumers=consumers, budget_seconds=time_budget_seconds, on_progress=_tell
    )


def _tell(progress: IngestProgress) -> None:
    """One line in the run's log, every few seconds."""
    get_run_logger().info(
        "%d events received, %.0f a second; %d messages wait, %d in flight",
        progress.outcome.received,
        progress.events_per_second,
        progress.visible,
        progress.in_flight,
    )
