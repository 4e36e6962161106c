"""A report whose rendering hangs or dies fails alone, with the reason, and the same order can be made again."""

import datetime as dt
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportManifest, ReportRequest, ReportStatus
from signtally.render.process_pool import RenderFailedError, RenderLimitError, RenderProcesses
from signtally.services import Services
from signtally.use_cases.ordering import request_report
from signtally.use_cases.reporting import make_report
from tests.support.fakes import fake_services
from tests.support.order_consumers import consume

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def processes() -> Iterator[RenderProcesses]:
    """A renderer that does what the format says, within 5 seconds."""
    made = RenderProcesses(timeout_seconds=5, memory_mebibytes=1024, most=1, target="tests.support.hostile_rendering")
    yield made
    made.close()


@pytest.fixture
def services(processes: RenderProcesses) -> Services:
    return fake_services(renderer=processes.render, clock=lambda: NOW)


def order(services: Services, *formats: str) -> ReportManifest:
    consume(services)
    request = ReportRequest("acme", parse_period("2026-10"), formats)
    return make_report(request_report(request, requested_by="ann", services=services).claim.key, services=services)


def test_a_report_that_hangs_fails_with_the_reason_and_the_next_is_made(services: Services) -> None:
    with pytest.raises(RenderLimitError):
        order(services, "csv", "hang")
    (report_id,) = services.stores.reports.report_ids("acme")
    state = services.stores.reports.latest("acme", report_id, now=NOW)
    assert state.status is ReportStatus.FAILED
    assert state.failure is not None
    assert state.failure.detail == (
        "The HANG file took more than 5 seconds to make. Order a shorter period or fewer users."
    )
    assert [file.format for file in order(services, "csv").files] == ["csv"]


def test_a_report_whose_process_always_dies_fails(services: Services) -> None:
    with pytest.raises(RenderFailedError):
        order(services, "end")
    (report_id,) = services.stores.reports.report_ids("acme")
    assert services.stores.reports.latest("acme", report_id, now=NOW).status is ReportStatus.FAILED


def test_a_report_whose_process_is_killed_in_the_middle_is_made_all_the_same(
    services: Services, processes: RenderProcesses, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    with ThreadPoolExecutor() as threads:
        made = threads.submit(order, services, f"slow:{begun}")
        while not begun.exists():
            time.sleep(0.05)
        os.kill(processes.process_ids()[0], signal.SIGKILL)
        (file,) = made.result().files
    assert services.objects.get(file.key).body
