"""A service that goes down in the middle of the work: nothing half-written, and all of it there afterwards."""

import contextlib
import dataclasses
import datetime as dt
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from signtally import wiring
from signtally.domain.periods import PeriodKind, period_of
from signtally.domain.reports import ReportRequest
from signtally.local.local_aws import LocalAws
from signtally.local.ports import free_port
from signtally.local.processes import Program, Supervisor
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.usage_store import UsageStore
from signtally.sample.plan import TrafficPlan
from signtally.sample.sending import default_until, emit
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.reports import Reports
from signtally.stores.tenants import Tenants
from signtally.use_cases import aggregating, ingesting, provisioning, reporting
from signtally.use_cases.ingesting import IngestPace, IngestProgress


class Switch:
    """One program of the local AWS that can be turned off and on; its state survives on disk."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._running = contextlib.ExitStack()

    def on(self) -> None:
        supervisor = self._running.enter_context(Supervisor(log=lambda line: sys.stderr.write(f"{line}\n")))
        supervisor.start(self._program)
        supervisor.wait_until_ready()

    def off(self) -> None:
        self._running.close()


@dataclasses.dataclass(frozen=True)
class Place:
    services: Services
    aws: Switch
    timestream: Switch


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A local AWS of this test's own, provisioned."""
    local = LocalAws(free_port(0), free_port(0), tmp_path / "aws")
    aws, timestream = (Switch(program) for program in local.programs())
    for name, value in local.environment.items():
        monkeypatch.setenv(name, value)
    with contextlib.ExitStack() as switched_on:
        for switch in (aws, timestream):
            switch.on()
            switched_on.callback(switch.off)
        services = wiring.services(Settings(state_directory=tmp_path / "state"))
        provisioning.provision(services=services)
        yield Place(services, aws, timestream)


def test_timestream_down_in_the_middle_of_a_drain(place: Place) -> None:
    events = 3_000
    _send(events, services=place.services)
    under_way = threading.Event()

    def look(progress: IngestProgress) -> None:
        if progress.outcome.stored:
            under_way.set()

    with ThreadPoolExecutor(1) as executor:
        pace = IngestPace(look_seconds=0.1, flush_events=200)
        draining = executor.submit(ingesting.drain, services=place.services, pace=pace, on_progress=look)
        assert under_way.wait(60)
        place.timestream.off()
        place.timestream.on()
        outcome = draining.result(timeout=100)
    assert (outcome.stored, dict(outcome.dead_letters)) == (events, {})
    assert aggregating.aggregate_touched(services=place.services).rows > 0


def test_s3_down_in_the_middle_of_a_report(place: Place) -> None:
    _send(100, services=place.services)
    ingesting.drain(services=place.services)
    aggregating.aggregate_touched(services=place.services)
    (tenant_id, *_) = Tenants(place.services.objects).all()
    month = period_of(PeriodKind.MONTH, place.services.clock().date())
    request = ReportRequest(tenant_id, month, ("csv",))
    struck = dataclasses.replace(
        place.services, usage_store=_Interrupted(place.services.usage_store, meanwhile=place.aws.off)
    )
    with pytest.raises(ServiceUnavailableError, match="S3 cannot be reached"):
        reporting.report_now(request, requested_by="ann", services=struck)
    place.aws.on()
    assert Reports(place.services.objects).latest_manifest(tenant_id, request.report_id) is None
    manifest = reporting.report_now(request, requested_by="ann", services=place.services)
    assert [file.format for file in manifest.files] == ["csv"]


class _Interrupted:
    """A usage store that lets something happen between its answer and what its caller does next."""

    def __init__(self, store: UsageStore, *, meanwhile: Callable[[], None]) -> None:
        self._store = store
        self._meanwhile = meanwhile

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        rows = self._store.daily_usage(first=first, last=last, tenant_ids=tenant_ids)
        self._meanwhile()
        return rows


def _send(events: int, *, services: Services) -> None:
    until = default_until(services.clock())
    emit(TrafficPlan(tenants=3, days=2, events=events, seed=3, until=until), services=services)
