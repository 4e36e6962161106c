"""How fast SES lets an account send: emails are spaced, so that throttling is the exception and not the rule."""

import threading
import time
from collections.abc import Callable

_FRESH_SECONDS = 600  # an account's rate rises by and by
_BURST_SECONDS = 1.0  # SES counts by the second


class SendRate:
    """Spaces sends of one process; *read* returns the emails a second, None when it is not known. Thread-safe."""

    def __init__(
        self,
        read: Callable[[], float | None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._read = read
        self._monotonic = monotonic
        self._wait = wait
        self._lock = threading.Lock()
        self._rate: float | None = None
        self._read_at = float("-inf")
        self._next_at = float("-inf")

    def wait_for_turn(self) -> None:
        """Return when the next email may go out; at once, when the rate is not known."""
        with self._lock:
            now = self._monotonic()
            if now - self._read_at > _FRESH_SECONDS:
                self._rate, self._read_at = self._read(), now
            if not self._rate:
                return
            turn = max(self._next_at, now - _BURST_SECONDS)
            self._next_at = turn + 1 / self._rate
        if turn > now:
            self._wait(turn - now)
