"""The services of this process, built once: a warm worker keeps its connections from run to run."""

import dataclasses
import functools

from signtally import wiring
from signtally.logs import configure_logs
from signtally.services import Services
from tasks.events import emit
from tasks.metric_lines import write_if_asked
from tasks.run_fields import run_fields


@functools.cache
def services() -> Services:
    """The first call also has this process log and measure as `SIGNTALLY_LOG_FORMAT` and `_METRICS_FORMAT` say."""
    configure_logs(run_fields)
    built = dataclasses.replace(wiring.services(), tell=emit)
    write_if_asked(built)
    return built
