"""The progress of a running task in the Prefect UI: a bar and a table that are updated."""

import contextvars
import dataclasses
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, cast
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate

from tasks.summaries import Row

_TABLE_TEXT = "Where this run is"


@dataclasses.dataclass(frozen=True, slots=True)
class ProgressState:
    share_done: float  # from 0 to 1
    summary: str  # in one line, beside the bar
    rows: Sequence[Row]


class LiveProgress:
    """Publishes the artifacts `KEY-progress` and `KEY-now`, from the first state on; a context manager for tasks.

    Only the newest state is published, on a thread of its own: a slow Prefect server misses states and does not delay
    the work; one that does not answer costs a warning in the log.
    """

    def __init__(self, key: str) -> None:
        self.is_shown = False
        self._key = key
        self._artifacts: tuple[UUID, UUID] | None = None
        self._newest: ProgressState | None = None
        self._publisher = ThreadPoolExecutor(1, thread_name_prefix="progress")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until the newest state is published."""
        del kind, error, trace
        self._publisher.shutdown()

    def show(self, state: ProgressState) -> None:
        """Return at once."""
        self.is_shown = True
        self._newest = state
        # Artifacts and log lines belong to a run, which Prefect knows by the context.
        self._publisher.submit(contextvars.copy_context().run, self._publish, state)

    def _publish(self, state: ProgressState) -> None:
        if state is not self._newest:
            return  # a newer one waits behind it
        try:
            if self._artifacts is None:
                self._artifacts = self._create(state)
            else:
                self._update(self._artifacts, state)
        except Exception as error:  # noqa: BLE001 -- the work goes on, whether it can be watched or not
            get_run_logger().warning("the progress could not be shown: %s", error)

    def _create(self, state: ProgressState) -> tuple[UUID, UUID]:
        bar = create_progress_artifact(_percent(state), key=f"{self._key}-progress", description=state.summary)
        table = create_table_artifact(_table(state), key=f"{self._key}-now", description=_TABLE_TEXT)
        return cast("UUID", bar), cast("UUID", table)  # Prefect's types say that each may be a coroutine

    def _update(self, artifacts: tuple[UUID, UUID], state: ProgressState) -> None:
        bar, table = artifacts
        update_progress_artifact(bar, _percent(state), description=state.summary)
        with get_client(sync_client=True) as client:
            client.update_artifact(table, ArtifactUpdate(data=json.dumps(_table(state))))


def _percent(state: ProgressState) -> float:
    return round(state.share_done * 100, 1)


def _table(state: ProgressState) -> list[dict[str, object]]:
    return [dict(row) for row in state.rows]
