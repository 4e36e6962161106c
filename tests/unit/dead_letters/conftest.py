"""A queue that can be in trouble, its dead letters, and the services over both."""

import pytest

from signtally.memory.queue import MemoryEventQueue
from signtally.services import Services
from tests.support.clocks import Clock
from tests.support.dead_letter_queues import START, TroubledQueue, services_over


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def queue(clock: Clock) -> TroubledQueue:
    return TroubledQueue(clock)


@pytest.fixture
def dead_letters(clock: Clock) -> MemoryEventQueue:
    return MemoryEventQueue(clock=clock, sleep=clock.advance)


@pytest.fixture
def services(clock: Clock, queue: TroubledQueue, dead_letters: MemoryEventQueue) -> Services:
    return services_over(clock, queue, dead_letters)
