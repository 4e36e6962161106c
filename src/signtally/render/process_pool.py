"""Renders in processes of their own, each with a limit of time and memory: what breaks one fails one file alone."""

import multiprocessing
import os
import queue
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, cast

from signtally.domain.report_failures import FailureCode, FailureReason
from signtally.domain.snapshot import ReportIdentity, UsageSnapshot
from signtally.errors import SigntallyError
from signtally.render.files import RenderedFile
from signtally.render.handing_over import parts_of
from signtally.render.limited_process import OUT_OF_MEMORY, READY, START_SECONDS
from signtally.tracing import span

_FILES = "signtally.render.files"
_WARM_UP = "warm_up"  # no file: it may take as long as a start
_TRIES = 2  # a process may end for a reason of its own: nothing is lost by rendering once more
# Where fonts and their caches are; everything else, secrets among it, stays here.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LD_LIBRARY_PATH")


class RenderFailedError(SigntallyError, RuntimeError):
    """A file could not be made: rendering it raised, or its process ended."""


class RenderLimitError(RenderFailedError):
    """Making a file took more time or memory than is allowed; *reason* is for the person who asked for it."""

    def __init__(self, reason: FailureReason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class RenderProcesses:
    """Up to *most* processes, started when first needed and kept; one that meets a limit is replaced."""

    def __init__(self, *, timeout_seconds: int, memory_mebibytes: int, most: int, target: str = _FILES) -> None:
        self._most = most
        # The last one used is taken first: no more are started than work at a time.
        self._free: queue.LifoQueue[_RenderProcess] = queue.LifoQueue()
        self._all = [_RenderProcess(timeout_seconds, memory_mebibytes, target) for _ in range(most)]
        for process in self._all:
            self._free.put(process)

    def render(self, format: str, snapshot: UsageSnapshot, identity: ReportIdentity) -> RenderedFile:  # noqa: A002 -- the API's word
        """One file, as `render.files.render` makes it. Raises RenderLimitError, RenderFailedError."""
        with span(f"render {format}"):
            return cast("RenderedFile", self._call(format.upper(), "render", (format, snapshot, identity)))

    def warm_up(self) -> None:
        """Start all processes, and let each load its modules, fonts and templates."""
        with ThreadPoolExecutor(self._most) as threads:
            list(threads.map(lambda _: self._call("first", _WARM_UP, ()), range(self._most)))

    def process_ids(self) -> list[int]:
        """Of the processes that run now."""
        return [process_id for each in self._all if (process_id := each.process_id) is not None]

    def close(self) -> None:
        for process in self._all:
            process.stop()

    def _call(self, what: str, name: str, arguments: tuple[Any, ...]) -> object:
        process = self._free.get()
        try:
            for _ in range(_TRIES):
                try:
                    result, wrong = process.call(what, name, arguments)
                except (EOFError, OSError) as error:
                    ended = error
                    continue
                if wrong:
                    raise RenderFailedError(f"the {what} file could not be made:\n{wrong}")
                return result
            raise RenderFailedError(f"the {what} file could not be made: its process ended, twice") from ended
        finally:
            self._free.put(process)


class _RenderProcess:
    """One process, or none yet; used by one thread at a time."""

    def __init__(self, timeout_seconds: int, memory_mebibytes: int, target: str) -> None:
        self._timeout_seconds = timeout_seconds
        self._memory_mebibytes = memory_mebibytes
        self._target = target
        self._running: tuple[subprocess.Popen[bytes], Connection] | None = None

    @property
    def process_id(self) -> int | None:
        return self._running[0].pid if self._running else None

    def call(self, what: str, name: str, arguments: tuple[Any, ...]) -> tuple[object, str]:
        """The result, or what went wrong. Raises RenderLimitError, and EOFError or OSError when the process ended."""
        try:
            answer = self._answer_to(name, arguments)
        except BaseException:  # a late answer must not be taken for that of the next file
            self.stop()
            raise
        if answer is None or answer[1] == OUT_OF_MEMORY:
            self.stop()
            code = FailureCode.TOO_LARGE if answer else FailureCode.TOO_SLOW
            limit = self._memory_mebibytes if answer else self._seconds_for(name)
            raise RenderLimitError(FailureReason(code, {"format": what, "limit": limit}))
        return answer

    def _answer_to(self, name: str, arguments: tuple[Any, ...]) -> tuple[object, str] | None:
        """None when there is none in time."""
        connection = self._started()
        for part in parts_of(name, arguments):
            connection.send_bytes(part)
        connection.send_bytes(b"")
        return connection.recv() if connection.poll(self._seconds_for(name)) else None

    def _seconds_for(self, name: str) -> int:
        return max(self._timeout_seconds, START_SECONDS) if name == _WARM_UP else self._timeout_seconds

    def stop(self) -> None:
        if self._running is None:
            return
        program, connection = self._running
        self._running = None
        program.kill()
        program.wait()
        connection.close()

    def _started(self) -> Connection:
        if self._running and self._running[0].poll() is None:
            return self._running[1]
        self.stop()
        ours, its = multiprocessing.Pipe()
        limits = [str(its.fileno()), str(self._timeout_seconds), str(self._memory_mebibytes)]
        program = subprocess.Popen(
            [sys.executable, "-m", "signtally.render.limited_process", *limits, self._target],
            env={name: os.environ[name] for name in _INHERITED if name in os.environ},
            pass_fds=[its.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a command's own output stands there
        )
        its.close()
        self._running = (program, ours)
        if not ours.poll(START_SECONDS) or ours.recv() != READY:
            raise RenderFailedError(f"a rendering process did not start within {START_SECONDS} seconds")
        return ours
