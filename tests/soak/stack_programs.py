"""The programs of a running `signtally demo` or `up`: what each holds, and killing one of them."""

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping

import psutil

_MARKS = {  # what the command line of each has in it
    "aws": "signtally.local.ministack_program",
    "timestream": "-m timestream_local",
    "prefect": "tasks.prefect_server start",
    "api": "-m signtally api",
    "orders": "flows.report_orders",
    "worker": "-m warm_worker",
}
PROGRAMS = tuple(_MARKS)
_TIMEOUT_SECONDS = 120
_POLL_SECONDS = 0.1  # neither a process nor a port tells others that it is there


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """What a program and all that it started hold at one time."""

    memory_bytes: int
    files: int  # without connections
    connections: int
    threads: int


class StackPrograms:
    """The children of the process *parent*, by name; *is_well* says whether a program of that name serves."""

    def __init__(self, parent: int, *, is_well: Mapping[str, Callable[[], bool]]) -> None:
        self._parent = parent
        self._is_well = is_well

    def found(self) -> dict[str, int]:
        """Process ids by name, of those that run now."""
        commands = {each.pid: _command(each) for each in psutil.Process(self._parent).children()}
        return {name: pid for name, mark in _MARKS.items() for pid, command in commands.items() if mark in command}

    def kill(self, name: str, *, by: signal.Signals) -> float:
        """Return after how many seconds another process of that name serves."""
        began, killed = time.monotonic(), self.found()[name]
        os.kill(killed, by)
        pause = threading.Event()
        while self.found().get(name, killed) == killed or not self._is_well.get(name, lambda: True)():
            assert time.monotonic() - began < _TIMEOUT_SECONDS, f"{name} was not started again"
            pause.wait(_POLL_SECONDS)
        return time.monotonic() - began

    def held(self) -> dict[str, tuple[int, Held]]:
        """Process id and holdings by name."""
        return {name: (pid, _held_by(_with_descendants(pid))) for name, pid in self.found().items()}


def _with_descendants(pid: int) -> list[psutil.Process]:
    """No program when it has ended."""
    try:
        program = psutil.Process(pid)
        return [program, *program.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _held_by(programs: Iterable[psutil.Process]) -> Held:
    """Nothing when all of them have ended."""
    alive = [each for each in map(_held, programs) if each is not None]
    return Held(
        memory_bytes=sum(each.memory_bytes for each in alive),
        files=sum(each.files for each in alive),
        connections=sum(each.connections for each in alive),
        threads=sum(each.threads for each in alive),
    )


def _held(program: psutil.Process) -> Held | None:
    """None when it has ended."""
    try:
        with program.oneshot():
            connections = len(program.net_connections(kind="all"))
            return Held(program.memory_info().rss, program.num_fds() - connections, connections, program.num_threads())
    except psutil.NoSuchProcess:
        return None


def _command(program: psutil.Process) -> str:
    try:
        return " ".join(program.cmdline())
    except psutil.NoSuchProcess:
        return ""
