"""What tenants' schedules ask for, as tasks."""

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from signtally.use_cases import digesting, scheduling
from signtally.use_cases.digesting import DigestsOutcome
from signtally.use_cases.scheduling import SchedulesOutcome
from tasks.retrying import passing_trouble
from tasks.services import services


@task(
    retries=3,
    retry_delay_seconds=exponential_backoff(10),
    retry_condition_fn=passing_trouble,
    cache_policy=NO_CACHE,
)
def make_due_reports() -> SchedulesOutcome:
    return scheduling.run_schedules(services=services())


@task(
    retries=3,
    retry_delay_seconds=exponential_backoff(10),
    retry_condition_fn=passing_trouble,
    cache_policy=NO_CACHE,
)
def send_due_digests() -> DigestsOutcome:
    return digesting.run_digests(services=services())
