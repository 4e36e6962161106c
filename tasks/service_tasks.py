"""The decorator of every task that may be repeated: which failures it retries, how often, how long between."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import exponential_backoff

from signtally.domain.operator_events import store_unavailable
from signtally.ports.errors import ServiceUnavailableError
from tasks.events import emit

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def service_task(
    *, retries: int = 3, first_delay_seconds: int = 10, run_name: str | Callable[[], str] | None = None
) -> Callable[[Callable[Parameters, Result]], Task[Parameters, Result]]:
    """A Prefect task without a cache, retried while a service is away; each delay is twice the one before.

    *run_name* is a template over the parameters, such as `shard {index}`, or a function of `tasks.run_names`.
    """

    def decorate(function: Callable[Parameters, Result]) -> Task[Parameters, Result]:
        configured = task(
            task_run_name=run_name,
            retries=retries,
            retry_delay_seconds=exponential_backoff(first_delay_seconds),
            retry_condition_fn=is_transient,
            cache_policy=NO_CACHE,
        )
        return configured(function)

    return decorate


async def is_transient(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether a service could not be reached, of which operators are told.

    A wrong setting or a bug fails at once, without a retry.
    """
    del run
    error = await state.aresult(raise_on_failure=False)
    if not isinstance(error, ServiceUnavailableError):
        return False
    emit(store_unavailable(task.name.replace("_", " "), str(error)))
    return True
