"""Digest runs in processes of their own, at any instant."""

import contextlib
import datetime as dt
import os
import random
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

_SCRIPT = Path(__file__).parents[1] / "faults" / "digest_runs.py"
_RUN_SECONDS = 120


class ForkedDigests:
    """Digest runs in processes of their own, any of which may be killed."""

    def __init__(self, environment: dict[str, str], *, chance: random.Random) -> None:
        self.killed = self.ended = 0
        self._chance = chance
        self._running: dict[int, int] = {}  # pidfd by pid
        self._lock = threading.Lock()
        self._forker = subprocess.Popen(
            [sys.executable, str(_SCRIPT)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def at(self, instant: dt.datetime, *, at_once: int) -> None:
        """Run so many at once to their ends, or to their deaths."""
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        for _ in range(at_once):
            with self._lock:
                self._forker.stdin.write(f"{instant.isoformat()}\n")
                self._forker.stdin.flush()
                pid = int(self._forker.stdout.readline())
                with contextlib.suppress(ProcessLookupError):  # it is quick
                    self._running[pid] = os.pidfd_open(pid)
        for pid, pidfd in list(self._running.items()):
            assert select.select([pidfd], [], [], _RUN_SECONDS)[0], f"the run {pid} at {instant} does not end"
            with self._lock:
                os.close(self._running.pop(pid))
            self.ended += 1

    def kill_one(self) -> None:
        with self._lock, contextlib.suppress(ProcessLookupError):
            if self._running:
                signal.pidfd_send_signal(self._chance.choice(list(self._running.values())), signal.SIGKILL)
                self.killed += 1

    def close(self) -> None:
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        self._forker.stdin.close()
        self._forker.stdout.close()
        self._forker.wait()
