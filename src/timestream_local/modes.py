"""Modes for tests, all off by default: reads that lag behind writes, and throttled calls."""

from dataclasses import dataclass, fields
from typing import Any

from timestream_local.protocol.errors import ValidationError


@dataclass(frozen=True, slots=True)
class Modes:
    """What is switched on.

    *read_lag_seconds*: records become readable so long after they were accepted (reads are eventually consistent).
    *magnetic_lag_seconds*: the same for records that go to the magnetic store (up to six hours in the real one).
    *throttle_next*: so many of the next calls are refused with a ThrottlingException.
    *throttle_share*: this share of all calls, 0 to 1, evenly spread, is refused with a ThrottlingException.
    """

    read_lag_seconds: float = 0.0
    magnetic_lag_seconds: float = 0.0
    throttle_next: int = 0
    throttle_share: float = 0.0

    @classmethod
    def parse(cls, given: dict[str, Any], *, current: "Modes") -> "Modes":
        """Return *current* with what *given* changes."""
        known = {field.name: getattr(current, field.name) for field in fields(cls)}
        for name, value in given.items():
            if name not in known:
                raise ValidationError(f"There is no mode '{name}'; there are {', '.join(known)}.")
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValidationError(f"The mode '{name}' takes a number from 0 on.")
            known[name] = type(known[name])(value)
        return cls(**known)


class Throttle:
    """Decides which calls are refused, without chance: the same calls give the same refusals."""

    def __init__(self) -> None:
        self._next = 0
        self._due = 0.0

    def arm(self, modes: Modes) -> None:
        self._next = modes.throttle_next
        self._due = 0.0

    def refuses(self, modes: Modes) -> bool:
        if self._next > 0:
            self._next -= 1
            return True
        self._due += min(modes.throttle_share, 1.0)
        if self._due >= 1.0:
            self._due -= 1.0
            return True
        return False
