"""`/healthz`: the process is up. `/readyz`: what it needs answers."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from fastapi import APIRouter

from signtally.api.context import WithServices
from signtally.api.documents import Alive, Ready
from signtally.api.problems import ProblemError, ProblemKind, answers
from signtally.ports.errors import ServiceError
from signtally.services import Services
from signtally.stores.freshness import Freshness

router = APIRouter(tags=["health"])
_DEADLINE_SECONDS = 5
_NOBODY = "readiness"  # a tenant without rows: the question costs next to nothing
# As many threads as checks: while one hangs, later probes wait for it instead of piling up more.
_probes = ThreadPoolExecutor(2, thread_name_prefix="readiness")
_log = logging.getLogger("signtally.api")


@router.get("/healthz", summary="The process is up")
def healthz() -> Alive:
    return Alive()


@router.get("/readyz", summary="What it needs answers", responses=answers(ProblemKind.UNAVAILABLE))
def readyz(services: WithServices) -> Ready:
    """503 says in `checks` which service does not answer."""
    waiting = {name: _probes.submit(check, services) for name, check in _CHECKS.items()}
    wait(waiting.values(), timeout=_DEADLINE_SECONDS)
    checks = {name: _outcome(name, probe) for name, probe in waiting.items()}
    failed = [name for name, outcome in checks.items() if outcome != "ok"]
    if failed:
        raise ProblemError(
            ProblemKind.UNAVAILABLE,
            f"not ready: {' and '.join(failed)} cannot be used; the log says why",
            headers={"Retry-After": "5"},
            members={"checks": checks},
        )
    return Ready(checks=checks)


def _outcome(name: str, probe: "Future[None]") -> str:
    if not probe.done():
        probe.cancel()
        return f"no answer within {_DEADLINE_SECONDS} seconds"
    try:
        probe.result()
    except ServiceError as error:
        _log.warning("%s is not ready: %s", name, error)
        return type(error).__name__.removesuffix("Error")
    return "ok"


def _bucket_answers(services: Services) -> None:
    Freshness(services.objects).data_through()


def _usage_store_answers(services: Services) -> None:
    today = services.clock().date()
    services.usage_store.daily_usage(first=today, last=today, tenant_ids=[_NOBODY])


_CHECKS: dict[str, Callable[[Services], None]] = {"bucket": _bucket_answers, "usage store": _usage_store_answers}
