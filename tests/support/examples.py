"""How many examples a law is tried with: a few in every run, ten times as many in `make soak`."""

import os

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
_SOAK_FACTOR = int(os.environ.get("SOAK_FACTOR", "10"))


def examples(few: int) -> int:
    """Return the `max_examples` of a law that is tried *few* times in `make test`.

    A number written straight into `@settings` would win over the profile, and soak would never look deeper.
    """
    return few * _SOAK_FACTOR if SOAK else few


def sized(gate: int, *, soak: int) -> int:
    """Return how much work a test does: *gate* in `make test`, *soak* in `make soak`."""
    return soak if SOAK else gate
