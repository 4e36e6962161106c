"""What could not be counted, and why: a table for operators."""

from collections.abc import Iterator

from prefect import flow

from signtally.domain.counted import counted
from signtally.domain.dead_letter_queues import QueueName
from signtally.domain.dead_letters import without_names
from signtally.use_cases.dead_letters import DeadLetterListing, ReasonSummary
from tasks.dead_letters import list_dead_letters
from tasks.failures import explain_failure
from tasks.run_names import due_by
from tasks.summaries import Row, publish_summary


@flow(name="dead-letters", flow_run_name=due_by, on_failure=[explain_failure], on_crashed=[explain_failure])
def dead_letters(
    reasons: list[str] | None = None, samples: int = 3, queue: QueueName = QueueName.EVENTS
) -> DeadLetterListing:
    """Count a queue's dead letters by reason and show some of each; every dead letter stays where it is."""
    listing = list_dead_letters(reasons or [], samples, queue)
    rows = [row for summary in listing.reasons for row in _rows(summary)]
    seen = "all of them" if listing.is_complete else "and there may be more"
    description = (
        f"{counted(listing.total, 'dead letter')}: {seen}; {listing.in_flight_elsewhere} in flight to other readers"
    )
    if listing.other_queues:
        others = ", ".join(f"{name} about {count:,}" for name, count in listing.other_queues.items())
        description += f"; other queues have some too: {others}"
    publish_summary("dead-letters", rows or [{"reason": "none", "number": 0}], description=description)
    return listing


def _rows(summary: ReasonSummary) -> Iterator[Row]:
    """The reason's figures, then one row a sample."""
    yield {
        "reason": summary.reason,
        "number": summary.count,
        "replayed": summary.replayed,
        "first": summary.oldest.isoformat(timespec="seconds"),
        "last": summary.newest.isoformat(timespec="seconds"),
        "detail": summary.explanation,
        "body": "",
    }
    for sample in summary.samples:
        sent_at = sample.sent_at.isoformat(timespec="seconds")
        yield {
            "reason": f"{summary.reason}: sample",
            "number": "",
            "replayed": sample.replays,
            "first": sent_at,
            "last": sent_at,
            "detail": sample.detail,
            "body": without_names(sample.body),
        }
