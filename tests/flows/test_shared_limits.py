"""Limits that hold for all workers together, on Prefect's own server; and that nobody waits for one that is away."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import EmailMessage

import polars as pl
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.settings import PREFECT_API_URL, temporary_settings

from signtally import wiring
from signtally.domain.actions import MEASURES
from signtally.domain.schemas import DAILY_USAGE
from signtally.memory.mailer import MemoryMailer
from signtally.ports.errors import ServiceError
from signtally.ports.limits import Limited
from signtally.services import Services
from signtally.settings import Settings
from signtally.threads import ContextThreads
from tasks.limit_deployment import WantedLimit, deploy_limits, wanted_limits
from tasks.limited_mailer import LimitedMailer
from tasks.shared_limits import PrefectLimits, SlotTimes
from tests.support.ports import free_port

QUICK = SlotTimes(idle_seconds=0.1)


def limited(**settings: object) -> Settings:
    none = {"timestream_queries": 0, "timestream_unloads": 0, "mails_per_second": 0}
    return Settings.model_validate(none | settings)


def deploy(settings: Settings) -> list[str]:
    return deploy_limits(settings, mail_rate=lambda: None)


@pytest.fixture
def _deployed(prefect_server: None) -> Iterator[None]:
    """One query and one UNLOAD at a time, and forty emails a second."""
    del prefect_server
    deploy(limited(timestream_queries=1, timestream_unloads=1, mails_per_second=40))
    yield
    deploy(limited())


@pytest.mark.usefixtures("_deployed")
def test_a_slot_is_one_processs_at_a_time_and_comes_back() -> None:
    here, there = (PrefectLimits(times=QUICK) for _ in range(2))
    entered = threading.Event()

    def query() -> None:
        with there.slot(Limited.QUERIES):
            entered.set()

    with ContextThreads(1) as other:
        with here.slot(Limited.QUERIES):
            waiting = other.submit(query)
            assert not entered.wait(0.5), "the slot is held here"
        waiting.result(timeout=30)
    there.close()
    began = time.monotonic()
    for _ in range(2_000):
        with here.slot(Limited.QUERIES):
            pass
    assert time.monotonic() - began < 2, "the server is asked once, not two thousand times"
    here.close()
    with get_client(sync_client=True) as client:
        deadline = time.monotonic() + 10
        while client.read_global_concurrency_limit_by_name("signtally-timestream-queries").active_slots:
            assert time.monotonic() < deadline, "what was held is given back"
            time.sleep(0.05)


@pytest.mark.usefixtures("_deployed")
def test_emails_of_all_processes_keep_to_one_rate() -> None:
    mailers = [MemoryMailer(), MemoryMailer()]
    limited_ones = [LimitedMailer(each, PrefectLimits()) for each in mailers]
    began = time.monotonic()
    with ContextThreads(2) as senders:
        list(senders.map(lambda mailer: [mailer.send(an_email()) for _ in range(30)], limited_ones))
    assert time.monotonic() - began > (60 - 10) / 40 * 0.8
    assert [len(each.sent) for each in mailers] == [30, 30]


@pytest.mark.parametrize("is_set", [False, True])
def test_without_a_server_the_work_goes_on(is_set: bool, caplog: pytest.LogCaptureFixture) -> None:  # noqa: FBT001
    url = f"http://127.0.0.1:{free_port()}/api" if is_set else None
    limits = PrefectLimits()
    caplog.set_level(logging.DEBUG, logger="tasks.shared_limits")
    with temporary_settings({PREFECT_API_URL: url}):
        for _ in range(20):
            with limits.slot(Limited.UNLOADS):
                limits.wait_for_turn(Limited.MAILS)
    assert len([each for each in caplog.records if each.name == "tasks.shared_limits"]) == is_set  # asked once
    limits.close()


def test_limits_are_what_the_settings_say_however_often_they_are_deployed(prefect_server: None) -> None:
    del prefect_server
    some = limited(timestream_queries=32, mails_per_second=14)
    assert deploy(some) == [
        "limit signtally-timestream-queries: made",
        "limit signtally-timestream-unloads: none",
        "limit signtally-mails: made",
    ]
    assert {line.rpartition(" ")[2] for line in deploy(some)} == {"unchanged", "none"}
    with get_client(sync_client=True) as client:
        mails = client.read_global_concurrency_limit_by_name("signtally-mails")
        assert (mails.limit, mails.slot_decay_per_second) == (4, 14)
        client.update_global_concurrency_limit("signtally-mails", GlobalConcurrencyLimitUpdate(active=False))
        assert deploy(limited(mails_per_second=20)) == [
            "limit signtally-timestream-queries: deleted",
            "limit signtally-timestream-unloads: none",
            "limit signtally-mails: changed",
        ]
        assert not client.read_global_concurrency_limit_by_name("signtally-mails").active, "an operator's word counts"
    deploy(limited())


@pytest.mark.parametrize(("asked", "told", "wanted"), [("auto", 200.0, 200), ("", None, 14), ("3", 200.0, 3)])
def test_emails_are_limited_unless_somebody_says_otherwise(asked: str, told: float | None, wanted: int) -> None:
    settings = limited(mails_per_second=asked)
    assert wanted_limits(settings, mail_rate=lambda: told) == {Limited.MAILS: WantedLimit(-(-wanted // 4), wanted)}
    assert set(wanted_limits(Settings(), mail_rate=lambda: told)) == {*Limited}, "each limit is there by default"


@pytest.mark.usefixtures("_deployed")
def test_a_limit_that_somebody_makes_smaller_holds_at_once() -> None:
    limits = PrefectLimits()
    for _ in range(11):  # the first block is one, the second is what the limit then is
        limits.wait_for_turn(Limited.MAILS)
    deploy(limited(mails_per_second=20))
    began = time.monotonic()
    for _ in range(6):  # the server refuses a block of ten and is asked for one, then for five
        limits.wait_for_turn(Limited.MAILS)
    assert time.monotonic() - began > 0.1
    limits.close()


class Counted:
    """Limits that count what holds a slot."""

    def __init__(self) -> None:
        self.taken = dict.fromkeys(Limited, 0)
        self.held = 0

    @contextmanager
    def _slot(self, work: Limited) -> Iterator[None]:
        self.taken[work] += 1
        self.held += 1
        yield
        self.held -= 1

    def slot(self, work: Limited) -> AbstractContextManager[None]:
        return self._slot(work)

    def wait_for_turn(self, work: Limited) -> None:
        self.taken[work] += 1


def test_every_query_and_every_unload_holds_a_slot_and_gives_it_back(real_services: Services) -> None:
    limits = Counted()
    services = wiring.services(real_services.settings, limits=limits)
    day = dt.date(2026, 10, 1)
    services.usage_store.put_daily_usage(usage_of("acme", day), version=1)
    with services.usage_store.scan_daily_usage(first=day, last=day, tenant_ids=None) as rows:
        assert rows.collect().height == 1
    assert limits.held == 0
    assert limits.taken[Limited.UNLOADS] == 1
    assert limits.taken[Limited.QUERIES] > 1
    absent = wiring.services(real_services.settings.model_copy(update={"database": "absent"}), limits=limits)
    before = limits.taken[Limited.QUERIES]
    with pytest.raises(ServiceError):
        absent.usage_store.daily_usage(first=day, last=day, tenant_ids=["acme"])
    assert limits.taken[Limited.QUERIES] > before
    assert limits.held == 0


def usage_of(tenant_id: str, day: dt.date) -> pl.DataFrame:
    row = {"tenant_id": tenant_id, "user_id": "u_1", "day": day, "timezone": "UTC", "user_name": None}
    return pl.DataFrame([row | {"user_email": None} | dict.fromkeys(MEASURES, 1)], schema=DAILY_USAGE)


def an_email() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "reports@signtally.example", "ann@acme.example"
    return message
