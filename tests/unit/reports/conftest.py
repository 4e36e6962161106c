"""Services over memory whose clock, queue and store tests control: what reports that are asked for need."""

import pytest

from signtally.memory.report_queue import MemoryReportQueue
from signtally.services import Services
from tests.support.asked_reports import NOW, FragileStore, services_over
from tests.support.clocks import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def store() -> FragileStore:
    return FragileStore()


@pytest.fixture
def queue() -> MemoryReportQueue:
    return MemoryReportQueue()


@pytest.fixture
def services(clock: Clock, store: FragileStore, queue: MemoryReportQueue) -> Services:
    return services_over(clock, store, queue)
