"""TCP ports for servers that cannot choose one themselves (bind port 0 and read it back where a server can)."""

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

_LOOPBACK = "127.0.0.1"
# Below the range that Linux gives to outgoing connections (32768 and up): no client's port can be in the way.
_FIRST, _LAST = 12_000, 32_000
_RESERVED = Path(tempfile.gettempdir()) / f"signtally-test-ports-{os.getuid()}"


def free_port() -> int:
    """Return a port that is free and that no other test, worker or run on this machine gets while this process lives.

    A lock on a file keeps it. Without one, two workers are told the same port between asking for it and binding it.
    """
    _RESERVED.mkdir(exist_ok=True)
    return next(filter(_is_reserved_for_us, _candidates()))


def _candidates() -> Iterator[int]:
    chance = random.Random(os.urandom(8))  # noqa: S311 -- to spread the runs, not to keep a secret
    while True:
        yield chance.randrange(_FIRST, _LAST)


def _is_reserved_for_us(port: int) -> bool:
    lock = os.open(_RESERVED / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends: the descriptor is never closed
        if _can_be_bound(port):
            return True
    os.close(lock)
    return False


def _can_be_bound(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True
