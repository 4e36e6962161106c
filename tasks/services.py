"""The services of this process, built once: a warm worker keeps its connections from run to run."""

import functools

from signtally import wiring
from signtally.services import Services


@functools.cache
def services() -> Services:
    return wiring.services()
