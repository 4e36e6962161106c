"""What programs hold over time: sampled, shown as a table, and judged."""

import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from tests.soak.stack_programs import Held, StackPrograms

_WARM_AFTER_SECONDS = 60  # imports, pools and caches fill until then
_SHORTEST_SECONDS = 150  # of a warm life, to be judged
_MOST_GROWTH, _MOST_MORE_BYTES = 1.25, 48 << 20
_MOST_MORE = 24  # files, connections, threads
_MEBIBYTE = 1 << 20

Life = list[tuple[float, Held]]  # seconds (monotonic), what was held


class Holdings:
    """The lives of the programs, sample by sample; a program that is killed begins another life."""

    def __init__(self, programs: StackPrograms, *, every_seconds: float) -> None:
        self._programs = programs
        self._every_seconds = every_seconds
        self._lives: dict[tuple[str, int], Life] = defaultdict(list)

    def sample(self, stop: threading.Event) -> None:
        """Until *stop*."""
        while not stop.wait(self._every_seconds):
            now = time.monotonic()
            for name, (pid, held) in self._programs.held().items():
                self._lives[name, pid].append((now, held))

    def table(self, *, back_after: dict[str, list[float]]) -> str:
        """In Markdown: each program's longest life, the medians of its first and of its last third."""
        lines = ["| program | killed | back after | life | memory, MiB | files | connections | threads |"]
        lines.append("|---|---|---|---|---|---|---|---|")
        for name, life in sorted(self._longest().items()):
            seconds = [f"{each:.1f}" for each in back_after.get(name, ())]
            said = " | ".join(f"{first:.0f} → {last:.0f}" for first, last in _changes(life))
            lasted = life[-1][0] - life[0][0]
            lines.append(f"| {name} | {len(seconds)} | {', '.join(seconds)} s | {lasted:.0f} s | {said} |")
        return "\n".join(lines)

    def crept(self) -> list[str]:
        """What grew that should not, in words; lives of less than 3½ minutes say nothing."""
        return [said for name, life in self._longest().items() for said in _crept(name, life)]

    def _longest(self) -> dict[str, Life]:
        longest: dict[str, Life] = {}
        for (name, _), life in self._lives.items():
            if name not in longest or len(life) > len(longest[name]):
                longest[name] = life
        return longest


def _crept(name: str, life: Life) -> Iterator[str]:
    warm = [(at, held) for at, held in life if at - life[0][0] >= _WARM_AFTER_SECONDS]
    if not warm or warm[-1][0] - warm[0][0] < _SHORTEST_SECONDS:
        return
    (began, ended), *counts = _changes(warm)
    if ended > began * _MOST_GROWTH and (ended - began) * _MEBIBYTE > _MOST_MORE_BYTES:
        yield f"{name}: memory from {began:.0f} to {ended:.0f} MiB"
    for what, (before, after) in zip(("files", "connections", "threads"), counts, strict=True):
        if after - before > _MOST_MORE:
            yield f"{name}: {what} from {before:.0f} to {after:.0f}"


def _changes(life: Life) -> Sequence[tuple[float, float]]:
    """Of memory (MiB), files, connections and threads: the medians of the first and of the last third."""
    third = max(1, len(life) // 3)
    measures: list[Callable[[Held], float]] = [
        lambda held: held.memory_bytes / _MEBIBYTE,
        lambda held: held.files,
        lambda held: held.connections,
        lambda held: held.threads,
    ]
    return [(_median(life[:third], measure), _median(life[-third:], measure)) for measure in measures]


def _median(part: Life, measure: Callable[[Held], float]) -> float:
    return statistics.median(measure(held) for _, held in part)
