"""What processes used, by sampling /proc: CPU time of a program and all that it started, and its memory."""

import dataclasses
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

_TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


@dataclasses.dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    cpu_seconds: float
    resident_bytes: int


def children_of_this_process() -> set[int]:
    return {pid for pid, each in _processes() if each.parent == os.getpid()}


class Usage:
    """Of this process and all that it starts while the context lasts, or of others and theirs."""

    def __init__(self, roots: set[int] | None = None, *, seconds: float = 0.25) -> None:
        self._roots, self._seconds = roots or {os.getpid()}, seconds
        self._apart = set() if roots else children_of_this_process()
        self._began: dict[int, float] = {}
        self._latest: dict[int, float] = {}
        self.resident_bytes: list[int] = []  # sums, sample by sample
        self._stop = threading.Event()
        self._sampling = threading.Thread(target=self._sample_until_stopped)

    def __enter__(self) -> Self:
        self._began = {pid: each.cpu_seconds for pid, each in self._tree()}
        self._sampling.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._stop.set()
        self._sampling.join()
        self._sample()

    @property
    def cpu_seconds(self) -> float:
        """A process that ended counts as it was seen last."""
        return sum(seconds - self._began.get(pid, 0.0) for pid, seconds in self._latest.items())

    def _sample_until_stopped(self) -> None:
        while not self._stop.wait(self._seconds):
            self._sample()

    def _sample(self) -> None:
        resident = 0
        for pid, each in self._tree():
            self._latest[pid] = each.cpu_seconds
            resident += each.resident_bytes
        self.resident_bytes.append(resident)

    def _tree(self) -> Iterator[tuple[int, _Process]]:
        found = dict(_processes())
        wanted = set(self._roots)
        for _ in found:
            more = {pid for pid, each in found.items() if each.parent in wanted and pid not in self._apart} - wanted
            if not more:
                break
            wanted |= more
        return ((pid, found[pid]) for pid in wanted if pid in found)


def _processes() -> Iterator[tuple[int, _Process]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            cpu_seconds = (int(fields[11]) + int(fields[12])) / _TICKS
            yield int(entry.name), _Process(int(fields[1]), cpu_seconds, int(fields[21]) * _PAGE)
