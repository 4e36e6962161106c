"""A month's end: the reports of many tenants of mixed sizes, PDF and Excel, by the flow `scheduled-reports` into S3.

    .venv/bin/python benchmarks/monthend/bench_monthend.py [TENANTS]      (2,000 unless given)

The floor renders the same snapshots in one pool of processes, without Prefect, queries and S3. CPU time holds on a busy
machine too, tenants a second only on a quiet one. `SIGNTALLY_TASK_RUNNER` chooses the runner.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # local_stack

from local_stack import prefect_server, running_services
from month_end import FORMATS, fill
from processes import Usage, children_of_this_process

from signtally import wiring
from signtally.domain.batches import batched
from signtally.domain.periods import PeriodKind, period_of
from signtally.domain.snapshot import ReportIdentity, UsageSnapshot
from signtally.services import Services
from signtally.use_cases.figures import read_ahead, read_report

PROCESSES = 2
_AHEAD = 25


def main() -> None:
    tenants = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    with running_services(prefect_server) as (services, _):
        events = fill(services, tenants=tenants)
        print(f"{tenants:,} tenants, {events:,} events, load {os.getloadavg()[0]:.0f}", file=sys.stderr)
        with Usage(children_of_this_process()) as beside:
            flow = _measured(lambda: _run_flow(tenants))
        snapshots = _snapshots(services)
        floor = _measured(lambda: _render(snapshots))
    print("| | tenants/s | CPU time a tenant | peak memory | second quarter's | last quarter's |")
    print("|---|---|---|---|---|---|")
    for name, (seconds, usage) in {"the flow": flow, "rendering alone": floor}.items():
        memory = " | ".join(f"{megabytes:,} MB" for megabytes in _memory(usage.resident_bytes))
        print(f"| {name} | {tenants / seconds:.1f} | {usage.cpu_seconds / tenants * 1000:.0f} ms | {memory} |")
    print(f"Beside the flow, AWS and Prefect's server: {beside.cpu_seconds / tenants * 1000:.0f} ms a tenant")


def _measured(work: Callable[[], None]) -> tuple[float, Usage]:
    began = time.perf_counter()
    with Usage() as usage:
        work()
    return time.perf_counter() - began, usage


def _memory(samples: Sequence[int]) -> list[int]:
    """Peaks in megabytes: of all, of the second quarter, when all processes are warm, and of the last."""
    quarter = max(1, len(samples) // 4)
    return [max(part) >> 20 for part in (samples, samples[quarter : 2 * quarter] or samples, samples[-quarter:])]


def _run_flow(tenants: int) -> None:
    from flows.scheduled_reports import scheduled_reports  # noqa: PLC0415 -- Prefect reads its settings when imported

    outcome = scheduled_reports()
    assert (outcome.made, outcome.failures) == (tenants, {}), outcome.as_dict()


def _snapshots(services: Services) -> list[UsageSnapshot]:
    profiles = services.stores.tenants.all().values()
    snapshots = []
    for some in batched(profiles, _AHEAD):
        now = services.clock()
        last_month = period_of(PeriodKind.MONTH, now.date()).previous
        ahead = read_ahead([(tenant, last_month) for tenant in some], services=services, at=now)
        snapshots += [read_report(tenant, last_month, services=ahead) for tenant in some]
    return snapshots


def _render(snapshots: Sequence[UsageSnapshot]) -> None:
    """As many files at a time as there are processes."""
    processes = wiring.render_processes(wiring.services().settings)
    with ThreadPoolExecutor(PROCESSES) as threads:
        list(threads.map(lambda snapshot: _files(snapshot, processes.render), snapshots))


def _files(snapshot: UsageSnapshot, render: Callable[[str, UsageSnapshot, ReportIdentity], object]) -> None:
    for name in FORMATS:
        render(name, snapshot, ReportIdentity("floor", 1, snapshot.taken_at))


if __name__ == "__main__":
    main()
