"""Consumers of report orders in processes of their own, over the local AWS: whatever dies, each order is made once."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from signtally import wiring
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportKey, ReportManifest, ReportRequest, ReportStatus
from signtally.ports.errors import ServiceUnavailableError
from signtally.render.files import render
from signtally.services import Services
from signtally.use_cases.ordering import ConsumerConfig, OrderConsumer, OrderResult, request_report
from signtally.use_cases.reporting import make_report
from tests.support.commands import names_of
from tests.support.order_consumers import consume
from tests.support.ports import free_port
from tests.support.switched_aws import Place

SCRIPT = Path(__file__).with_name("consuming_orders.py")
VISIBILITY_SECONDS = 3
TIMEOUT_SECONDS = 240  # consumers give way to all others: on a busy machine they have little of it
ORDERS = 30


class Consumer:
    """A consumer's process; *begun* are the report ids that it said, one for each time that it began."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.begun: list[str] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_until_begun(self, orders: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= orders, TIMEOUT_SECONDS)

    def end(self, by: signal.Signals) -> int:
        if self._process.poll() is None:
            self._process.send_signal(by)
        self._process.wait(TIMEOUT_SECONDS)
        self._reader.join()
        return self._process.returncode

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                if line.startswith("making "):
                    with self._changed:
                        self.begun.append(line.split()[1])
                        self._changed.notify_all()


@pytest.fixture
def consumers(real_services: Services) -> Iterator[list[Consumer]]:
    """Two of them."""
    command = [sys.executable, str(SCRIPT), str(VISIBILITY_SECONDS)]
    running = [Consumer(command, names_of(real_services.settings)) for _ in range(2)]
    yield running
    for consumer in running:
        consumer.end(signal.SIGKILL)


def order(services: Services, *, tenants: int) -> list[ReportKey]:
    """Thirty different orders."""
    consume(services)
    requests = (
        ReportRequest(f"tenant-{number % tenants}", parse_period(f"2026-09-{1 + number:02}"), ("csv",))
        for number in range(ORDERS)
    )
    return [request_report(request, requested_by="ann", services=services).claim.key for request in requests]


def expect_all_ready(services: Services, keys: list[ReportKey]) -> None:
    """Wait until nothing is ordered any more: each report has one version, which is ready."""
    pause = threading.Event()
    for _ in range(TIMEOUT_SECONDS * 10):
        depth = services.report_queue.depth()
        if not depth.visible and not depth.in_flight:
            break
        pause.wait(0.1)  # a queue tells nobody that it is empty
    now = services.clock()
    states = [services.stores.reports.state(key, now=now) for key in keys]
    assert Counter(state.status for state in states) == {ReportStatus.READY: ORDERS}
    for key in keys:
        assert services.stores.reports.versions(key.tenant_id, key.report_id) == [1]


def test_a_killed_consumers_orders_are_made_by_the_other(real_services: Services, consumers: list[Consumer]) -> None:
    keys = order(real_services, tenants=3)
    killed, other = consumers
    killed.wait_until_begun(3)
    assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    expect_all_ready(real_services, keys)
    again = Counter([*killed.begun, *other.begun])
    assert set(again) == {key.report_id for key in keys}
    assert sum(again.values()) <= ORDERS + 2, "only what the killed one was at is begun again"


def test_a_terminated_consumer_gives_back_what_it_had_not_begun(
    real_services: Services, consumers: list[Consumer]
) -> None:
    keys = order(real_services, tenants=30)
    terminated, other = consumers
    terminated.wait_until_begun(2)
    assert terminated.end(signal.SIGTERM) == -signal.SIGTERM
    expect_all_ready(real_services, keys)
    assert sorted([*terminated.begun, *other.begun]) == sorted(key.report_id for key in keys), "each once"


def test_the_program_makes_orders_while_prefects_server_is_away(real_services: Services) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/api"
    environment = names_of(real_services.settings) | {"PREFECT_API_URL": nobody, "SIGNTALLY_RENDER_PROCESSES": "1"}
    program = Consumer([sys.executable, "-m", "flows.report_orders"], environment)
    try:
        keys = order(real_services, tenants=3)
        expect_all_ready(real_services, keys)
    finally:
        returncode = program.end(signal.SIGTERM)
    assert returncode == -signal.SIGTERM
    assert [beat.consumer_id for beat in real_services.stores.order_consumers.alive()] == ["test"]


def test_without_the_queue_nothing_is_half_made(real_services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    consume(real_services)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{free_port()}")
    cut_off = wiring.services(real_services.settings, timeouts=wiring.INTERACTIVE_TIMEOUTS)
    request = ReportRequest("acme", parse_period("2026-09"), ("csv",))
    with pytest.raises(ServiceUnavailableError):
        request_report(request, requested_by="ann", services=cut_off)
    for prefix in ("reports/", "report-index/"):
        assert list(real_services.objects.list_objects(prefix)) == []
    assert request_report(request, requested_by="ann", services=real_services).claim.key.version == 1


def test_an_order_is_made_though_queue_and_bucket_go_away_meanwhile(place: Place) -> None:
    services, gone, stop = dataclasses.replace(place.services, renderer=render), threading.Event(), threading.Event()
    consume(services)
    request = ReportRequest("acme", parse_period("2026-09"), ("csv",))
    key = request_report(request, requested_by="ann", services=services).claim.key

    def make(key: ReportKey) -> ReportManifest:
        if not gone.is_set():
            place.aws.off()
            gone.set()
        return make_report(key, services=services)

    consumer = OrderConsumer(services, config=ConsumerConfig(makers=1, poll_seconds=1), make=make)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(consumer.run, stop)
        assert gone.wait(TIMEOUT_SECONDS)
        place.aws.on()
        pause = threading.Event()
        for _ in range(TIMEOUT_SECONDS * 10):
            if services.stores.reports.state(key, now=services.clock()).status is ReportStatus.READY:
                break
            pause.wait(0.1)
        stop.set()
        assert running.result(TIMEOUT_SECONDS)[OrderResult.MADE] == 1
    assert services.stores.reports.versions("acme", key.report_id) == [1]
