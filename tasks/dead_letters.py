"""The dead letters, as tasks."""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from signtally.domain.dead_letter_queues import QueueName
from signtally.use_cases import dead_letters
from signtally.use_cases.dead_letters import DeadLetterListing, ReplayOutcome
from tasks.service_tasks import service_task
from tasks.services import services


@service_task()
def list_dead_letters(reasons: Sequence[str], samples: int, queue: QueueName) -> DeadLetterListing:
    return dead_letters.list_dead_letters(services=services(), reasons=reasons, samples=samples, queue=queue)


# Without retries: a second attempt would take again what failed since the first one sent it.
@task(cache_policy=NO_CACHE)
def replay_dead_letters(reasons: Sequence[str], *, dry_run: bool, queue: QueueName) -> ReplayOutcome:
    return dead_letters.replay_dead_letters(services=services(), reasons=reasons, dry_run=dry_run, queue=queue)
