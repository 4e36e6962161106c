"""Trying again what failed for the moment: jittered back-off within a time budget, and an event that cancels it."""

import dataclasses
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from signtally.backoff import backoff_seconds
from signtally.domain.redaction import without_secrets
from signtally.ports.errors import ServiceUnavailableError

Result = TypeVar("Result")
_log = logging.getLogger(__name__)
_LOG_INTERVAL_SECONDS = 15.0


@dataclasses.dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Retries calls that raise ServiceUnavailableError until *budget_seconds* have passed since the first attempt.

    Setting *cancel_event*, from any thread, ends every wait: the attempt that follows is the last one. One policy may
    be shared by many threads.
    """

    cancel_event: threading.Event
    budget_seconds: float
    initial_backoff_seconds: float = 0.2
    max_backoff_seconds: float = 5.0
    _logged_at: list[float] = dataclasses.field(default_factory=list)  # monotonic, the latest; shared by all calls

    def attempts(self) -> Iterator[bool]:
        """Yield before each attempt whether it is the last one, and back off between them."""
        deadline = time.monotonic() + self.budget_seconds
        for attempt in itertools.count():
            is_last = self.cancel_event.is_set() or time.monotonic() >= deadline
            yield is_last
            if is_last:
                return
            wait_seconds = backoff_seconds(
                attempt, initial_seconds=self.initial_backoff_seconds, max_seconds=self.max_backoff_seconds
            )
            self.cancel_event.wait(min(wait_seconds, deadline - time.monotonic()))

    def call(self, function: Callable[[], Result]) -> Result:
        """Return what *function* returns. Raises its ServiceUnavailableError after the last attempt, others at once."""
        for is_last in self.attempts():
            try:
                return function()
            except ServiceUnavailableError as error:
                if is_last:
                    raise
                self.log_retry(error)
        raise AssertionError("the last attempt returns or raises")

    def log_retry(self, error: ServiceUnavailableError) -> None:
        """Log what is being waited for, at most every 15 seconds: a minute of silence looks like a standstill."""
        now = time.monotonic()
        if not self._logged_at or now - self._logged_at[-1] >= _LOG_INTERVAL_SECONDS:
            self._logged_at[:] = [now]
            why = without_secrets(str(error))
            _log.warning("trying again for up to %.0f seconds: %s", self.budget_seconds, why)
