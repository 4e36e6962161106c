"""What all formats of a typical tenant's report cost in CPU time, each read again as in production.

    .venv/bin/python benchmarks/report_formats.py [--users 20]

Warm: a process that has rendered before. The floor is writing the files alone, without reading them again, in turns.
"""

import argparse
import importlib
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests.support

from signtally.domain.reports import FORMATS
from signtally.render.contents import Contents
from signtally.render.files import render
from tests.support.report_samples import IDENTITY, user
from tests.support.whole_reports import whole_report

ROUNDS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20)
    options = parser.parse_args()
    people = (user(number, f"Person {number} Surname", f"p.{number}@acme.example") for number in range(options.users))
    report = whole_report(tuple(people))
    whole, floor = 0.0, 0.0
    print("| | it | floor | ratio |\n|---|---|---|---|")
    for name in FORMATS:
        writer = importlib.import_module(f"signtally.render.{name}")
        both = _medians(
            lambda: render(name, report, IDENTITY),  # noqa: B023 -- called at once
            lambda: writer.write(Contents(report), IDENTITY),  # noqa: B023
        )
        _print(name, *both)
        whole, floor = whole + both[0], floor + both[1]
    _print("all", whole, floor)


def _medians(*calls: Callable[[], object]) -> tuple[float, ...]:
    """In seconds of CPU, in turns."""
    found: list[list[float]] = [[] for _ in calls]
    for number in range(ROUNDS + 1):
        for call, times in zip(calls, found, strict=True):
            began = time.process_time()
            call()
            if number:  # the first round warms up
                times.append(time.process_time() - began)
    return tuple(statistics.median(times) for times in found)


def _print(name: str, it: float, floor: float) -> None:
    print(f"| {name} | {it * 1000:.1f} ms | {floor * 1000:.1f} ms | {it / floor:.2f} × |")


if __name__ == "__main__":
    main()
