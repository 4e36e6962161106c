"""Queues with dead letters of an operator, one of which takes nothing when told to."""

import datetime as dt
from collections.abc import Sequence

from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceError
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.settings import Settings
from tests.support.clocks import Clock

START = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)


class TroubledQueue(MemoryEventQueue):
    """Refuses every send that holds the body *poison*; has no room for others once *away*."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock, sleep=clock.advance)
        self.poison: str | None = None
        self.away: ServiceError | None = None
        self.sends_before_away = 0

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        if any(message.body == self.poison for message in messages):
            raise ServiceError("the queue is made for smaller messages")
        if self.away is not None and self.sends_before_away <= 0:
            raise self.away
        self.sends_before_away -= 1
        super().send(messages)


def services_over(clock: Clock, queue: TroubledQueue, dead_letters: MemoryEventQueue) -> Services:
    return Services(
        settings=Settings(clock_skew=dt.timedelta(0)),
        queue=queue,
        dead_letters=dead_letters,
        usage_store=MemoryUsageStore(),
        objects=MemoryObjectStore(),
        mailer=MemoryMailer(),
        report_queue=MemoryReportQueue(),
        clock=clock,
    )


def put(services: Services, reason: str | None, number: int = 1, **attributes: str) -> None:
    """*number* letters of a reason, a second apart; without one, as SQS's own redrive leaves them."""
    given = attributes if reason is None else {"reason": reason, "detail": "why", **attributes}
    for _ in range(number):
        services.dead_letters.send([OutgoingMessage(f"body of {reason}", given)])
        services.clock.advance(1)  # type: ignore[attr-defined]
