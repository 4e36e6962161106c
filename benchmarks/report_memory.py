"""How much memory the report of 100,000 users takes: reading its figures, then each format, a process each.

    .venv/bin/python benchmarks/report_memory.py [--users 100000]

As in production: one process reads the figures from Timestream (here the local one) and hands them to others, each of
which makes a file and reads it again. Each user has rows on two days. A process that imports the same and does nothing
is the floor.
"""

import argparse
import os
import pickle
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests.support, and the other benchmark

from benchmarks import listing_pages
from signtally.domain.periods import period_between
from signtally.domain.reports import FORMATS
from signtally.domain.time_units import ONE_DAY
from signtally.local.local_aws import LocalAws
from signtally.local.processes import Supervisor
from signtally.loopback import free_port
from signtally.render.files import render, warm_up
from signtally.use_cases import provisioning
from signtally.use_cases.report_figures import read_report
from signtally.wiring import services as wired
from tests.support.report_samples import IDENTITY

STEPS = ("nothing", "reading", *FORMATS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--step", choices=STEPS, help="do one in this process")
    parser.add_argument("--snapshot", type=Path)
    options = parser.parse_args()
    if options.step:
        _do(options.step, options.snapshot)
        return
    with tempfile.TemporaryDirectory() as data, Supervisor(log=lambda _: None) as supervisor:
        local = LocalAws(free_port(0), free_port(0), Path(data))
        for program in local.programs():
            supervisor.start(program)
        supervisor.wait_until_ready()
        os.environ.update(local.environment)
        services = wired()
        provisioning.provision(services=services)
        listing_pages.fill(services, options.users, days_active=2, documents=False)
        print("| | peak memory |\n|---|---|")
        for step in STEPS:
            command = [sys.executable, __file__, "--step", step, "--snapshot", f"{data}/snapshot"]
            print(f"| {step} | {subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()} |")


def _do(step: str, snapshot: Path) -> None:
    warm_up()
    if step == "reading":
        services = wired()
        tenant = services.stores.tenants.get(listing_pages.TENANT.tenant_id)
        yesterday = tenant.today(services.clock()) - ONE_DAY
        period = period_between(yesterday - 29 * ONE_DAY, yesterday)
        snapshot.write_bytes(pickle.dumps(read_report(tenant, period, services=services)))
    elif step != "nothing":
        render(step, pickle.loads(snapshot.read_bytes()), IDENTITY)  # noqa: S301 -- our own
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
