"""A service that goes down in the middle of the work: nothing half-written, and all of it there afterwards."""

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest

from signtally.domain.periods import PeriodKind, period_of
from signtally.domain.reports import ReportRequest
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.usage_store import UsageStore
from signtally.sample.plan import TrafficPlan
from signtally.sample.sending import default_until, emit
from signtally.services import Services
from signtally.use_cases import aggregating, ingesting, reporting
from signtally.use_cases.ingesting import IngestConfig, IngestProgress
from tests.support.portal_traffic import send_portal_traffic
from tests.support.switched_aws import Place


def test_timestream_down_in_the_middle_of_a_drain(place: Place) -> None:
    events = 3_000
    _send(events, services=place.services)
    under_way = threading.Event()

    def look(progress: IngestProgress) -> None:
        if progress.outcome.stored:
            under_way.set()

    with ThreadPoolExecutor(1) as executor:
        config = IngestConfig(snapshot_interval_seconds=0.1, commit_events=200)
        draining = executor.submit(ingesting.drain, services=place.services, config=config, on_progress=look)
        assert under_way.wait(60)
        place.timestream.off()
        place.timestream.on()
        outcome = draining.result(timeout=100)
    assert (outcome.stored, dict(outcome.dead_letters)) == (events, {})
    assert aggregating.aggregate_touched(services=place.services).rows > 0


def test_a_run_that_gives_up_hands_everything_back(place: Place, seed: int) -> None:
    sent = send_portal_traffic(place.services, events=500, seed=seed)
    place.timestream.off()
    with pytest.raises(ServiceUnavailableError, match="Timestream cannot be reached"):
        ingesting.drain(services=place.services, config=IngestConfig(retry_budget_seconds=1))
    assert place.services.queue.depth().in_flight == 0
    place.timestream.on()
    outcome = ingesting.drain(services=place.services)
    assert (outcome.stored, outcome.duplicates) == (sent.events, sent.duplicates)
    sent.expect_settled(place.services)


def test_s3_down_in_the_middle_of_a_report(place: Place) -> None:
    _send(100, services=place.services)
    ingesting.drain(services=place.services)
    aggregating.aggregate_touched(services=place.services)
    (tenant_id, *_) = place.services.stores.tenants.all()
    month = period_of(PeriodKind.MONTH, place.services.clock().date())
    request = ReportRequest(tenant_id, month, ("csv",))
    interrupted: Any = _Interrupted(place.services.usage_store, meanwhile=place.aws.off)
    struck = dataclasses.replace(place.services, usage_store=interrupted)
    with pytest.raises(ServiceUnavailableError, match="S3 cannot be reached"):
        reporting.report_now(request, requested_by="ann", services=struck)
    place.aws.on()
    assert place.services.stores.reports.latest_manifest(tenant_id, request.report_id) is None
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
