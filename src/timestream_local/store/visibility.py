"""The instant from which a written record can be read: at once, or later while a lag mode is on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visibility:
    """The lags in force at one instant, in nanoseconds."""

    now_ns: int
    memory_from_ns: int
    lag_ns: int = 0
    magnetic_lag_ns: int = 0

    def __call__(self, time_ns: int) -> int:
        """Return the instant from which a record of *time_ns*, written now, is readable; 0 for at once."""
        lag = self.lag_ns if time_ns >= self.memory_from_ns else max(self.lag_ns, self.magnetic_lag_ns)
        return self.now_ns + lag if lag else 0
