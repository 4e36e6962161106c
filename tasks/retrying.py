"""When a task is worth another try."""

from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from signtally.ports.errors import ServiceUnavailableError


async def passing_trouble(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Retry while a service cannot be reached; a wrong setting or a bug fails at once."""
    del task, run
    return isinstance(await state.aresult(raise_on_failure=False), ServiceUnavailableError)
