"""Trying again what a service could not do now: with jitter, within a budget, and not when the run is to end."""

import dataclasses
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from signtally.ports.errors import ServiceUnavailableError

Result = TypeVar("Result")


@dataclasses.dataclass(frozen=True, slots=True)
class Patience:
    """*hurry* ends every wait: what fails then has failed."""

    hurry: threading.Event
    budget_seconds: float
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0

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
            except ServiceUnavailableError:
                if is_last:
                    raise
        raise AssertionError("the last attempt returns or raises")
