"""How many calls are worked on at once: a service that stalls may hold up a few, never all of them."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, Request

from signtally.api.problems import ProblemError, ProblemKind

_WAIT_SECONDS = 3


class Places:
    """So many calls at once; the next waits a moment for a place, and then is told to come again."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    async def take(self) -> None:
        """Raise ProblemError when none becomes free in time."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise ProblemError(
                ProblemKind.UNAVAILABLE,
                "too many calls of this kind wait for an answer just now, as they do while a service does not work: "
                "try again in a few seconds",
                headers={"Retry-After": "5"},
            ) from None

    def give_back(self) -> None:
        self._free.release()


@dataclasses.dataclass(frozen=True, slots=True)
class Seating:
    """The places of one application, apart for calls that wait for different services.

    Together they leave some of the 40 threads that answers are made in, so that what waits for nothing never waits.
    """

    figures: Places = dataclasses.field(default_factory=lambda: Places(16))  # the usage store
    orders: Places = dataclasses.field(default_factory=lambda: Places(6))  # Prefect, after the usage store
    others: Places = dataclasses.field(default_factory=lambda: Places(12))  # the bucket


def seated(kind: str) -> Any:  # noqa: ANN401 -- as FastAPI's Depends
    """A dependency that takes a place of this *kind* once the request is read, and has it until the answer is made."""

    async def sit(request: Request) -> AsyncIterator[None]:
        places: Places = getattr(request.app.state.seating, kind)
        await places.take()
        try:
            yield
        finally:
            places.give_back()

    return Depends(sit, scope="function")
