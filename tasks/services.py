"""The services of this process, built once: a warm worker keeps its connections from run to run."""

import dataclasses
import functools
import threading

from signtally import wiring
from signtally.logs import configure_logs
from signtally.measurements import REGISTRY
from signtally.metric_lines import EMF, MetricLines, tell_until_the_end
from signtally.ports.limits import Limits, NoLimits
from signtally.services import Services
from signtally.settings import Settings
from signtally.tracing import start_tracing
from tasks.events import emit
from tasks.limited_mailer import LimitedMailer
from tasks.run_fields import run_fields
from tasks.shared_limits import limits_of_this_process
from tasks.state_metrics import StateCollector

_somebody_waits = threading.Event()  # for what this process does


def take_no_slots() -> None:
    """Before the first call of `services`, where people wait for the work: Prefect may be slow."""
    _somebody_waits.set()


@functools.cache
def services() -> Services:
    """The first call also has this process log, trace and measure as the settings say."""
    configure_logs(run_fields)
    start_tracing("worker")
    settings = Settings()
    limits: Limits = NoLimits()
    if not _somebody_waits.is_set():
        limits = limits_of_this_process()
    built = wiring.services(settings, limits=limits)
    built = dataclasses.replace(built, tell=emit, mailer=LimitedMailer(built.mailer, limits))
    if settings.metrics_format == EMF:
        tell_until_the_end(MetricLines(REGISTRY), StateCollector(built))
    return built
