"""Digests: 200 that are due, made and mailed by the flow `digests`; and finding, among 43,000 tenants, that nothing is.

    .venv/bin/python benchmarks/digests/bench_digests.py [DUE] [TENANTS]      (200 and 43,000 unless given)

The mail service is the local SES, whose account may send 14 emails a second. CPU time holds on a busy machine too,
seconds only on a quiet one.
"""

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from botocore.httpsession import URLLib3Session

sys.path.insert(0, str(Path(__file__).parents[1]))  # local_stack
sys.path.insert(0, str(Path(__file__).parents[1] / "monthend"))

from local_stack import prefect_server, running_services
from month_end import ZONES, fill
from processes import Usage, children_of_this_process

from signtally import wiring
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.schedules import newest_due
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases.delivering import delivery_key, tenants_with_due_digests
from signtally.use_cases.delivering.digesting import KIND

_WRITERS = 8


def main() -> None:
    due = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    tenants = int(sys.argv[2]) if len(sys.argv) > 2 else 43_000
    with running_services(prefect_server) as (services, _):
        fill(services, tenants=due)
        for profile in services.stores.tenants.all().values():
            services.stores.tenants.put(_with_digest(profile))
        services.stores.watermarks.publish_data_through(services.clock())
        with Usage(children_of_this_process()) as beside, Usage() as usage:
            began = time.perf_counter()
            _run_flow(due)
            seconds = time.perf_counter() - began
        print(f"load {os.getloadavg()[0]:.0f}", file=sys.stderr)
        print("| | seconds | CPU time each | beside it, AWS and Prefect's server |")
        print("|---|---|---|---|")
        each, others = usage.cpu_seconds / due * 1000, beside.cpu_seconds / due * 1000
        print(f"| {due} digests due | {seconds:.1f} | {each:.0f} ms | {others:.0f} ms |")
        _find(tenants)


def _with_digest(profile: TenantProfile) -> TenantProfile:
    recipients = (Recipient(email=f"admin@{profile.tenant_id}.example"),)
    monthly = Schedule(name="monthly", every="month", formats=("pdf", "xlsx"), recipients=recipients)
    return profile.model_copy(update={"schedules": (monthly,)})


def _run_flow(due: int) -> None:
    from flows.digests import digests  # noqa: PLC0415 -- Prefect reads its settings when imported

    outcome = digests()
    assert (outcome.sent, outcome.failures) == (due, {}), outcome.as_dict()


def _find(tenants: int) -> None:
    """Another bucket, whose tenants have all had their digests."""
    services = wiring.services(Settings(bucket="bench-due"))
    services.objects.provision()
    done = services.stores.done_occurrences(KIND.name)
    profiles = [
        _with_digest(TenantProfile(tenant_id=f"tenant-{number:05}", timezone=ZONES[number % len(ZONES)]))
        for number in range(tenants)
    ]
    with ThreadPoolExecutor(_WRITERS) as writers:
        list(writers.map(services.stores.tenants.put, profiles))
    now = services.clock()
    for profile in profiles:
        newest = newest_due(profile, profile.schedules[0], now=now)
        assert newest is not None
        done.add(delivery_key(newest), calendar=newest.calendar)
    done.save(None)
    tenants_with_due_digests(services=services)  # makes the catalogue
    print(f"\n| | seconds | CPU time | requests |\n|---|---|---|---|\n| {_measured(services, tenants=tenants)}")


def _measured(services: Services, *, tenants: int) -> str:
    with _counted() as requests:
        began, cpu = time.perf_counter(), time.process_time()
        assert tenants_with_due_digests(services=services) == []
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
    return f"nothing due among {tenants:,} tenants | {seconds:.1f} | {used:.1f} s | {len(requests)} |"


@contextmanager
def _counted() -> Iterator[list[str]]:
    """The requests that boto3 sends meanwhile."""
    sent: list[str] = []
    send = URLLib3Session.send

    def counted(session: URLLib3Session, request: object) -> object:
        sent.append(str(request))
        return send(session, request)

    URLLib3Session.send = counted
    try:
        yield sent
    finally:
        URLLib3Session.send = send


if __name__ == "__main__":
    main()
