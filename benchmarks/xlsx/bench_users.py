"""The workbook of 100,000 users against XlsxWriter, which writes the same table of users in constant-memory mode.

    .venv/bin/python benchmarks/xlsx/bench_users.py [--users 100000] [--rounds 3]

Both run by turns, each in a process of its own; a time is CPU time from the snapshot to the file's bytes, without
imports. The workbook has everything beside the users too: summary, days, trend, documents, user days, charts.
XlsxWriter writes the rows of the sheet Users alone, with the same values and formats, from the same snapshot.
"""

import argparse
import dataclasses
import datetime as dt
import io
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from signtally.domain.actions import Counts  # noqa: E402  # the tests' samples lie beside the benchmarks
from signtally.domain.snapshot import UsageSnapshot  # noqa: E402
from tests.support.report_samples import IDENTITY, user  # noqa: E402
from tests.support.whole_reports import whole_report  # noqa: E402


def sample(users: int) -> UsageSnapshot:
    people = tuple(
        dataclasses.replace(
            user(number, f"Maximiliane Oberhuber {number}", f"user{number}@acme.example"),
            counts=Counts(number % 97, number % 7, number % 53, number % 41, number % 31, number % 5, 0, number % 3),
        )
        for number in range(users)
    )
    return whole_report(people)


def ours(report: UsageSnapshot) -> bytes:
    from signtally.render.files import render  # noqa: PLC0415  # each process imports its own writer alone

    return render("xlsx", report, IDENTITY).body


def peer(report: UsageSnapshot) -> bytes:
    import xlsxwriter  # noqa: PLC0415

    body = io.BytesIO()
    book = xlsxwriter.Workbook(body, {"constant_memory": True, "in_memory": False})
    text, count, share, day = (
        book.add_format({"font_size": 10, "bottom": 1, "bottom_color": "#DCE1E9", "num_format": code})
        for code in ("General", "#,##0", "0.0%", "d mmm yyyy")
    )
    sheet = book.add_worksheet("Users")
    sent = report.totals.sent
    for row, one in enumerate(report.users, 1):
        cohort, counts = one.cohort, one.counts
        for column, value in enumerate((one.user_name, one.user_email, one.user_id)):
            sheet.write_string(row, column, value or "", text)
        column = 3
        for figure in counts.as_tuple():
            sheet.write_number(row, column, figure, count)
            column += 1
        sheet.write_number(row, 11, counts.sent / sent, share)
        figures = (one.previous.sent, counts.sent - one.previous.sent, cohort.sent, cohort.completed, cohort.open)
        for column, figure in enumerate(figures, 12):
            sheet.write_number(row, column, figure, count)
        rate, took = cohort.completion_rate, one.median_turnaround
        sheet.write_blank(row, 17, None, share) if rate is None else sheet.write_number(row, 17, rate, share)
        hours = None if took is None else took / dt.timedelta(hours=1)
        sheet.write_blank(row, 18, None, count) if hours is None else sheet.write_number(row, 18, hours, count)
        last = one.last_active_day
        sheet.write_blank(row, 19, None, day) if last is None else sheet.write_datetime(row, 19, last, day)
    book.close()
    return body.getvalue()


WRITERS: dict[str, Callable[[UsageSnapshot], bytes]] = {"it": ours, "peer": peer}


def measure(name: str, users: int) -> dict[str, float]:
    """In this process: CPU seconds, bytes, and peak memory in MB, with what the snapshot itself takes."""
    write, report = WRITERS[name], sample(users)
    write(sample(3))  # imports
    of_snapshot = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.process_time()
    size = len(write(report))
    cpu = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_seconds": cpu, "megabytes": size / 1e6, "peak_mb": peak, "snapshot_mb": of_snapshot}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--writer", choices=WRITERS, help="measure one in this process")
    options = parser.parse_args()
    if options.writer:
        print(json.dumps(measure(options.writer, options.users)))
        return
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WRITERS}
    for _ in range(options.rounds):
        for name in WRITERS:
            command = [sys.executable, __file__, "--writer", name, "--users", str(options.users)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found[name].append(json.loads(answer))
    for name, runs in found.items():
        medians = {key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0]}
        print(f"{name}: {medians}")
    ratios = [it["cpu_seconds"] / other["cpu_seconds"] for it, other in zip(found["it"], found["peer"], strict=True)]
    print(f"ratio of CPU time: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
