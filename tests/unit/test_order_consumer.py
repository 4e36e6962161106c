"""Consumers of report orders over fakes: every order is made once or fails with a reason, tenants in turn."""

import contextlib
import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from signtally.domain.periods import period_between
from signtally.domain.report_failures import FailureCode, FailureReason
from signtally.domain.reports import ReportKey, ReportManifest, ReportRequest, ReportStatus
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.stores.order_consumers import ConsumerBeat
from signtally.stores.report_states import ReportState
from signtally.use_cases.ordering import ConsumerConfig, OrderConsumer, OrderResult, orders_ahead, request_report
from signtally.use_cases.reporting import fail_report, make_report
from tests.support.clocks import Clock
from tests.support.fakes import fake_services
from tests.support.order_consumers import consume

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
SOON_SECONDS = 60
CONFIG = ConsumerConfig(makers=2, poll_seconds=1, changed_beat_seconds=0)


@pytest.fixture
def orders() -> MemoryEventQueue:
    return MemoryEventQueue()


@pytest.fixture
def services(orders: MemoryEventQueue) -> Services:
    services = fake_services(report_queue=MemoryReportQueue(orders), clock=Clock(NOW))
    consume(services)
    return services


def order(services: Services, tenant_id: str = "acme", *, days: int = 1) -> ReportKey:
    last = dt.date(2026, 10, 1) + dt.timedelta(days=days)
    request = ReportRequest(tenant_id, period_between(dt.date(2026, 10, 1), last), ("csv",))
    return request_report(request, requested_by="ann", services=services).claim.key


def state(services: Services, key: ReportKey) -> ReportState:
    return services.stores.reports.state(key, now=services.clock())


@contextlib.contextmanager
def consuming(
    services: Services,
    make: Callable[[ReportKey], ReportManifest | None] | None = None,
    *,
    config: ConsumerConfig = CONFIG,
) -> Iterator[OrderConsumer]:
    """Run a consumer on a thread, and end it."""
    stop, consumer = threading.Event(), OrderConsumer(services, config=config, make=make)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(consumer.run, stop)
        try:
            yield consumer
        finally:
            stop.set()
            running.result(SOON_SECONDS)


def expect_settled(orders: MemoryEventQueue, consumer: OrderConsumer, **results: int) -> None:
    """Wait until the queue is empty, and compare what came of its orders."""
    enough = threading.Event()
    for _ in range(SOON_SECONDS * 50):
        if not orders.contents():
            break
        enough.wait(0.02)  # a queue tells nobody that it is empty
    found = {name: number for name, number in consumer.progress().results.items() if number}
    assert found == {OrderResult[name]: number for name, number in results.items()}


def test_every_order_is_made_once_however_often_it_is_sent(services: Services, orders: MemoryEventQueue) -> None:
    made: list[ReportKey] = []

    def make(key: ReportKey) -> ReportManifest:
        made.append(key)
        return make_report(key, services=services)

    keys = [order(services, tenant, days=days) for tenant in ("acme", "bolt") for days in range(1, 6)]
    orders.send(orders.contents())
    with consuming(services, make):
        for _ in range(SOON_SECONDS * 50):
            if not orders.contents():
                break
            threading.Event().wait(0.02)
    assert sorted(made, key=str) == sorted(keys, key=str)
    assert {state(services, key).status for key in keys} == {ReportStatus.READY}
    assert [beat.consumer_id for beat in services.stores.order_consumers.alive()] == ["test"], "its own is gone"


def test_one_tenants_fifty_do_not_delay_anothers_one(services: Services) -> None:
    made: list[ReportKey] = []
    all_sent, late_made = threading.Event(), threading.Event()

    def make(key: ReportKey) -> None:
        all_sent.wait(SOON_SECONDS)
        made.append(key)
        if key.tenant_id == "late":
            late_made.set()

    for days in range(1, 51):
        order(services, "hog", days=days)
    with consuming(services, make, config=dataclasses.replace(CONFIG, makers=1)) as consumer:
        order(services, "late")
        while not any(key.tenant_id == "late" for beat in alive(services, consumer) for key in beat.waiting):
            threading.Event().wait(0.01)
        all_sent.set()
        assert late_made.wait(SOON_SECONDS)
    assert [key.tenant_id for key in made][:3].count("late") == 1


def alive(services: Services, consumer: OrderConsumer) -> list[ConsumerBeat]:
    return [beat for beat in services.stores.order_consumers.alive() if beat.consumer_id == consumer.consumer_id]


def test_a_service_that_is_away_is_waited_for(services: Services, orders: MemoryEventQueue) -> None:
    key, tries = order(services), iter(range(2))

    def make(key: ReportKey) -> ReportManifest:
        for _ in tries:
            raise ServiceUnavailableError("away")
        return make_report(key, services=services)

    with consuming(services, make) as consumer:
        expect_settled(orders, consumer, MADE=1)
    assert state(services, key).status is ReportStatus.READY


def test_a_report_that_cannot_be_made_fails_with_a_reason_and_delays_nobody(
    services: Services, orders: MemoryEventQueue
) -> None:
    good, bad = order(services), order(services, days=2)

    def make(key: ReportKey) -> ReportManifest:
        if key == bad:
            raise ZeroDivisionError
        return make_report(key, services=services)

    with consuming(services, make) as consumer:
        expect_settled(orders, consumer, MADE=1, FAILED=1)
    assert state(services, good).status is ReportStatus.READY
    failed = state(services, bad)
    assert failed.failure is not None
    assert failed.failure.detail == "The report could not be made. The operators can see why."


def test_an_order_that_never_gets_made_is_given_up_and_says_so(services: Services, orders: MemoryEventQueue) -> None:
    key = order(services)
    for _ in range(8):
        orders.extend(orders.receive(wait_seconds=0), visibility_seconds=0)
    with consuming(services) as consumer:
        expect_settled(orders, consumer, GIVEN_UP=1)
    failed = state(services, key)
    assert failed.failure is not None
    assert "tried several times" in failed.failure.detail
    queue = services.report_queue
    assert isinstance(queue, MemoryReportQueue)
    (letter,) = queue.dead_letters.contents()
    assert letter.attributes == {"reason": "gave-up", "detail": "received 9 times and never made"}


def test_what_is_no_order_becomes_a_dead_letter(services: Services, orders: MemoryEventQueue) -> None:
    orders.send([OutgoingMessage("junk")])
    with consuming(services) as consumer:
        expect_settled(orders, consumer)
    queue = services.report_queue
    assert isinstance(queue, MemoryReportQueue)
    (letter,) = queue.dead_letters.contents()
    assert (letter.body, letter.attributes["reason"]) == ("junk", "not-an-order")


def test_orders_of_withdrawn_failed_and_late_claims_make_nothing(services: Services, orders: MemoryEventQueue) -> None:
    withdrawn, failed, late = (order(services, days=days) for days in (1, 2, 3))
    assert services.stores.reports.withdraw(services.stores.reports.read_claim(withdrawn))
    fail_report(failed, FailureReason(FailureCode.FAILED), services=services)
    claim = services.stores.reports.read_claim(late)
    much_later = dataclasses.replace(services, clock=lambda: claim.requested_at + dt.timedelta(hours=2))
    with consuming(much_later) as consumer:
        expect_settled(orders, consumer, NOTHING_TO_DO=3)
    assert [each for each in services.stores.reports.report_ids("acme") if each == withdrawn.report_id] == []
    assert state(services, failed).failure is not None
    assert state(services, late).status is ReportStatus.FAILED, "what was too late stays so"


def test_a_consumer_that_ends_finishes_what_it_began_and_gives_back_the_rest(
    services: Services, orders: MemoryEventQueue
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    made: list[ReportKey] = []

    def make(key: ReportKey) -> None:
        begun.set()
        go_on.wait(SOON_SECONDS)
        made.append(key)

    for days in range(1, 6):
        order(services, days=days)
    stop, consumer = threading.Event(), OrderConsumer(services, config=dataclasses.replace(CONFIG, makers=1), make=make)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(consumer.run, stop)
        assert begun.wait(SOON_SECONDS)
        stop.set()
        go_on.set()
        results = running.result(SOON_SECONDS)
    assert results[OrderResult.MADE] == len(made) == 1
    assert orders.depth().visible == 4, "visible at once, to others"


def test_a_place_in_the_line(services: Services) -> None:
    keys = [order(services, days=days) for days in range(1, 6)]
    assert orders_ahead(keys[0], services=services) == 4, "nobody has received it: at most all others"
    beat = ConsumerBeat("test", NOW, making=(keys[0],), waiting=(keys[1], keys[2]))
    services.stores.order_consumers.beat(beat)
    assert [orders_ahead(key, services=services) for key in keys[:3]] == [0, 1, 2]
