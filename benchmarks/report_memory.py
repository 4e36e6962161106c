"""How much memory the report of 100,000 users takes: reading its figures, then each format, a process each.

    .venv/bin/python benchmarks/report_memory.py [--users 100000]

As in production: one process reads the figures from Timestream (here the local one) and hands them to others, each of
which makes a file and reads it again. Each user has rows on two days. *before* is what a process took just before:
what it imports and, of those that make a file, the figures. Handing over is to another process that makes the CSV file.
"""

import argparse
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests.support, and the other benchmark

from signtally.domain.reports import FORMATS

STEPS = ("reading", *FORMATS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--step", choices=STEPS, help="do one in this process")
    parser.add_argument("--snapshot", type=Path)
    options = parser.parse_args()
    if options.step:
        _do(options.step, options.snapshot)
        return
    print("| | peak memory | before |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as data:
        _run_all(Path(data), users=options.users)


def _run_all(data: Path, *, users: int) -> None:
    from local_stack import running_services  # noqa: PLC0415 -- each process imports what it needs

    from benchmarks import listing_pages  # noqa: PLC0415

    with running_services() as (services, _):
        listing_pages.fill(services, users, days_active=2, documents=False)
        for step in STEPS:
            command = [sys.executable, __file__, "--step", step, "--snapshot", str(data / "snapshot")]
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
            print(f"| {step} | {answer} |", flush=True)


def _do(step: str, snapshot: Path) -> None:
    if step == "reading":
        before, peak, handed_over = _read(snapshot)
        print(f"{peak} MB, {handed_over} MB with handing them over | {before} MB")
        return
    before = _render(step, snapshot)
    print(f"{_peak_mb()} MB | {before} MB")


def _read(snapshot: Path) -> tuple[int, int, int]:
    """What the process takes before, at most until the figures are read, and until others have them."""
    from signtally import wiring  # noqa: PLC0415
    from signtally.domain.periods import period_between  # noqa: PLC0415
    from signtally.domain.time_units import ONE_DAY  # noqa: PLC0415
    from signtally.render.handing_over import parts_of  # noqa: PLC0415
    from signtally.use_cases.figures import read_report  # noqa: PLC0415
    from tests.support.report_samples import IDENTITY  # noqa: PLC0415

    services = wiring.services()
    tenant = services.stores.tenants.get("giant")
    yesterday = tenant.today(services.clock()) - ONE_DAY
    before = _peak_mb()
    report = read_report(tenant, period_between(yesterday - 29 * ONE_DAY, yesterday), services=services)
    peak = _peak_mb()
    services.renderer("csv", report, IDENTITY)
    handed_over = _peak_mb()
    snapshot.write_bytes(pickle.dumps([*parts_of("render", (report,))]))
    return before, peak, handed_over


def _render(format_: str, snapshot: Path) -> int:
    """What the process takes with the snapshot in it, and as much as a worker loads before its first file."""
    from signtally.render.files import render  # noqa: PLC0415
    from signtally.render.handing_over import call_of  # noqa: PLC0415
    from tests.support.report_samples import IDENTITY  # noqa: PLC0415
    from tests.support.whole_reports import whole_report  # noqa: PLC0415

    render(format_, whole_report(), IDENTITY)
    _, (report,) = call_of(iter(pickle.loads(snapshot.read_bytes())))  # noqa: S301 -- our own
    before = _peak_mb()
    render(format_, report, IDENTITY)
    return before


def _peak_mb() -> int:
    """Of this program alone: what `resource` tells begins with the program that started it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    main()
