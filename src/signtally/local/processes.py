"""Child processes: started together, logged as one stream, ended with their parent."""

import contextlib
import ctypes
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import httpx

from signtally.local.errors import LocalError

_STOP_GRACE_SECONDS = 15
_STEADY_SECONDS = 600.0  # a program that has run for so long may be started again
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ChildError(LocalError):
    """A child process could not be started, or ended too early; the text says which and why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Program:
    """What to run; *health_url* answers 200, or *is_ready* says so, once it is ready; *stop_signal* asks it to end."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    health_url: str | None = None
    is_ready: Callable[[], bool] | None = None
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def readiness(self) -> Callable[[], bool] | None:
        """Whether it is ready; None when nothing tells."""
        health_url = self.health_url
        return self.is_ready if health_url is None else lambda: _is_healthy(health_url)


class Supervisor:
    """Starts programs in order and stops them in reverse; use as a context manager, from the main thread only.

    The kernel ties a child's life to the *thread* that started it (prctl(2), PR_SET_PDEATHSIG), hence the main thread.
    """

    def __init__(self, *, log: Callable[[str], None]) -> None:
        self._log = log
        self._running: list[tuple[Program, subprocess.Popen[str]]] = []
        self._pumps: list[threading.Thread] = []
        self._ended = threading.Event()
        self._restarted_at: dict[str, float] = {}  # monotonic, by program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, program: Program) -> None:
        """Start and return at once. Raises ChildError when it cannot be started."""
        try:
            process = subprocess.Popen(
                program.command,
                env={**os.environ, **program.environment, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # a Ctrl-C reaches the parent alone, which ends the children in order
                # No threads of ours hold locks at this point.
                preexec_fn=lambda: _die_with_parent(program.stop_signal),  # noqa: PLW1509
            )
        except OSError as error:
            raise ChildError(f"{program.name} could not be started: {error}") from error
        self._running.append((program, process))
        pump = threading.Thread(target=self._pump, args=(program.name, process), daemon=True)
        self._pumps.append(pump)
        pump.start()

    def wait_until_ready(self, *names: str, timeout_seconds: float = 240) -> None:
        """Wait until each named program is ready, or all that tell. Raises ChildError when one ends or is late."""
        deadline = time.monotonic() + timeout_seconds
        for program, process in self._running:
            is_ready = program.readiness
            if is_ready is None or (names and program.name not in names):
                continue
            while not is_ready():
                if process.poll() is not None:
                    raise ChildError(f"{program.name} ended with code {process.returncode} before it was ready")
                if time.monotonic() > deadline:
                    raise ChildError(f"{program.name} was not ready within {timeout_seconds:.0f} s")
                self._ended.wait(0.05)

    def wait(self) -> None:
        """Wait for ever, and start again what ended by itself.

        Raises ChildError when the same program ends again within ten minutes.
        """
        while True:
            self._ended.wait()
            self._ended.clear()
            for program, process in [*self._running]:
                if process.poll() is not None:
                    self._start_again(program, process)

    def _start_again(self, program: Program, process: "subprocess.Popen[str]") -> None:
        """Keep its place: what is started first is stopped last. Raises ChildError."""
        now, said = time.monotonic(), f"{program.name} ended by itself with code {process.returncode}"
        if now - self._restarted_at.get(program.name, -_STEADY_SECONDS) < _STEADY_SECONDS:
            raise ChildError(said)
        self._log(f"{said}: it is started again")
        self._restarted_at[program.name] = now
        _kill_session(process)
        index = self._running.index((program, process))
        self.start(program)
        self._running[index] = self._running.pop()

    def stop(self) -> None:
        """End every child, the last started first; one that does not end within 15 s is killed."""
        for program, process in reversed(self._running):
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(program.stop_signal)
                try:
                    process.wait(_STOP_GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    self._log(f"{program.name} did not end within {_STOP_GRACE_SECONDS} s: killed")
            _kill_session(process)
            process.wait()
        for pump in self._pumps:
            pump.join(_STOP_GRACE_SECONDS)
        self._running.clear()
        self._pumps.clear()

    def _pump(self, name: str, process: "subprocess.Popen[str]") -> None:
        if process.stdout is not None:
            with process.stdout as lines:
                for line in lines:
                    self._log(f"{name:<10} │ {line.rstrip()}")
        process.wait()  # a child's output ends a moment before the child does
        self._ended.set()


def _die_with_parent(stop_signal: signal.Signals) -> None:
    """Ask the kernel to end this child when its parent dies, however it dies (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, stop_signal)


def _kill_session(process: "subprocess.Popen[str]") -> None:
    """Whatever a child started in its own session ends with it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False
