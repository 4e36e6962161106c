"""One task run several times at once, each time with other parameters, by the task runner that a setting chooses.

A batch of tenants is worth what starting a task costs. One process works on it alone: it reads and stores, and one
rendering process of its own makes the files, so that as many batches at a time as there are processors use them up.
"""

import dataclasses
import functools
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from prefect import Task, get_run_logger
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from signtally.domain.batches import batched
from signtally.domain.counted import counted
from signtally.setting_values import DASK, PROCESSES, THREADS
from signtally.settings import Settings

Outcome = TypeVar("Outcome")
Parameters = Mapping[str, Any]
_BATCH_LEAST, _BATCH_MOST = 10, 25  # tenants: from what is worth a process to some ten seconds, lost if it dies
_BATCHES_A_PROCESSOR = 4  # so that the last ones end at about the same time


@dataclasses.dataclass(frozen=True, slots=True)
class FannedOut(Generic[Outcome]):
    """The outcomes of the runs that ended well, in order, and the errors of the others."""

    outcomes: list[Outcome]
    errors: list[Exception]

    def raise_first(self) -> None:
        """Raise what went wrong, if anything did; each task run shows its own error."""
        if self.errors:
            raise self.errors[0]


def tenant_batches(tenant_ids: Sequence[str]) -> list[Parameters]:
    """Parameters of a task that takes *tenant_ids*; neighbours stay together."""
    even = math.ceil(len(tenant_ids) / ((os.cpu_count() or 1) * _BATCHES_A_PROCESSOR))
    size = min(max(even, _BATCH_LEAST), _BATCH_MOST)
    return [{"tenant_ids": batch} for batch in batched(tenant_ids, size)]


def fan_out(
    task: Task[..., Outcome], calls: Sequence[Parameters], *, settings: Settings | None = None
) -> FannedOut[Outcome]:
    """Run *task* once for each of the *calls*; one that fails stops no other. A single one runs in this process."""
    if len(calls) <= 1:
        return _collected([functools.partial(task, **call) for call in calls])
    chosen = settings or Settings()
    get_run_logger().info("%s of %s, by %s", counted(len(calls), "run"), task.name, chosen.task_runner)
    with task_runner(chosen) as runner:
        return _collected([runner.submit(task, dict(call)).result for call in calls])


def task_runner(settings: Settings) -> TaskRunner[Any]:
    """Where the runs of a task go: threads of this process, processes of this machine, or a Dask cluster's workers."""
    if settings.task_runner == THREADS:
        return ThreadPoolTaskRunner(max_workers=settings.render_processes)
    if settings.task_runner == PROCESSES:
        return ProcessPoolTaskRunner()
    from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415 -- of the extra `dask`, which only clusters need

    return DaskTaskRunner(address=f"tcp://{settings.task_runner.removeprefix(DASK)}")


def _collected(runs: Iterable[Callable[[], Outcome]]) -> FannedOut[Outcome]:
    outcomes, errors = list[Outcome](), list[Exception]()
    for run in runs:
        try:
            outcomes.append(run())
        except Exception as error:  # noqa: BLE001 -- the flow raises it when all have ended
            errors.append(error)
    return FannedOut(outcomes, errors)
