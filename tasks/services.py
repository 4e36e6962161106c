"""The services of this process, built once: a warm worker keeps its connections from run to run."""

import dataclasses
import functools

from signtally import wiring
from signtally.logs import configure_logs
from signtally.services import Services
from tasks.events import emit
from tasks.run_fields import run_fields


@functools.cache
def services() -> Services:
    """The first call also has this process log as `SIGNTALLY_LOG_FORMAT` says, with the ids of the run."""
    configure_logs(run_fields)
    return dataclasses.replace(wiring.services(), tell=emit)
