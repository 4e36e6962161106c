"""The import of past actions, as tasks."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from prefect import get_run_logger

from signtally.domain.history_mapping import HistoryMapping
from signtally.history.opening import open_history, read_mapping
from signtally.ports.history import HistoryError, HistorySource
from signtally.use_cases import importing
from signtally.use_cases.importing import Imported, ImportProgress
from tasks.progress import LiveProgress, ProgressState
from tasks.service_tasks import service_task
from tasks.services import services
from tasks.summaries import figures


@service_task(retries=10)  # each goes on where the last one stopped
def import_past_actions(source: str, mapping_file: str | None) -> Imported:
    history, mapping = _opened(source, mapping_file)
    with LiveProgress("import-history") as live:
        return importing.import_history(
            history, mapping=mapping, services=services(), on_progress=_progress_reporter(live)
        )


@service_task()
def forget_import(source: str, mapping_file: str | None) -> None:
    history, mapping = _opened(source, mapping_file)
    importing.forget_import(history, mapping=mapping, services=services())


@service_task()
def first_rejected_rows(imported: Imported, *, limit: int) -> list[dict[str, object]]:
    bodies = importing.rejected_rows(imported, services=services())
    lines = itertools.chain.from_iterable(body.splitlines() for body in bodies)
    return [json.loads(line) for line in itertools.islice(lines, limit)]


def _progress_reporter(live: LiveProgress) -> Callable[[ImportProgress], None]:
    """A line in the run's log every few seconds, and a picture in the UI when it is known how much there is."""

    def report_progress(progress: ImportProgress) -> None:
        get_run_logger().info("%s", progress)
        if progress.fraction is not None:
            rows = figures({**progress.outcome.as_dict(), "rows per second": round(progress.rows_per_second, 1)})
            live.show(ProgressState(progress.fraction, str(progress), rows))

    return report_progress


def _opened(source: str, mapping_file: str | None) -> tuple[HistorySource, HistoryMapping]:
    """Parameters of a run are there for everybody to read: an address with a password is refused."""
    if urlsplit(source).password is not None:
        raise HistoryError(
            "the source is an address with a password, which this run now shows to everybody: change the password, and "
            "give env:NAME, where the variable NAME of the worker holds the address"
        )
    mapping = read_mapping(Path(mapping_file) if mapping_file else None)
    return open_history(source, mapping=mapping), mapping
