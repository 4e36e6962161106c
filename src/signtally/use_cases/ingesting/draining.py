"""A whole drain of the queue: until it is empty, the budget is used up, or somebody asks it to stop."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from signtally.domain.ingest_outcome import IngestOutcome, IngestProgress
from signtally.services import Services
from signtally.use_cases.ingesting.pace import IngestPace
from signtally.use_cases.ingesting.run import IngestRun

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def drain(
    *,
    services: Services,
    budget_seconds: float | None = None,
    consumers: int = 4,
    pace: IngestPace | None = None,
    on_progress: Callable[[IngestProgress], None] = lambda _: None,
) -> IngestOutcome:
    """Return when nothing is visible and nothing is in flight any more, whoever holds it, or at the budget's end.

    Any number of drains may run at once, in threads, processes or machines. An event is written, noted for
    aggregation, and only then is its message deleted; killed at any moment, a run loses nothing and doubles nothing.
    *on_progress* is called every few seconds. Raise a ServiceError with what was in hand given back to the queue.
    """
    run = IngestRun(services, consumers=consumers, pace=pace or IngestPace(), on_progress=on_progress)
    with _finishing_on_signals(run.stop):
        return run.run(budget_seconds=budget_seconds)


@contextlib.contextmanager
def _finishing_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """On Ctrl-C or SIGTERM finish what is in hand, then let the signal do its work; a second one does it at once.

    Only the main thread can; elsewhere, as under Prefect, whoever runs the thread decides.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    previous = {number: signal.getsignal(number) for number in _STOP_SIGNALS}

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    def finish(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        restore()
        stop()

    for number in _STOP_SIGNALS:
        signal.signal(number, finish)
    try:
        yield
    finally:
        restore()
    if caught:
        signal.raise_signal(caught[0])
