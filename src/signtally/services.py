"""The ports that a use case is handed, in one value."""

import dataclasses
import datetime as dt
from collections.abc import Callable

from signtally.ports.mail import Mailer
from signtally.ports.objects import ObjectStore
from signtally.ports.queue import EventQueue
from signtally.ports.report_queue import ReportQueue
from signtally.ports.usage_store import UsageStore
from signtally.settings import Settings

Clock = Callable[[], dt.datetime]


def system_clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Built by `signtally.wiring` from the settings, by tests from fakes."""

    settings: Settings
    queue: EventQueue
    dead_letters: EventQueue
    usage_store: UsageStore
    objects: ObjectStore
    mailer: Mailer
    report_queue: ReportQueue
    clock: Clock = system_clock
