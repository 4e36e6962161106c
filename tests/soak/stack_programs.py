"""The programs of a running `signtally demo` or `up`: what each holds, and killing one of them."""

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

_MARKS = {  # what the command line of each has in it
    "aws": "signtally.local.ministack_program",
    "timestream": "-m timestream_local",
    "prefect": "prefect server start",
    "api": "-m signtally api",
    "orders": "flows.report_orders",
    "worker": "-m warm_worker",
}
PROGRAMS = tuple(_MARKS)
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TIMEOUT_SECONDS = 120
_POLL_SECONDS = 0.1  # neither a process nor a port tells others that it is there


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """What a program and all that it started hold at one time."""

    memory_bytes: int
    files: int  # without connections
    connections: int
    threads: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    threads: int
    memory_bytes: int


class StackPrograms:
    """The children of the process *parent*, by name; *is_well* says whether a program of that name serves."""

    def __init__(self, parent: int, *, is_well: Mapping[str, Callable[[], bool]]) -> None:
        self._parent = parent
        self._is_well = is_well

    def found(self) -> dict[str, int]:
        """Process ids by name, of those that run now."""
        commands = {pid: _command(pid) for pid, each in _processes().items() if each.parent == self._parent}
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
        processes = _processes()
        return {
            name: (pid, _held_by({pid, *_descendants(pid, processes)}, processes)) for name, pid in self.found().items()
        }


def _held_by(pids: set[int], processes: Mapping[int, _Process]) -> Held:
    links = [link for pid in pids for link in _open(pid)]
    connections = sum(link.startswith("socket:") for link in links)
    alive = [processes[pid] for pid in pids if pid in processes]
    return Held(
        memory_bytes=sum(each.memory_bytes for each in alive),
        files=len(links) - connections,
        connections=connections,
        threads=sum(each.threads for each in alive),
    )


def _descendants(pid: int, processes: Mapping[int, _Process]) -> Iterator[int]:
    for child, each in processes.items():
        if each.parent == pid:
            yield child
            yield from _descendants(child, processes)


def _processes() -> dict[int, _Process]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            found[int(entry.name)] = _Process(int(fields[1]), int(fields[17]), int(fields[21]) * _PAGE)
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _open(pid: int) -> Iterator[str]:
    try:
        files = [*Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return
    for file in files:
        try:
            yield str(file.readlink())
        except OSError:  # closed meanwhile
            continue
