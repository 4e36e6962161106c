"""The dead letters, as tasks."""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from signtally.use_cases import dead_letters
from signtally.use_cases.dead_letters import DeadLetterListing, ReplayOutcome
from tasks.retrying import passing_trouble
from tasks.services import services


@task(
    retries=3,
    retry_delay_seconds=exponential_backoff(10),
    retry_condition_fn=passing_trouble,
    cache_policy=NO_CACHE,
)
def list_dead_letters(reasons: Sequence[str], samples: int) -> DeadLetterListing:
    return dead_letters.list_dead_letters(services=services(), reasons=reasons, samples=samples)


# Without retries: a second attempt would take again what failed since the first one sent it.
@task(cache_policy=NO_CACHE)
def replay_dead_letters(reasons: Sequence[str], *, dry_run: bool) -> ReplayOutcome:
    return dead_letters.replay_dead_letters(services=services(), reasons=reasons, dry_run=dry_run)
