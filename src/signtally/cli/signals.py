"""What SIGINT (Ctrl-C) and SIGTERM do to a command."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let both raise KeyboardInterrupt, even where a shell started us in the background with SIGINT ignored."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Let the first signal set the event that is yielded, and the second one do what it did before this block.

    When the block ends, a signal that came is raised again: the process dies of it, after it has finished its work.
    Main thread only.
    """
    stop = threading.Event()
    caught: list[int] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def request_stop(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        restore()
        stop.set()

    for number in _SIGNALS:
        signal.signal(number, request_stop)
    try:
        yield stop
    finally:
        restore()
    if caught:
        signal.raise_signal(caught[0])
