"""How many calls run at once: a stalled service can hold up a few of them, never all."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency

from signtally.api.auth import Caller, authenticated
from signtally.api.problems import ProblemError, ProblemKind

_WAIT_SECONDS = 3
_ORDER_WAIT_SECONDS = 30  # whoever orders waits rather than is refused: hundreds order at once
THREADS = 48  # that answer requests


class ConcurrencyLimit:
    """A semaphore: a call waits up to *wait_seconds* for a slot, else it is answered 503 with Retry-After."""

    def __init__(self, slots: int, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        self._slots = asyncio.Semaphore(slots)
        self._wait_seconds = wait_seconds

    async def acquire(self, *, wait_seconds: float | None = None) -> None:
        """Raises ProblemError when no slot becomes free in time, that of the limit unless *wait_seconds* is given."""
        try:
            async with asyncio.timeout(self._wait_seconds if wait_seconds is None else wait_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise ProblemError(
                ProblemKind.UNAVAILABLE,
                "The service is busy: too many requests of this kind are waiting. Try again in a few seconds.",
                headers={"Retry-After": "5"},
            ) from None

    @property
    def free(self) -> int:
        """Calls that may begin at once."""
        return self._slots._value  # noqa: SLF001 -- asyncio keeps the count to itself

    def release(self) -> None:
        self._slots.release()


@dataclasses.dataclass(frozen=True, slots=True)
class Bulkheads:
    """The limits of one application: one for each service that calls wait for.

    Together they leave 8 of the THREADS that answer requests free, so that calls which wait for no service are never
    delayed.
    """

    figures: ConcurrencyLimit = dataclasses.field(default_factory=lambda: ConcurrencyLimit(16))  # the usage store
    orders: ConcurrencyLimit = dataclasses.field(  # the bucket, then the queue
        default_factory=lambda: ConcurrencyLimit(12, wait_seconds=_ORDER_WAIT_SECONDS)
    )
    others: ConcurrencyLimit = dataclasses.field(default_factory=lambda: ConcurrencyLimit(12))  # the bucket

    def by_kind(self) -> dict[str, ConcurrencyLimit]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def limit_concurrency(
    kind: Literal["figures", "orders", "others"], *, after: Callable[..., Any] = authenticated
) -> Dependency:
    """A FastAPI dependency that holds a slot of this *kind* from the parsed request until the answer is made.

    *after* is the dependency that must be met before: whoever brings no good token takes no slot. Who is of a
    suspended tenant is refused.
    """

    async def hold_slot(request: Request, found: Annotated[object, Depends(after)]) -> AsyncIterator[None]:
        limit: ConcurrencyLimit = getattr(request.app.state.bulkheads, kind)
        await limit.acquire()
        try:
            if isinstance(found, Caller):
                await request.app.state.tenant_access.require_active(found.tenant_id)
            yield
        finally:
            limit.release()

    dependency: Dependency = Depends(hold_slot, scope="function")
    return dependency
