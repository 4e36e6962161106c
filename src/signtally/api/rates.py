"""How many calls, and orders, a tenant may make a minute: what one asks for must not slow down the others."""

import time
from typing import Annotated

from fastapi import Depends, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from signtally.api.auth import Caller, authenticated
from signtally.api.problems import ProblemError, ProblemKind
from signtally.domain.counted import counted
from signtally.settings import Settings


class TenantRates:
    """The limits of one process, by tenant; several processes behind a balancer each have their own."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._calls = _limit(settings.calls_per_minute)
        self._orders = _limit(settings.orders_per_minute)

    def count_call(self, tenant_id: str) -> None:
        """Raises ProblemError (429) when the tenant has made its calls of this minute."""
        self._count(self._calls, "call", tenant_id)

    def count_order(self, tenant_id: str) -> None:
        """Raises ProblemError (429) when the tenant has ordered its reports of this minute."""
        self._count(self._orders, "order", tenant_id)

    def _count(self, limit: RateLimitItemPerMinute | None, what: str, tenant_id: str) -> None:
        if limit is None or self._limiter.hit(limit, what, tenant_id):
            return
        window = self._limiter.get_window_stats(limit, what, tenant_id)
        seconds = max(1, round(window.reset_time - time.time()))
        raise ProblemError(
            ProblemKind.TOO_MANY_REQUESTS,
            f"Your organization has made its {counted(limit.amount, what, grouped=True)} of this minute. "
            f"Try again in {counted(seconds, 'second')}.",
            headers={"Retry-After": str(seconds)},
        )


def _limit(amount: int) -> RateLimitItemPerMinute | None:
    return RateLimitItemPerMinute(amount) if amount else None


async def count_order(request: Request, caller: Annotated[Caller, Depends(authenticated)]) -> None:
    """A dependency of calls that order a report. Raises ProblemError (429)."""
    rates: TenantRates = request.app.state.rates
    rates.count_order(caller.tenant_id)
