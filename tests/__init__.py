"""The tests; what they share is in `tests.support`."""

import os

from tests.support.examples import SOAK

if not SOAK:  # pytest-xdist fills the processors already; as many threads again in each worker would only wait for them
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
