"""Many tenants' reports, batch by batch: by processes, and by a Dask cluster that loses a worker."""

import contextlib
import datetime as dt
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL

from flows.scheduled_reports import scheduled_reports
from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import TenantProfile
from signtally.loopback import LOOPBACK
from signtally.services import Services
from signtally.setting_values import DASK, PROCESSES
from signtally.use_cases.delivering.run import DeliveriesFailedError
from signtally.use_cases.delivering.scheduling import run_schedules
from tasks.services import services
from tests.support.ports import free_port

MONTHLY = Schedule(name="monthly", every="month", formats=("csv",))
TENANTS = [f"t{number:02}" for number in range(20)]  # two batches


@pytest.fixture
def shared_services(
    prefect_server: None, real_services: Services, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """This test's queue, tables and bucket, for other processes too: tenants with a report due each."""
    del prefect_server
    chosen = real_services.settings
    names = {"QUEUE": chosen.queue, "DEAD_LETTER_QUEUE": chosen.dead_letter_queue, "BUCKET": chosen.bucket}
    for name, value in (names | {"DATABASE": chosen.database, "RENDER_PROCESSES": "1"}).items():
        monkeypatch.setenv(f"SIGNTALLY_{name}", value)
    for tenant_id in TENANTS:
        real_services.stores.tenants.put(TenantProfile(tenant_id=tenant_id, schedules=(MONTHLY,)))
    real_services.stores.watermarks.publish_data_through(real_services.clock())  # figures are complete
    services.cache_clear()
    yield real_services
    services.cache_clear()


def test_one_tenants_failure_is_named_and_stops_no_other(
    shared_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNTALLY_TASK_RUNNER", PROCESSES)
    last_month = shared_services.clock().date().replace(day=1) - dt.timedelta(days=1)
    spoilt = f"deliveries/t07/monthly/{last_month:%Y-%m}/making.json"
    shared_services.objects.put(spoilt, b"no claim")
    with pytest.raises(DeliveriesFailedError, match=f"1 failures; such as t07 / monthly / {last_month:%Y-%m}"):
        scheduled_reports()
    assert made_once(shared_services) == [each for each in TENANTS if each != "t07"]
    shared_services.objects.delete([spoilt])
    again = scheduled_reports()
    assert (again.due, again.made, again.failures) == (1, 1, {})
    assert made_once(shared_services) == TENANTS


def test_a_worker_of_a_cluster_dies_and_nothing_is_lost_or_made_twice(
    shared_services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with cluster(tmp_path, workers=2) as (address, workers):
        monkeypatch.setenv("SIGNTALLY_TASK_RUNNER", f"{DASK}{address}")
        with killed_at_work(workers[0], services=shared_services):
            outcome = scheduled_reports()
        assert workers[0].wait() == -signal.SIGKILL
    assert outcome.failures == {}
    assert len(TENANTS) - len(made_once(shared_services)) == outcome.waiting <= 1, "what the dead one had claimed"
    after_the_lease = shared_services.clock() + dt.timedelta(minutes=16)
    assert run_schedules(services=shared_services.at(after_the_lease)).made == outcome.waiting
    assert made_once(shared_services) == TENANTS


@contextlib.contextmanager
def killed_at_work(worker: subprocess.Popen[bytes], *, services: Services) -> Iterator[None]:
    """Kill it as soon as some reports are made: then each worker has a batch."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            if len(made_once(services)) >= 3:
                worker.kill()
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def made_once(services: Services) -> list[str]:
    """The tenants with a report in the ledger; each of them has one finished version of it."""
    delivered = {
        each.key.split("/")[1]
        for each in services.objects.list_objects("deliveries/")
        if each.key.endswith("report.json")
    }
    finished = [
        each.key.split("/")[1]
        for each in services.objects.list_objects("reports/")
        if each.key.endswith("manifest.json")
    ]
    assert len(finished) == len(set(finished))
    return sorted(delivered)


@contextlib.contextmanager
def cluster(directory: Path, *, workers: int) -> Iterator[tuple[str, Sequence[subprocess.Popen[bytes]]]]:
    """A Dask scheduler and its workers, each a process with the environment of this one; the address is HOST:PORT."""
    address = f"{LOOPBACK}:{free_port()}"
    environment = {**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value())}

    with (directory / "dask.log").open("wb") as log, contextlib.ExitStack() as programs:

        def start(program: str, *options: str) -> subprocess.Popen[bytes]:
            dask = str(Path(sys.executable).with_name("dask"))
            running = subprocess.Popen(
                [dask, program, *options], env=environment, stdout=log, stderr=log, cwd=directory
            )
            programs.callback(running.wait)
            programs.callback(running.kill)
            return running

        host, _, port = address.partition(":")
        start("scheduler", "--host", host, "--port", port, "--no-dashboard")
        at = f"tcp://{address}"
        one_by_one = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", host)
        yield address, [start("worker", at, *one_by_one) for _ in range(workers)]
