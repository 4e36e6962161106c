"""Scheduled reports and digests over fakes: everything due is made and sent once, whatever fails or runs at once."""

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Sequence

import polars as pl
import pytest

from signtally.domain.mail_addresses import ascii_address
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.memory.mailer import MemoryMailer
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.document_store import TenantSpan
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.mail import MailUncertainError
from signtally.stores.deliveries import Deliveries
from signtally.stores.keys import tenant_profile
from signtally.stores.reports import Reports
from signtally.use_cases.delivering import occurrence_by_hand
from signtally.use_cases.delivering.digest_messages import made_digest
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.run import DeliveriesFailedError
from signtally.use_cases.delivering.scheduling import current_report, record_schedules, run_schedules
from tests.support.digest_portal import DUE, MONTHLY, OCTOBER, DyingMailer, acme, portal, usage


def test_nothing_is_due_before_its_time() -> None:
    acmes = portal()
    acmes.store(acme(timezone="America/St_Johns"))  # whose clocks went back that very night: seven is 10:30 here
    assert run_digests(services=acmes.services).as_dict()["due"] == 1  # September's, since nothing was ever sent
    assert run_digests(services=acmes.services).due == 0
    acmes.clock.now = DUE + dt.timedelta(hours=3, minutes=29)
    assert run_digests(services=acmes.services).due == 0
    acmes.clock.now = DUE + dt.timedelta(hours=3, minutes=30)
    assert run_digests(services=acmes.services).sent == 2


def test_a_report_is_made_once_and_everybody_gets_one_mail() -> None:
    acmes = portal()
    acmes.store(acme())
    acmes.services.usage_store.put_daily_usage(usage(41), version=1)
    first = run_schedules(services=acmes.services)
    assert {name: found for name, found in first.as_dict().items() if found} == {"due": 1, "made": 1}
    first.require_all_well()
    assert run_schedules(services=acmes.services).due == 0
    outcome = run_digests(services=acmes.services)
    assert (outcome.due, outcome.sent, outcome.reports_made) == (1, 2, 0)
    assert run_digests(services=acmes.services).due == 0
    assert acmes.addresses() == ["ann@acme.example", "bo@acme.example"]
    made = Deliveries(acmes.objects).report(OCTOBER)
    assert made is not None
    assert Reports(acmes.objects).versions("acme", made.report_id) == [1]
    text = acmes.mailer.sent[0].get_body(("plain",))
    assert text is not None
    assert f"https://reports.example/v1/reports/{made.report_id}/files/csv" in text.get_content()
    assert "41" in text.get_content()


def test_digests_work_alone_and_say_what_is_known_now() -> None:
    """Restated after the scheduled report was made: the mail shows, and links, the newer figures."""
    acmes = portal()
    acmes.store(acme())
    acmes.services.usage_store.put_daily_usage(usage(41), version=1)
    run_schedules(services=acmes.services)
    acmes.services.usage_store.put_daily_usage(usage(43), version=2)
    assert run_digests(services=acmes.services).sent == 2
    text = acmes.mailer.sent[0].get_body(("plain",))
    assert text is not None
    assert "43" in text.get_content()
    made = Deliveries(acmes.objects).report(OCTOBER)
    assert made is not None
    assert Reports(acmes.objects).versions("acme", made.report_id) == [1, 2]


def test_a_digest_makes_the_report_that_is_missing() -> None:
    acmes = portal()
    acmes.store(acme())
    assert run_digests(services=acmes.services).reports_made == 1
    assert run_schedules(services=acmes.services).due == 0


def test_without_digest_or_recipients_nothing_is_sent_and_the_files_are_made() -> None:
    acmes = portal()
    silent = MONTHLY.model_copy(update={"digest": False})
    nobody = MONTHLY.model_copy(update={"recipients": (), "name": "Nobody"})
    acmes.store(acme(silent, nobody))
    assert run_digests(services=acmes.services).due == 0
    assert run_schedules(services=acmes.services).made == 2


def test_one_address_written_twice_gets_one_mail() -> None:
    acmes = portal()
    twice = (Recipient(email="Ann@acme.example"), Recipient(email="ann@ACME.example"))
    acmes.store(acme(MONTHLY.model_copy(update={"recipients": twice})))
    assert run_digests(services=acmes.services).sent == 1


def test_two_addresses_that_only_look_alike_get_one_mail_each() -> None:
    """By IDNA 2008 `faß.de` is `xn--fa-hia.de`, and no other spelling of `fass.de`."""
    acmes = portal()
    alike = ("ann@faß.de", "ann@fass.de", "ann@ας.gr", "ann@ασ.gr")
    recipients = tuple(Recipient(email=email) for email in (*alike, "ann@xn--fa-hia.de"))
    acmes.store(acme(MONTHLY.model_copy(update={"recipients": recipients})))
    assert run_digests(services=acmes.services).sent == len(alike)
    assert acmes.addresses() == sorted(map(ascii_address, alike))


def test_a_refused_address_is_told_once_and_keeps_nobody_waiting() -> None:
    acmes = portal(MemoryMailer(refused=frozenset({"ann@acme.example"})))
    acmes.store(acme())
    outcome = run_digests(services=acmes.services)
    assert acmes.addresses() == ["bo@acme.example"]
    assert list(outcome.refused) == ["acme / Monthly usage / 2026-10 / ann@acme.example"]
    with pytest.raises(DeliveriesFailedError, match="digests: 1 refused"):
        outcome.require_all_well()
    acmes.mailer.refused = frozenset()
    assert not any(run_digests(services=acmes.services).as_dict().values())


def test_one_tenants_failure_stops_nobody_else() -> None:
    acmes = portal()
    daily = Schedule(name="Daily", every="day", formats=("csv",), recipients=(Recipient(email="di@b.example"),))
    acmes.store(acme(), acme(daily, tenant_id="b"), acme(tenant_id="c"))

    def breaks(first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        if "b" in tenant_ids:
            raise ZeroDivisionError("a row that nobody expected")
        return usage(1).clear() if last < first else usage(1)

    broken = dataclasses.replace(acmes.services, usage_store=Breaking(breaks))
    outcome = run_digests(services=broken)
    assert outcome.failures == {"b / Daily / 2026-10-31": "ZeroDivisionError: a row that nobody expected"}
    assert outcome.sent == 4
    assert run_digests(services=acmes.services).sent == 1


class Breaking(MemoryUsageStore):
    def __init__(self, reads: Callable[[dt.date, dt.date, Sequence[str]], pl.DataFrame]) -> None:
        super().__init__()
        self._reads = reads

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._reads(first, last, tenant_ids)


def test_a_store_that_is_down_ends_the_run_soon() -> None:
    acmes = portal()
    acmes.store(*(acme(tenant_id=f"t{number:03}") for number in range(50)))
    reads = []

    def down(first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        reads.append((first, last, tenant_ids))
        raise ServiceUnavailableError("Timestream cannot be reached")

    outcome = run_schedules(services=dataclasses.replace(acmes.services, usage_store=Breaking(down)))
    assert set(outcome.pending.values()) == {"Timestream cannot be reached"}
    assert (len(outcome.pending), len(reads)) == (5, 1 + 5)  # once for all of them together, then each alone
    assert run_schedules(services=acmes.services).made == 50


@pytest.mark.parametrize("death", [KeyboardInterrupt(), MailUncertainError("no answer"), RuntimeError("a bug")])
def test_what_may_have_been_sent_is_not_sent_again(death: BaseException) -> None:
    """Ann's mail was taken when everything broke: she is reported as in doubt, once, and Bo gets his."""
    acmes = portal(DyingMailer(death))
    acmes.store(acme())
    doubts = []
    for hour in range(4):
        acmes.clock.now = DUE + dt.timedelta(hours=hour)
        try:
            doubts += list(run_digests(services=acmes.services).in_doubt)
        except KeyboardInterrupt:
            continue
    assert acmes.addresses() == ["ann@acme.example", "bo@acme.example"]
    assert doubts == ["acme / Monthly usage / 2026-10 / ann@acme.example"]


def test_a_run_that_dies_while_making_leaves_the_report_to_a_later_one() -> None:
    acmes = portal()
    acmes.store(acme())
    assert Deliveries(acmes.objects).claim_report(OCTOBER, now=DUE, lease=dt.timedelta(minutes=15))
    acmes.clock.now = DUE + dt.timedelta(minutes=14)
    assert run_schedules(services=acmes.services).waiting == 1
    assert run_digests(services=acmes.services).waiting == 1
    acmes.clock.now = DUE + dt.timedelta(minutes=15)
    assert run_digests(services=acmes.services).sent == 2


def test_any_number_of_runs_at_once_send_one_mail_each() -> None:
    acmes = portal()
    daily = MONTHLY.model_copy(update={"every": "day", "name": "Daily"})
    acmes.store(*(acme(MONTHLY, daily, tenant_id=f"t{number}") for number in range(6)))
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        run_schedules(services=acmes.services)
        run_digests(services=acmes.services)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_digests(services=acmes.services)
    assert len(acmes.mailer.sent) == 24
    assert len({(mail["Message-ID"], mail["To"]) for mail in acmes.mailer.sent}) == 24


def test_what_is_done_costs_no_requests_however_many_tenants_there_are() -> None:
    acmes = portal()
    profiles = [acme(tenant_id=f"t{number}") for number in range(30)]
    acmes.store(*profiles)
    for run in (run_schedules, run_digests):
        run(services=acmes.services)
        acmes.objects.calls = 0
        assert run(services=acmes.services).due == 0
        # Catalogue, listings of profiles, deferred emails and corrections, what is done and was looked at.
        assert acmes.objects.calls <= 6


def test_now_pretends_only_where_it_should() -> None:
    """A report as of another day; but who is at work is known by the clock on the wall."""
    acmes = portal()
    acmes.store(acme())
    assert run_schedules(services=acmes.services, as_of=dt.datetime(2027, 1, 1, 7, tzinfo=dt.UTC)).made == 1
    assert Deliveries(acmes.objects).periods("acme", "Monthly usage").reported == {"2026-12"}
    assert run_digests(services=acmes.services).sent == 2
    assert Deliveries(acmes.objects).periods("acme", "Monthly usage").closed == {"2026-10"}


class CountingUsageStore(MemoryUsageStore):
    """Counts how often the documents of a period are read, which every report does once."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def documents(self, span: TenantSpan) -> pl.DataFrame:
        self.reads += 1
        return super().documents(span)


@pytest.mark.parametrize("is_made", [False, True])
def test_file_and_mail_are_made_from_figures_that_were_read_once(*, is_made: bool) -> None:
    acmes = portal()
    store = CountingUsageStore()
    store.put_daily_usage(usage(41), version=1)
    services = dataclasses.replace(acmes.services, usage_store=store)
    acmes.store(acme())
    october = occurrence_by_hand(acme(), MONTHLY, period=None, now=DUE)
    if is_made:
        current_report(october, services=services)
    store.reads = 0
    digest = made_digest(october, services=services)
    assert store.reads == 1
    manifest, _ = current_report(october, services=services)
    assert (digest.snapshot.fingerprint, digest.snapshot.data_through) == (manifest.fingerprint, manifest.data_through)


def test_what_is_done_is_forgotten_with_its_schedule() -> None:
    """Also where runs share the work, and one at the end remembers what was done."""
    acmes = portal()
    acmes.store(acme(), acme(tenant_id="gone"))
    outcome = run_schedules(services=acmes.services, tenant_ids=["acme", "gone"])
    record_schedules(outcome.done, services=acmes.services)
    assert b"gone" in acmes.objects.get("state/deliveries.json").body
    acmes.objects.delete([tenant_profile("gone")])
    acmes.clock.now = dt.datetime(2026, 12, 1, 7, tzinfo=dt.UTC)
    later = run_schedules(services=acmes.services, tenant_ids=["acme"])
    record_schedules(later.done, services=acmes.services)
    assert b"gone" not in acmes.objects.get("state/deliveries.json").body
    assert b"2026-11" in acmes.objects.get("state/deliveries.json").body
