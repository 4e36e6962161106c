"""`/healthz`: the process is up. `/readyz`: what it needs answers."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from fastapi import APIRouter, Request

from signtally.api.context import WithServices
from signtally.api.documents import Alive, Ready
from signtally.api.problems import ProblemError, ProblemKind, answers
from signtally.ports.errors import ServiceError
from signtally.services import Services

router = APIRouter(tags=["health"])
_DEADLINE_SECONDS = 5
_NOBODY = "readiness"  # a tenant without rows: the question costs next to nothing
_log = logging.getLogger("signtally.api")


class Probe:
    """One check in a thread of its own: while it hangs, whoever asks waits for the same answer, and for no other's."""

    def __init__(self, name: str, check: Callable[[Services], None]) -> None:
        self._check = check
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"readiness of {name}")
        self._running: Future[None] | None = None

    def answer(self, services: Services) -> "Future[None]":
        if self._running is None or self._running.done():
            self._running = self._thread.submit(self._check, services)
        return self._running


def probes() -> dict[str, Probe]:
    """One for each service that the API cannot do without."""
    return {name: Probe(name, check) for name, check in _CHECKS.items()}


@router.get("/healthz", summary="The process is up")
async def healthz() -> Alive:
    return Alive()


@router.get("/readyz", summary="What it needs answers", responses=answers(ProblemKind.UNAVAILABLE))
async def readyz(request: Request, services: WithServices) -> Ready:
    """503 says in `checks` which service does not answer."""
    waiting: dict[str, Future[None]] = {
        name: probe.answer(services) for name, probe in request.app.state.probes.items()
    }
    await asyncio.wait([asyncio.wrap_future(answer) for answer in waiting.values()], timeout=_DEADLINE_SECONDS)
    checks = {name: _outcome(name, answer) for name, answer in waiting.items()}
    failed = [name for name, outcome in checks.items() if outcome != "ok"]
    if failed:
        raise ProblemError(
            ProblemKind.UNAVAILABLE,
            f"not ready: {' and '.join(failed)} cannot be used; the log says why",
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
    services.stores.freshness.data_through()


def _usage_store_answers(services: Services) -> None:
    today = services.clock().date()
    services.usage_store.daily_usage(first=today, last=today, tenant_ids=[_NOBODY])


_CHECKS: dict[str, Callable[[Services], None]] = {"bucket": _bucket_answers, "usage store": _usage_store_answers}
