"""What a million events cost our own process: CPU time and memory, which must not grow.

    .venv/bin/python benchmarks/ingest/bench_million.py

They come in CloudEvents batches of 20 a message, sent by another process a little ahead of the drain. Goal for memory:
the second half of the run adds nothing to speak of (at most 10 %).
"""

import math
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from ingest_harness import fill, fresh_services, place, row, stored

from signtally import wiring
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases import ingesting
from signtally.use_cases.ingesting import IngestProgress

EVENTS = 1_000_000
EVENTS_A_MESSAGE = 20
WAVE = 20_000  # events
AHEAD_MESSAGES = 3_000
_PAGE_BYTES = resource.getpagesize()


class Memory:
    """The resident memory of this process, at each look of the run."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []  # events received, MB

    def look(self, progress: IngestProgress) -> None:
        resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES / 1e6
        self.points.append((progress.outcome.received, resident))

    def at(self, share: float) -> float:
        """The most that was seen up to this share of the events; nan before the first look."""
        return max((resident for events, resident in self.points if events <= share * EVENTS), default=math.nan)


def main() -> None:
    memory = Memory()
    with place():
        services = fresh_services()
        names = services.settings
        command = [sys.executable, __file__, names.queue, names.database]
        with subprocess.Popen(command, env=os.environ) as sender:
            while not services.queue.depth().visible:
                time.sleep(0.1)
            cpu, began = time.process_time(), time.perf_counter()
            outcome = ingesting.drain(services=services, on_progress=memory.look)
            cpu, seconds = time.process_time() - cpu, time.perf_counter() - began
            assert sender.wait() == 0
        assert outcome.stored == stored(services) == EVENTS
    _show(memory, cpu_milliseconds=cpu * 1e6 / EVENTS, events_per_second=EVENTS / seconds)


def _show(memory: Memory, *, cpu_milliseconds: float, events_per_second: float) -> None:
    row(f"CPU time of 1,000 events, in {EVENTS_A_MESSAGE}s a message", f"{cpu_milliseconds:.0f} ms", "", "", "")
    row("… events/s", f"{events_per_second:,.0f}", "", "", "")
    half, whole = memory.at(0.5), memory.at(1)
    growth = f"{whole / half:.2f} ×"
    row(f"memory at {EVENTS:,} events, against the first half", f"{whole:.0f} MB", f"{half:.0f} MB", growth, "1.1 ×")
    print("MB as it went:", *(f"{memory.at(tenth / 10):.0f}" for tenth in range(1, 11)))


def send(queue: str, database: str) -> None:
    """A million events to an existing queue, never far ahead of the drain."""
    settings = Settings(queue=queue, dead_letter_queue=f"{queue}-dead", bucket=queue, database=database)
    services = wiring.services(settings)
    for first in range(0, EVENTS, WAVE):
        _wait_for_room(services)
        fill(services, range(first, first + WAVE), events_a_message=EVENTS_A_MESSAGE)


def _wait_for_room(services: Services) -> None:
    while services.queue.depth().visible > AHEAD_MESSAGES:
        time.sleep(0.1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        send(*sys.argv[1:])
    else:
        main()
