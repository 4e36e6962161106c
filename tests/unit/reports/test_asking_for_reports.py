"""Asking for a report: ordered once, by whoever asks, and by nobody when nobody would make it."""

import dataclasses
import datetime as dt
from typing import Any

import pytest

from signtally.domain.periods import FuturePeriodError, parse_period
from signtally.domain.report_orders import ReportOrder
from signtally.domain.reports import FORMATS, ReportStatus
from signtally.domain.tenants import Branding, Member
from signtally.memory.report_queue import MemoryReportQueue
from signtally.ports.errors import ServiceUnavailableError
from signtally.report_queue import ReportQueueUnavailableError, TooManyOrdersError
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.order_consumers import ConsumerBeat
from signtally.stores.report_states import ReportMissingError
from signtally.use_cases.ordering import request_report
from signtally.use_cases.reporting import make_report, report_now
from tests.support.asked_reports import (
    OCTOBER,
    FragileStore,
    ask,
    key,
)
from tests.support.clocks import Clock
from tests.support.order_consumers import consume, stop_consuming

LOGO = (  # eight red pixels by eight
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP8z4AdMOEQH6QSAM1BAQ/oQeJvAAAAAElFTkSuQmCC"
)


def test_a_new_report_is_ordered_once_however_often_it_is_asked_for(
    services: Services, queue: MemoryReportQueue
) -> None:
    assert ask(services) == (ReportStatus.PENDING, 1)
    assert ask(services) == (ReportStatus.PENDING, 1)
    services.stores.reports.start(key())
    assert ask(services) == (ReportStatus.RUNNING, 1)
    assert [order.key for order in queue.orders] == [key()]


def test_without_a_queue_nothing_is_half_made(services: Services, queue: MemoryReportQueue) -> None:
    consume(services)
    before = [found.key for found in services.objects.list_objects("")]
    queue.down = True
    with pytest.raises(ServiceUnavailableError):
        ask(services)
    assert [found.key for found in services.objects.list_objects("")] == before
    queue.down = False
    assert ask(services) == (ReportStatus.PENDING, 1)


def test_an_order_that_was_taken_without_an_answer_stands_once_it_is_begun(services: Services) -> None:
    class UncertainQueue(MemoryReportQueue):
        def send(self, order: ReportOrder) -> None:
            services.stores.reports.start(order.key)
            raise ServiceUnavailableError("no answer")

    assert ask(dataclasses.replace(services, report_queue=UncertainQueue())) == (ReportStatus.PENDING, 1)
    assert make_report(key(), services=services).key == key()


def test_an_order_that_was_withdrawn_while_it_was_made_is_not_published(
    services: Services, store: FragileStore
) -> None:
    ask(services)
    claimed = [found.key for found in services.objects.list_objects("reports/")]
    store.before_read = lambda: services.objects.delete(claimed)
    with pytest.raises(ReportMissingError):
        make_report(key(), services=services)
    assert list(services.objects.list_objects("reports/")) == []


def test_without_a_consumer_nothing_is_ordered_and_the_error_says_what_to_start(
    services: Services, queue: MemoryReportQueue
) -> None:
    consume(services)
    stop_consuming(services)
    before = [found.key for found in services.objects.list_objects("")]
    with pytest.raises(ReportQueueUnavailableError, match=r"start `python -m flows\.report_orders`"):
        ask(services, is_consumed=False)
    assert [found.key for found in services.objects.list_objects("")] == before
    report_now(OCTOBER, requested_by="ann", services=services)
    assert ask(services, is_consumed=False) == (ReportStatus.READY, 1)  # for what is there nobody has to work
    assert queue.orders == []


@pytest.mark.parametrize(
    ("fields", "shown_in"),
    [
        ({"csv": "semicolon"}, {"csv", "zip"}),
        ({"branding": Branding(accent="#123456")}, {"pdf", "xlsx", "json"}),
        ({"branding": Branding(logo=LOGO)}, {"pdf", "json"}),
        ({"name": "Acme Ltd"}, set(FORMATS)),
        ({"members": (Member(user_id="u1"),)}, set()),
    ],
)
@pytest.mark.parametrize("format_", FORMATS)
def test_only_what_shows_in_its_files_makes_the_next_version(
    services: Services, fields: dict[str, Any], shown_in: set[str], format_: str
) -> None:
    request = dataclasses.replace(OCTOBER, formats=(format_,))
    first = report_now(request, requested_by="ann", services=services)
    before = services.stores.tenants.get("acme")
    services.stores.tenants.put(before.model_copy(update=fields))
    assert ask(services, request) == ((ReportStatus.PENDING, 2) if format_ in shown_in else (ReportStatus.READY, 1))
    again = report_now(request, requested_by="ann", services=services)
    assert (again.fingerprint == first.fingerprint) == ("name" not in fields)  # by which formats are compared


def test_a_consumer_that_gave_no_sign_for_a_minute_is_none(services: Services, clock: Clock) -> None:
    services.stores.order_consumers.beat(ConsumerBeat("quiet", clock.now))
    clock.now += dt.timedelta(seconds=61)
    with pytest.raises(ReportQueueUnavailableError):
        ask(services, is_consumed=False)


def test_an_order_that_waits_for_long_in_nobodys_line_is_sent_again(
    services: Services, clock: Clock, queue: MemoryReportQueue
) -> None:
    """The API may have died between the claim and the order."""
    ask(services)
    clock.now += dt.timedelta(seconds=59)
    assert ask(services) == (ReportStatus.PENDING, 1)
    assert len(queue.orders) == 1
    clock.now += dt.timedelta(seconds=2)
    consume(services)
    assert ask(services) == (ReportStatus.PENDING, 1)
    assert [order.key for order in queue.orders] == [key(), key()]


def test_a_tenant_has_only_so_many_reports_in_work(services: Services, clock: Clock) -> None:
    """Those that consumers tell of, and those sent lately; what exists or is being made is answered all the same."""
    queue = MemoryReportQueue(monotonic=lambda: clock().timestamp())
    few = dataclasses.replace(services, settings=Settings(orders_in_work=2), report_queue=queue)
    days = [dataclasses.replace(OCTOBER, period=parse_period(f"2026-10-{day:02}")) for day in range(1, 5)]
    assert [ask(few, request) for request in days[:2]] == [(ReportStatus.PENDING, 1)] * 2
    with pytest.raises(TooManyOrdersError, match="2 reports of acme"):
        ask(few, days[2])
    assert ask(few, days[0]) == (ReportStatus.PENDING, 1)
    assert services.stores.reports.versions("acme", days[2].report_id) == []
    clock.advance(6)
    in_line = ConsumerBeat("other", clock.now, making=(key(1, days[0]),))
    services.stores.order_consumers.beat(in_line)
    assert ask(few, days[2]) == (ReportStatus.PENDING, 1)
    with pytest.raises(TooManyOrdersError):
        ask(few, days[3])
    assert ask(few, dataclasses.replace(days[3], tenant_id="bolt")) == (ReportStatus.PENDING, 1)


def test_a_period_that_has_not_begun_leaves_nothing_either(services: Services, queue: MemoryReportQueue) -> None:
    december = dataclasses.replace(OCTOBER, period=parse_period("2026-12"))
    for ask_for in (request_report, report_now):
        with pytest.raises(FuturePeriodError, match="2026-12-01"):
            ask_for(december, requested_by="ann", services=services)
    assert (queue.orders, list(services.objects.list_objects("reports/"))) == ([], [])
