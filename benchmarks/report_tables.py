"""What the CSV, ZIP and JSON files of many users cost, beside the standard library's writers of the same rows.

    .venv/bin/python benchmarks/report_tables.py

CPU time, warm, the best of five; both in one run. The peers write the same bytes of cells, and guard no text.
"""

import csv
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests.support

from signtally.domain.actions import Counts
from signtally.domain.snapshot import UsageSnapshot, UserUsage
from signtally.render import csv_tables
from signtally.render.contents import Contents
from signtally.render.files import render
from tests.support.report_samples import IDENTITY, snapshot

USERS = (20, 1_000, 100_000)
ROUNDS = 5


def main() -> None:
    for users in USERS:
        report = _report(users)
        table = csv_tables.users(Contents(report), IDENTITY)
        document = json.loads(render("json", report, IDENTITY).body)
        for name in ("csv", "zip", "json"):
            it = _best(lambda: render(name, report, IDENTITY).body)  # noqa: B023 -- called at once
            peer = {
                "csv": lambda: _standard_csv(table.rows()),  # noqa: B023
                "json": lambda: json.dumps(document, ensure_ascii=False),  # noqa: B023
            }.get(name)
            beside = f"standard library {_best(peer) * 1000:8.1f} ms" if peer else ""
            print(f"{users:>7} users  {name:<4} {it * 1000:8.1f} ms  {beside}")


def _report(users: int) -> UsageSnapshot:
    """Half of the ids are figures alone, which need the apostrophe."""
    return snapshot(
        tuple(
            UserUsage(
                f"{number:08}" if number % 2 else f"u_{number}",
                f"Ünal Person {number}",
                f"person{number}@acme.example",
                Counts(sent=number % 7, received=3, viewed=2, signed=1, completed=1),
            )
            for number in range(users)
        )
    )


def _standard_csv(rows: list[tuple[object, ...]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _best(call: Callable[[], object]) -> float:
    call()
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return min(seconds)


if __name__ == "__main__":
    main()
