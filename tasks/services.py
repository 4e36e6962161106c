"""The services of this process, built once: a warm worker keeps its connections from run to run."""

import dataclasses
import functools

from signtally import wiring
from signtally.services import Services
from tasks.events import emit


@functools.cache
def services() -> Services:
    return dataclasses.replace(wiring.services(), tell=emit)
