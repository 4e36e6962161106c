"""The program of one rendering process: makes the files that it is told to, and ends when nobody is there to tell it.

It limits its own memory, and a clock of the system ends it when a file takes too long and its parent is gone too. It
imports what renders, and nothing that talks to a service.
"""

import gc
import importlib
import pickle
import resource
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any

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
            job = connection.recv_bytes()
        except (EOFError, OSError):
            return
        signal.alarm(int(seconds) + _GRACE_SECONDS)
        answer = _answer(target, job)
        connection.send(answer)
        if not gc.get_freeze_count():
            gc.freeze()  # what a first file has loaded stays, and need not be looked through for garbage
        if answer[1] == OUT_OF_MEMORY:
            return  # what is left is in pieces; the next file begins in a new process


def _answer(target: str, job: bytes) -> tuple[Any, str]:
    """What the call gives, and an empty text; or None, and what went wrong."""
    try:
        name, arguments = pickle.loads(job)  # noqa: S301 -- from the parent alone
        called: Any = getattr(importlib.import_module(target), name)
        return called(*arguments), ""
    except MemoryError:
        return None, OUT_OF_MEMORY
    except Exception:  # noqa: BLE001 -- whatever it is, the parent reports it
        return None, traceback.format_exc()


if __name__ == "__main__":
    main()
