"""Trying again what a service could not do now: with jitter, within a budget, and not when the run is to end."""

import dataclasses
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from signtally.ports.errors import ServiceUnavailableError

Result = TypeVar("Result")
log = logging.getLogger(__name__)
_TOLD_EVERY_SECONDS = 15.0


@dataclasses.dataclass(frozen=True, slots=True)
class Patience:
    """*hurry* ends every wait: what fails then has failed."""

    hurry: threading.Event
    budget_seconds: float
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0
    _told: list[float] = dataclasses.field(default_factory=list)  # when somebody was last told, shared by all calls

    def attempts(self) -> Iterator[bool]:
        """Yield before each attempt whether it is the last one; wait longer and longer between them."""
        deadline = time.monotonic() + self.budget_seconds
        longest = self.first_pause_seconds
        while True:
            is_last = self.hurry.is_set() or time.monotonic() >= deadline
            yield is_last
            if is_last:
                return
            self.hurry.wait(random.uniform(0, longest))  # noqa: S311 -- jitter is no secret
            longest = min(longest * 2, self.longest_pause_seconds)

    def call(self, work: Callable[[], Result]) -> Result:
        """Call until it succeeds; raise ServiceUnavailableError when the last attempt does, other errors at once."""
        for is_last in self.attempts():
            try:
                return work()
            except ServiceUnavailableError as error:
                if is_last:
                    raise
                self.tell(error)
        raise AssertionError("the last attempt returns or raises")

    def tell(self, error: ServiceUnavailableError) -> None:
        """Say now and then what is being waited for: silence for a minute looks like a standstill."""
        now = time.monotonic()
        if not self._told or now - self._told[-1] >= _TOLD_EVERY_SECONDS:
            self._told[:] = [now]
            log.warning("trying again for up to %.0f seconds: %s", self.budget_seconds, error)
