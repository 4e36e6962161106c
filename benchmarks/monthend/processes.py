"""What processes used, sampled: CPU time of a program and all that it started, and its memory."""

import os
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import psutil


def children_of_this_process() -> set[int]:
    return {each.pid for each in psutil.Process().children()}


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
        self._sample()
        self._began = dict(self._latest)
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
        for each in self._tree():
            try:
                with each.oneshot():
                    spent, memory = each.cpu_times(), each.memory_info()
            except psutil.NoSuchProcess:  # it ended meanwhile
                continue
            self._latest[each.pid] = spent.user + spent.system
            resident += memory.rss
        self.resident_bytes.append(resident)

    def _tree(self) -> Iterator[psutil.Process]:
        for pid in self._roots:
            try:
                root = psutil.Process(pid)
                apart = {each for child in self._apart for each in _with_descendants(child)}
                yield from (each for each in [root, *root.children(recursive=True)] if each.pid not in apart)
            except psutil.NoSuchProcess:
                continue


def _with_descendants(pid: int) -> set[int]:
    try:
        return {pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))}
    except psutil.NoSuchProcess:
        return {pid}
