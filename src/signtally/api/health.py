"""`/healthz`: the process runs. `/readyz`: the services that it needs answer."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from fastapi import APIRouter, Request

from signtally.api.context import ServicesDep
from signtally.api.documents import Alive, Ready
from signtally.api.problems import ProblemError, ProblemKind, problem_responses
from signtally.ports.errors import ServiceError
from signtally.services import Services

router = APIRouter(tags=["health"])
_DEADLINE_SECONDS = 5
_NOBODY = "readiness"  # a tenant without rows, so that the query costs next to nothing
_log = logging.getLogger("signtally.api")


class Probe:
    """One check, run on a thread of its own; calls that come while it runs wait for the same result.

    So a service that hangs occupies one thread, and the other checks still answer.
    """

    def __init__(self, name: str, check: Callable[[Services], None]) -> None:
        self._check = check
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"readiness of {name}")
        self._running: Future[None] | None = None

    def answer(self, services: Services) -> "Future[None]":
        if self._running is None or self._running.done():
            self._running = self._thread.submit(self._check, services)
        return self._running


def probes() -> dict[str, Probe]:
    """One probe for each service that the API needs, by its name."""
    return {name: Probe(name, check) for name, check in _CHECKS.items()}


@router.get("/healthz", summary="The process runs")
async def healthz() -> Alive:
    return Alive()


@router.get("/readyz", summary="The services it needs answer", responses=problem_responses(ProblemKind.UNAVAILABLE))
async def readyz(request: Request, services: ServicesDep) -> Ready:
    """A 503 names in `checks` the service that does not answer."""
    waiting: dict[str, Future[None]] = {
        name: probe.answer(services) for name, probe in request.app.state.probes.items()
    }
    await asyncio.wait([asyncio.wrap_future(answer) for answer in waiting.values()], timeout=_DEADLINE_SECONDS)
    checks = {name: _outcome(name, answer) for name, answer in waiting.items()}
    failed = [name for name, outcome in checks.items() if outcome != "ok"]
    if failed:
        raise ProblemError(
            ProblemKind.UNAVAILABLE,
            f"Not ready: {' and '.join(failed)} cannot be used. The log has the reason.",
            headers={"Retry-After": "5"},
            members={"checks": checks},
        )
    return Ready(checks=checks)


def _outcome(name: str, answer: "Future[None]") -> str:
    if not answer.done():
        return f"no answer within {_DEADLINE_SECONDS} seconds"
    try:
        answer.result()
    except ServiceError as error:
        _log.warning("%s is not ready: %s", name, error)
        return type(error).__name__.removesuffix("Error")
    return "ok"


def _bucket_answers(services: Services) -> None:
    services.stores.watermarks.data_through()


def _usage_store_answers(services: Services) -> None:
    today = services.clock().date()
    services.usage_store.daily_usage(first=today, last=today, tenant_ids=[_NOBODY])


_CHECKS: dict[str, Callable[[Services], None]] = {"bucket": _bucket_answers, "usage store": _usage_store_answers}
