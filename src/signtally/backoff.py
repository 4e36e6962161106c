"""How long to wait before a call is tried again."""

import random


def backoff_seconds(attempt: int, *, initial_seconds: float, max_seconds: float) -> float:
    """A random wait between 0 and `initial_seconds * 2**attempt`, at most *max_seconds*; *attempt* counts from 0.

    The whole wait is random ("full jitter"), so that callers who failed together do not come back together.
    """
    longest = min(max_seconds, initial_seconds * 2 ** min(attempt, 60))
    return random.uniform(0, longest)  # noqa: S311 -- jitter is no secret
