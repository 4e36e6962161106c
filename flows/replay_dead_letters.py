"""Another try for what could not be counted, when its cause is mended."""

from prefect import flow

from signtally.domain.dead_letter_queues import QueueName
from signtally.use_cases.dead_letters import ReplayOutcome
from tasks import dead_letters
from tasks.failures import explain_failure
from tasks.summaries import figures, publish_summary


@flow(name="replay-dead-letters", on_failure=[explain_failure], on_crashed=[explain_failure])
def replay_dead_letters(
    reasons: list[str] | None = None,
    dry_run: bool = False,  # noqa: FBT001, FBT002 -- fields of the operator's form
    queue: QueueName = QueueName.EVENTS,
) -> ReplayOutcome:
    """Send the dead letters that are there now to their queue again, all or those of *reasons*; each goes once."""
    outcome = dead_letters.replay_dead_letters(reasons or [], dry_run=dry_run, queue=queue)
    description = "What would have gone back to the queue" if dry_run else "What went back to the queue"
    publish_summary("replay-dead-letters", figures(outcome.as_dict()), description=description)
    return outcome
