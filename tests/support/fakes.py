"""Every port behind its fake."""

import dataclasses

from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.settings import Settings


def fake_services(**others: object) -> Services:
    """Empty fakes, and *others* in the place of some of them, or of the settings or the clock."""
    fakes = Services(
        settings=Settings(),
        queue=MemoryEventQueue(),
        dead_letters=MemoryEventQueue(),
        usage_store=MemoryUsageStore(),
        objects=MemoryObjectStore(),
        mailer=MemoryMailer(),
        report_queue=MemoryReportQueue(),
    )
    return dataclasses.replace(fakes, **others)  # type: ignore[arg-type] # fields of the bundle
