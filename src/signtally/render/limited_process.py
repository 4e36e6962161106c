"""The program of one rendering process: makes the files that it is told to, and ends when nobody is there to tell it.

It limits its own memory, and a clock of the system ends it when a file takes too long and its parent is gone too. It
imports what renders, and nothing that talks to a service.
"""

import gc
import importlib
import resource
import signal
import sys
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from signtally.render.handing_over import call_of

_GRACE_SECONDS = 10  # within which the parent acts first, and says why

OUT_OF_MEMORY = "out of memory"
READY = "ready"  # what a process says first: the time of its start is no file's
START_SECONDS = 60


def main() -> None:
    descriptor, seconds, mebibytes, target = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    signal.alarm(START_SECONDS + _GRACE_SECONDS)
    # Not the address space, most of which libraries map and never touch.
    most = int(mebibytes) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection: Connection = Connection(int(descriptor))
    importlib.import_module(target)
    connection.send(READY)
    while True:
        signal.alarm(0)
        try:
            parts = _parts(connection.recv_bytes(), connection)
            signal.alarm(max(int(seconds), START_SECONDS) + _GRACE_SECONDS)
            answer = _answer(target, parts)
            for _ in parts:  # those that an error left unread: the parent listens when it has sent them all
                pass
            connection.send(answer)
        except (EOFError, OSError):
            return
        if not gc.get_freeze_count():
            gc.freeze()  # what a first file has loaded stays, and need not be looked through for garbage
        if answer[1] == OUT_OF_MEMORY:
            return  # what is left is in pieces; the next file begins in a new process


def _parts(first: bytes, connection: Connection) -> Iterator[bytes]:
    """Those of one call, which ends with an empty one."""
    yield first
    while part := connection.recv_bytes():
        yield part


def _answer(target: str, parts: Iterator[bytes]) -> tuple[Any, str]:
    """What the call gives, and an empty text; or None, and what went wrong."""
    try:
        name, arguments = call_of(parts)
        called: Any = getattr(importlib.import_module(target), name)
        return called(*arguments), ""
    except MemoryError:
        return None, OUT_OF_MEMORY
    except Exception:  # noqa: BLE001 -- whatever it is, the parent reports it
        return None, traceback.format_exc()


if __name__ == "__main__":
    main()
