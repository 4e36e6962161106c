"""How much a run tries: small sizes in `make test`; full sizes and ten times as many examples in `make soak`."""

import os
import time

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
_SOAK_FACTOR = 10
_BEGAN = time.monotonic()
_SOAK_SECONDS = 60 * float(os.environ.get("SOAK_MINUTES", "60"))


def examples(few: int, *, soak: int | None = None) -> int:
    """Return the `max_examples` of a law that is tried *few* times in `make test`; in soak *soak*, else ten times that.

    A number written straight into `@settings` would win over the profile, and soak would never look deeper.
    """
    return (soak or few * _SOAK_FACTOR) if SOAK else few


def sized(gate: int, *, soak: int) -> int:
    """Return how much work a test does: *gate* in `make test`, *soak* in `make soak`."""
    return soak if SOAK else gate


def time_is_up() -> bool:
    """Return whether a soak has run for SOAK_MINUTES; `make test` always runs everything."""
    return SOAK and time.monotonic() - _BEGAN > _SOAK_SECONDS
