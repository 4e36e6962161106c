"""The ledger of deliveries over both buckets: work is taken by one, and what is done stays done."""

import datetime as dt
import json
import os
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

from signtally.domain.reports import ReportKey
from signtally.domain.tenants import Recipient, Schedule, TenantProfile
from signtally.ports.objects import ObjectStore
from signtally.services import Services
from signtally.stores.deliveries import Deliveries, DeliveryKey, DoneOccurrences, MailDelivery, MailState
from signtally.use_cases.digesting import run_digests

NOW = dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)
LEASE = dt.timedelta(minutes=15)
OCTOBER = DeliveryKey("o'neill/köln", "Monthly usage", "2026-10")
ANN = "ann@acme.example"
REPORT = ReportKey("o'neill/köln", "2026-10-0123456789ab", 1)


def test_a_report_is_taken_by_one_and_made_once(objects: ObjectStore) -> None:
    ledger = Deliveries(objects)
    assert ledger.report(OCTOBER) is None
    assert ledger.claim_report(OCTOBER, now=NOW, lease=LEASE)
    assert not ledger.claim_report(OCTOBER, now=NOW, lease=LEASE)
    ledger.record_report(OCTOBER, REPORT)
    assert ledger.report(OCTOBER) == REPORT
    assert not ledger.claim_report(OCTOBER, now=NOW + 2 * LEASE, lease=LEASE)
    assert ledger.reported_periods("o'neill/köln", "Monthly usage") == {"2026-10"}
    assert ledger.closed_periods("o'neill/köln", "Monthly usage") == set()


def test_a_report_that_was_released_or_forgotten_is_taken_again(objects: ObjectStore) -> None:
    ledger = Deliveries(objects)
    assert ledger.claim_report(OCTOBER, now=NOW, lease=LEASE)
    ledger.release_report(OCTOBER)
    assert ledger.claim_report(OCTOBER, now=NOW, lease=LEASE)
    assert not ledger.claim_report(OCTOBER, now=NOW + LEASE - dt.timedelta(seconds=1), lease=LEASE)
    assert ledger.claim_report(OCTOBER, now=NOW + LEASE, lease=LEASE)
    assert not ledger.claim_report(OCTOBER, now=NOW + LEASE, lease=LEASE)


def test_a_mail_is_taken_by_one_and_its_outcome_stays(objects: ObjectStore) -> None:
    ledger = Deliveries(objects)
    assert ledger.claim_mail(OCTOBER, ANN, now=NOW) is None
    assert ledger.claim_mail(OCTOBER, ANN.upper(), now=NOW) == MailDelivery(ANN, MailState.CLAIMED, NOW)
    ledger.release_mail(OCTOBER, ANN)
    assert ledger.claim_mail(OCTOBER, ANN, now=NOW) is None
    sent = MailDelivery(ANN, MailState.SENT, NOW, "0100")
    ledger.record_mail(OCTOBER, sent)
    assert ledger.claim_mail(OCTOBER, ANN, now=NOW) == sent


def test_of_many_at_once_one_gets_the_work(objects: ObjectStore) -> None:
    ledger = Deliveries(objects)
    start = threading.Barrier(8)

    def take(_: int) -> tuple[bool, bool]:
        start.wait()
        report = ledger.claim_report(OCTOBER, now=NOW, lease=LEASE)
        return report, ledger.claim_mail(OCTOBER, ANN, now=NOW) is None

    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(take, range(8)))
    assert sum(report for report, _ in taken) == 1
    assert sum(mail for _, mail in taken) == 1


def test_a_closed_digest_stays_closed(objects: ObjectStore) -> None:
    ledger = Deliveries(objects)
    ledger.close_digest(OCTOBER, now=NOW)
    ledger.close_digest(OCTOBER, now=NOW)
    assert ledger.closed_periods("o'neill/köln", "Monthly usage") == {"2026-10"}
    assert ledger.closed_periods("o'neill", "Monthly usage") == set()
    assert ledger.reported_periods("o'neill/köln", "Monthly usage") == set()


def test_what_is_done_is_remembered_for_schedules_that_still_exist(objects: ObjectStore) -> None:
    gone = DeliveryKey("gone", "Weekly", "2026-W44")
    done = DoneOccurrences(objects, what="reports")
    done.add(OCTOBER, calendar="month UTC")
    done.add(gone, calendar="week UTC")
    done.save([("o'neill/köln", "Monthly usage")])
    again = DoneOccurrences(objects, what="reports")
    assert OCTOBER in again
    assert again.calendar(DeliveryKey("o'neill/köln", "Monthly usage", "2026-11")) == "month UTC"
    assert gone not in again
    assert DeliveryKey("o'neill/köln", "Monthly usage", "2026-11") not in again
    assert OCTOBER not in DoneOccurrences(objects, what="digests")


def test_runs_at_once_on_real_services_send_one_mail_each(real_services: Services) -> None:
    domain = f"{uuid.uuid4().hex}.example"
    recipients = tuple(Recipient(email=f"{name}@{domain}") for name in ("ann", "bo"))
    schedule = Schedule(name="Daily", every="day", formats=("csv",), recipients=recipients)
    for number in range(3):
        profile = TenantProfile(tenant_id=f"{domain}-{number}", schedules=(schedule,))
        real_services.stores.tenants.put(profile)
    with ThreadPoolExecutor(3) as threads:
        outcomes = list(threads.map(lambda _: run_digests(services=real_services), range(3)))
    outcomes.append(run_digests(services=real_services))
    assert sum(outcome.sent for outcome in outcomes) == 6
    with urlopen(f"{os.environ['AWS_ENDPOINT_URL_SES']}/_ministack/ses/messages") as answer:  # noqa: S310 -- on this machine
        mails = [mail for mails in json.load(answer)["messages"].values() for mail in mails]
    received = Counter(address for mail in mails for address in mail["To"] if address.endswith(domain))
    assert received == {f"ann@{domain}": 3, f"bo@{domain}": 3}
