"""What an operator sees of an order consumer: a flow run whose task runs are the orders."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.client.schemas.objects import TaskRun

import flows.report_orders
import tasks.report_orders
from flows.report_orders import report_orders
from signtally import wiring
from signtally.domain.periods import parse_period
from signtally.domain.report_failures import FailureCode, FailureReason
from signtally.domain.reports import ReportKey, ReportRequest, ReportStatus
from signtally.render.process_pool import RenderLimitError
from signtally.services import Services
from signtally.use_cases.ordering import ConsumerConfig, OrderConsumer, OrderResult, request_report
from tasks.report_orders import pace, progress_rows, recorder, warm_up
from tests.support.fakes import fake_services
from tests.support.order_consumers import consume

TIMEOUT_SECONDS = 60
ORDERS = 3


def order(services: Services, day: int) -> ReportKey:
    consume(services)
    request = ReportRequest("acme", parse_period(f"2026-09-0{day}"), ("csv",))
    return request_report(request, requested_by="ann", services=services).claim.key


def test_each_order_is_a_task_run_and_the_run_ends_with_its_consumer(
    flow_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ConsumerConfig(makers=2, poll_seconds=1)
    consumer = OrderConsumer(flow_services, config=config, make=recorder.make)
    monkeypatch.setattr(flows.report_orders, "_consumer", consumer)
    keys, stop = [order(flow_services, day) for day in range(1, ORDERS + 1)], threading.Event()
    with ThreadPoolExecutor(2) as threads:
        shown = threads.submit(report_orders, consumer.consumer_id)
        assert recorder.is_attached.wait(TIMEOUT_SECONDS)
        running = threads.submit(consumer.run, stop)
        pause = threading.Event()
        while sum(consumer.progress().results.values()) < ORDERS:
            pause.wait(0.1)
        stop.set()
        assert running.result(TIMEOUT_SECONDS)[OrderResult.MADE] == ORDERS
        shown.result(TIMEOUT_SECONDS)
    states = [flow_services.stores.reports.state(key, now=flow_services.clock()) for key in keys]
    assert {state.status for state in states} == {ReportStatus.READY}
    runs = task_runs(f"report orders made by {consumer.consumer_id}")
    assert {run.name for run in runs} == {f"{key.report_id} v1 of acme" for key in keys}
    assert {run.state_name for run in runs} == {"Completed"}
    rows = {row["figure"]: row["value"] for row in progress_rows(consumer.progress(), None)}
    assert (rows["made"], rows["failed"], rows["waiting on the queue"]) == (ORDERS, 0, 0)
    assert pace(consumer.progress(), None) > 0


def test_without_a_consumer_the_flow_says_what_to_run(prefect_server: None) -> None:
    del prefect_server
    with pytest.raises(ValueError, match=r"python -m flows\.report_orders"):
        report_orders("nobody")


def test_limits_within_which_nothing_can_be_rendered_stop_no_consumer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class NoTime:
        def warm_up(self) -> None:
            raise RenderLimitError(FailureReason(FailureCode.TOO_SLOW, {"format": "first", "limit": 1}))

    monkeypatch.setattr(tasks.report_orders, "services", fake_services)
    monkeypatch.setattr(wiring, "render_processes", lambda _: NoTime())
    warm_up()
    assert "SIGNTALLY_RENDER_TIMEOUT" in caplog.text


def task_runs(flow_run: str) -> list[TaskRun]:
    """Those that have ended; the server learns of them in the background."""
    named, pause = FlowRunFilter(name=FlowRunFilterName(any_=[flow_run])), threading.Event()
    found: list[Any] = []
    with get_client(sync_client=True) as client:
        for _ in range(TIMEOUT_SECONDS * 5):
            found = client.read_task_runs(flow_run_filter=named)
            if len(found) == ORDERS and all(run.state is not None and run.state.is_final() for run in found):
                break
            pause.wait(0.2)
    return found
