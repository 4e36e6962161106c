"""The drain of the queue, as a task."""

from collections.abc import Callable

from prefect import get_run_logger

from signtally.domain.counted import counted
from signtally.use_cases import ingesting
from signtally.use_cases.ingesting import IngestOutcome, IngestProgress
from tasks.progress import LiveProgress, ProgressState
from tasks.service_tasks import service_task
from tasks.services import services
from tasks.spoken import spoken
from tasks.summaries import Row, figures


@service_task()
def drain_queue(consumers: int, time_budget_seconds: int) -> IngestOutcome:
    with LiveProgress("ingest") as live:
        return ingesting.drain(
            services=services(),
            consumers=consumers,
            budget_seconds=time_budget_seconds,
            on_progress=_progress_reporter(live),
        )


def _progress_reporter(live: LiveProgress) -> Callable[[IngestProgress], None]:
    """What every few seconds writes a line in the run's log and changes the picture in the UI."""
    earlier: IngestProgress | None = None

    def report_progress(progress: IngestProgress) -> None:
        nonlocal earlier
        summary = _summary(progress, earlier)
        get_run_logger().info(summary)
        if progress.backlog or live.is_shown:  # a run that is over at its first look has its summary
            live.show(ProgressState(progress.share_done, summary, progress_rows(progress, earlier)))
        earlier = progress

    return report_progress


def _summary(progress: IngestProgress, earlier: IngestProgress | None) -> str:
    """In one line: the present pace, or at the end that of the whole run."""
    pace = progress.events_per_second_since(earlier) if progress.backlog else progress.events_per_second
    return (
        f"{counted(progress.outcome.received, 'event', grouped=True)} received, {pace:,.0f} a second; "
        f"{counted(progress.visible, 'message waits', 'messages wait', grouped=True)}, {progress.in_flight:,} in flight"
    )


def progress_rows(progress: IngestProgress, earlier: IngestProgress | None) -> list[Row]:
    """What an operator sees of a run while it lasts; the present pace is the one since the *earlier* look."""
    outcome = progress.outcome
    return figures(
        {
            "events received": outcome.received,
            "stored": outcome.stored,
            "duplicates": outcome.duplicates,
            "dead letters": outcome.dead_letters,
            "events per second, now": round(progress.events_per_second_since(earlier), 1),
            "events per second, since the start": round(progress.events_per_second, 1),
            "messages waiting": progress.visible,
            "messages in flight": progress.in_flight,
            "age of the oldest message in flight": spoken(progress.oldest_age),
            "time left at this pace": spoken(progress.time_left(earlier)),
            "seconds since the start": round(progress.seconds, 1),
            "at": progress.at.isoformat(timespec="seconds"),
        }
    )
